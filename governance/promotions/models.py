"""Requests to move a model version into an environment, their evidence, decisions and signatures."""

from uuid import UUID, uuid4

from django.db import models

from governance.access.models import User
from governance.catalog.models import Asset, Version
from governance.policies.models import Environment, Policy
from governance.promotions.rules import FOLLOWS, MOVERS, OPEN
from jobs.moment import Moment


class Number(models.Model):
    """Hands out the numbers of human keys; a row is spent per request, so two never get the same."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Moment())

    def __str__(self) -> str:
        return f"PR-{self.pk}"


class Promotion(models.Model):
    """One model version, one environment, one purpose, the evidence at hand, and where it stands.

    `moving` is held by whoever may set the alias now: a request being applied, or a live one being put back. The
    database lets one at a time hold it for a model and environment.
    """

    class Kind(models.TextChoices):
        PROMOTION = "promotion"
        ROLLBACK = "rollback"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    number = models.PositiveBigIntegerField(unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PROMOTION)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="promotions")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="promotions")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="promotions")
    alias = models.CharField(max_length=100)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="promotions")
    policy_digest = models.CharField(max_length=71)
    purpose = models.TextField(blank=True, default="")
    state = models.CharField(max_length=20, choices=[(state, state) for state in FOLLOWS])
    revision = models.PositiveIntegerField(default=1)
    submission = models.PositiveIntegerField(default=1)
    manifest_digest = models.CharField(max_length=71, blank=True, default="")
    baseline = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")
    subject_digest = models.CharField(max_length=71)
    subject = models.JSONField()
    requester = models.ForeignKey(User, on_delete=models.PROTECT, related_name="promotions_requested")
    submitters = models.JSONField(default=list)
    reverses = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="reversed_by")
    alias_before = models.CharField(max_length=100, null=True)
    failure = models.JSONField(null=True)
    moving = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["asset", "environment", "kind"],
                condition=models.Q(state__in=OPEN),
                name="one_open_promotion",
            ),
            models.UniqueConstraint(
                fields=["asset", "environment"], condition=models.Q(state="applied"), name="one_applied_promotion"
            ),
            models.UniqueConstraint(
                fields=["asset", "environment"], condition=models.Q(moving=True), name="one_moves_the_alias"
            ),
            models.CheckConstraint(
                condition=models.Q(moving=True) | ~models.Q(state="applying"), name="applying_moves_the_alias"
            ),
            models.CheckConstraint(
                condition=models.Q(moving=False) | models.Q(state__in=MOVERS), name="only_movers_move_the_alias"
            ),
            models.CheckConstraint(condition=models.Q(state__in=tuple(FOLLOWS)), name="promotion_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state="applied") | models.Q(applied_at__isnull=False, decided_at__isnull=False),
                name="applied_was_decided",
            ),
        ]
        indexes = [models.Index(fields=["state", "-created_at"], name="promotion_inbox")]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """The key people use."""
        return f"PR-{self.number}"

    @property
    def scope_id(self) -> UUID:
        """It is governed where its model is."""
        return self.asset.scope_id


class EvidenceItem(models.Model):
    """One check's evidence as it was at one time; newer evidence takes its place and leaves it readable."""

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="evidence")
    check_name = models.CharField(max_length=30)
    klass = models.CharField(max_length=30)
    result = models.CharField(max_length=10)
    blocks = models.BooleanField()
    digest = models.CharField(max_length=71)
    detail = models.JSONField()
    source = models.CharField(max_length=300, blank=True, default="")
    produced_by = models.CharField(max_length=100, blank=True, default="")
    produced_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    position = models.PositiveSmallIntegerField()
    gathered_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "check_name"],
                condition=models.Q(replaced_at=None),
                name="one_current_evidence",
            )
        ]

    def __str__(self) -> str:
        return f"{self.check_name} {self.result}"

    @property
    def failing(self) -> bool:
        """Whether this alone stops an approval."""
        return self.blocks and self.result in ("fail", "missing")


class Decision(models.Model):
    """What one person decided about one subject digest. The database refuses to change or delete it.

    The reason they gave is personal: it lies beside the log's entry `entry_id`, where it can be erased.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="decisions")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=20)
    submission = models.PositiveIntegerField()
    revision = models.PositiveIntegerField()
    subject_digest = models.CharField(max_length=71)
    reviewed = models.JSONField()
    entry_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["promotion", "revision"], name="one_decision_per_revision")]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.person_id}"


class SigningGrant(models.Model):
    """Somebody re-entered their password to give one verdict on one subject digest; good once, for two minutes."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="grants")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="signing_grants")
    verdict = models.CharField(max_length=20)
    subject_digest = models.CharField(max_length=71)
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.verdict} on {self.promotion_id}"
