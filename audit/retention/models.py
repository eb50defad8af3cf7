"""How long the log keeps what it says: policies, legal holds, what two people have to agree on, and what is gone."""

from uuid import uuid4

from django.db import models


class RetentionPolicy(models.Model):
    """A policy as it was published: the digest of its document, which is kept as a blob. The newest is in force."""

    digest = models.CharField(max_length=71)
    entry_id = models.BigIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest


class Hold(models.Model):
    """A legal hold: while it lasts, nothing about its subject, by or about its person, or of its time is removed.

    Why it was set is a personal value of the entry that set it.
    """

    class Kind(models.TextChoices):
        SUBJECT = "subject"
        ACTOR = "actor"
        TIME = "time"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    subject = models.CharField(max_length=255, blank=True, default="")
    actor_id = models.UUIDField(null=True)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    set_by = models.UUIDField()
    entry_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"hold {self.pk}"


class Proposal(models.Model):
    """Something one person asked for and another has to confirm: erasing, another policy, or lifting a hold.

    `target` is a subject of the log, a policy's digest, or a hold's number; never a name.
    """

    class Kind(models.TextChoices):
        ERASE = "erase"
        POLICY = "policy"
        LIFT = "lift"

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        DECLINED = "declined"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    target = models.CharField(max_length=255)
    asked_by = models.UUIDField()
    asked_for = models.UUIDField(null=True)
    entry_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "target"], condition=models.Q(state="waiting"), name="audit_asked_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


class Pruned(models.Model):
    """Entries `first` to `last`, whose bodies are gone, and the entry under which that was done.

    Inserting a row is the one way to remove a body: the database checks it against that entry, and empties them itself.
    """

    entry_id = models.BigIntegerField()
    first = models.BigIntegerField(unique=True)
    last = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"
