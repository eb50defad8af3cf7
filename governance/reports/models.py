"""Reports that were asked for."""

from uuid import uuid4

from django.db import models

from jobs.moment import Moment


class Report(models.Model):
    """One report that somebody asked for; its body lies in the log's blobs, part by part, each under its own digest."""

    class State(models.TextChoices):
        QUEUED = "queued"
        READY = "ready"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    kind = models.CharField(max_length=20)
    subject = models.UUIDField()
    title = models.TextField()
    format = models.CharField(max_length=10)
    as_of = models.DateTimeField()
    scope_id = models.UUIDField(db_index=True)
    principal_id = models.UUIDField()
    principal_kind = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    error = models.CharField(max_length=100, blank=True, default="")
    job_id = models.UUIDField(null=True)
    digest = models.CharField(max_length=71, blank=True, default="")
    size = models.PositiveBigIntegerField(default=0)
    parts = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Moment())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["scope_id", "-created_at"], name="report_newest")]

    def __str__(self) -> str:
        return self.title

    @property
    def about(self) -> str:
        """How the log names what it is about: a model version, or for a register the scope."""
        return f"scope:{self.subject}" if self.kind == "pii" else f"model_version:{self.subject}"
