"""Registries, and the ledger of where their aliases were seen and where they are expected."""

from uuid import UUID, uuid4

from django.db import models

from governance.access.models import Scope
from governance.catalog.models import Asset, Version
from jobs.moment import Moment


class Registry(models.Model):
    """A model registry that an administrator connected; models it names first appear in its scope."""

    class Kind(models.TextChoices):
        MLFLOW = "mlflow"

    class State(models.TextChoices):
        NEW = "new"
        AVAILABLE = "available"
        AWAY = "away"
        OFF = "off"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.MLFLOW)
    name = models.CharField(max_length=100, unique=True)
    uri = models.CharField(max_length=500, unique=True)
    namespace = models.CharField(max_length=500)
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="registries")
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    last_error = models.CharField(max_length=100, blank=True, default="")
    looked_at = models.DateTimeField(null=True)
    last_synced_at = models.DateTimeField(null=True)
    probe = models.JSONField(default=dict)
    probed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Moment())

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> str:
        """How the log names it."""
        return f"registry:{self.pk}"


class AliasSeen(models.Model):
    """An alias was seen somewhere new; an empty label means gone. Only ever added to: the history MLflow lacks."""

    registry = models.ForeignKey(Registry, on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="aliases_seen")
    alias = models.CharField(max_length=300)
    version_label = models.CharField(max_length=100, blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["asset", "alias", "-id"], name="alias_last_seen")]

    def __str__(self) -> str:
        return f"{self.alias} at {self.version_label or 'nothing'}"


class AliasExpected(models.Model):
    """Where an applied decision put an alias; the newest row per model and alias is what counts."""

    registry = models.ForeignKey(Registry, on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="aliases_expected")
    alias = models.CharField(max_length=300)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    promotion_id = models.UUIDField(null=True)
    promotion_key = models.CharField(max_length=30, blank=True, default="")
    since = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["asset", "alias", "-id"], name="alias_last_expected")]

    def __str__(self) -> str:
        return f"{self.alias} at {self.version_id}"


class Drift(models.Model):
    """An alias stood elsewhere than its decision put it; unconfirmed until a second look agrees."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    registry = models.ForeignKey(Registry, on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="drifts")
    alias = models.CharField(max_length=300)
    expected = models.ForeignKey(AliasExpected, on_delete=models.PROTECT, related_name="+")
    seen_label = models.CharField(max_length=100, blank=True)
    first_seen_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["asset", "alias"], condition=models.Q(resolved_at=None), name="one_open_drift"
            )
        ]

    def __str__(self) -> str:
        return f"{self.alias} at {self.seen_label or 'nothing'}"

    @property
    def scope_id(self) -> UUID:
        """A drift is governed where its model is."""
        return self.asset.scope_id


class HookDelivery(models.Model):
    """A webhook delivery that was taken, so that repeating it is refused."""

    delivery_id = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.delivery_id
