"""Models and datasets, their versions, owners and cards."""

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import models

from governance.access.models import Scope, User
from governance.catalog.rules import VersionState
from jobs.moment import Moment

if TYPE_CHECKING:
    from collections.abc import Iterable


class Asset(models.Model):
    """A governed thing. What was observed about a dataset stays in lineage; this row points down to it."""

    class Kind(models.TextChoices):
        MODEL = "model"
        DATASET = "dataset"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=64, unique=True)
    namespace = models.TextField()
    name = models.TextField()
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="assets")
    registry = models.ForeignKey("governance.Registry", null=True, on_delete=models.PROTECT, related_name="assets")
    lineage_dataset_id = models.BigIntegerField(null=True, unique=True)
    adopted = models.BooleanField(default=False)
    labels = models.JSONField(default=list)
    risk_tier = models.CharField(max_length=10, blank=True, default="")
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Moment())

    class Meta:
        indexes = [models.Index(fields=["kind", "-created_at"], name="asset_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> str:
        """How the log names it."""
        return f"{self.kind}:{self.pk}"


class Owner(models.Model):
    """Somebody who answers for an asset."""

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="owners")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["asset", "user"], name="owner_once")]

    def __str__(self) -> str:
        return str(self.user)


class Version(models.Model):
    """One state of a model: its files, kept as they are by a trigger once digested, and what its run says."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="versions")
    label = models.CharField(max_length=100)
    number = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=12, default=VersionState.NOTED, choices=[(s, s) for s in VersionState])
    problem = models.CharField(max_length=100, blank=True, default="")
    manifest_digest = models.CharField(max_length=71, blank=True, default="")
    manifest = models.JSONField(default=list)
    schema = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    params = models.JSONField(default=dict)
    inputs = models.JSONField(default=list)
    run_id = models.CharField(max_length=100, blank=True, default="")
    run_ended = models.BooleanField(default=False)
    run_user = models.CharField(max_length=200, blank=True, default="")
    authors = models.JSONField(default=list)
    code_commit = models.CharField(max_length=100, blank=True, default="")
    source_uri = models.TextField(blank=True, default="")
    registry = models.ForeignKey("governance.Registry", null=True, on_delete=models.PROTECT, related_name="versions")
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asset", "label"], name="version_once"),
            models.CheckConstraint(
                condition=models.Q(manifest_digest="", state__in=["noted", "unreadable"])
                | models.Q(manifest_digest__startswith="sha256:"),
                name="version_sealed_with_digest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset.name} {self.label}"

    @property
    def scope_id(self) -> UUID:
        """A version is governed where its model is."""
        return self.asset.scope_id

    @property
    def subject(self) -> str:
        """How the log names it."""
        return f"model_version:{self.pk}"

    @property
    def size(self) -> int:
        """The bytes of all its files together."""
        files: Iterable[dict[str, int]] = self.manifest
        return sum(file["size"] for file in files)


class DigestSeen(models.Model):
    """Each time a version's files were digested and gave something new: the first digest, and every other one."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="digests")
    digest = models.CharField(max_length=71)
    manifest = models.JSONField(default=list)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "digest"], name="digest_seen_once")]

    def __str__(self) -> str:
        return self.digest


class Card(models.Model):
    """One revision of a model's card; never edited, only followed by the next."""

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="cards")
    revision = models.PositiveIntegerField()
    fields = models.JSONField(default=dict)
    by = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["asset", "revision"], name="card_revision_once")]

    def __str__(self) -> str:
        return f"{self.asset_id} revision {self.revision}"
