"""Scans and what they found. No table here holds a value that was scanned: only counts, shares and masked shapes."""

from uuid import uuid4

from django.db import models

from governance.catalog.models import Asset
from jobs.moment import Moment


class Scan(models.Model):
    """One look at a file: of a dataset of lineage, or of a path somebody named (`dataset_id` is then empty).

    A `trial` follows rules that do not count yet, and neither does it. `same_as` is the scan whose result this one took
    over, because it found the same bytes.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    OPEN = (State.QUEUED, State.RUNNING)
    ENDED = (State.DONE, State.FAILED)

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    scope_id = models.UUIDField(db_index=True)
    dataset_id = models.BigIntegerField(null=True)
    path = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    verdict = models.CharField(max_length=20, blank=True, default="")
    why = models.JSONField(default=dict)
    ruleset = models.CharField(max_length=71, blank=True, default="")
    trial = models.BooleanField(default=False)
    same_as = models.UUIDField(null=True)
    rows = models.BigIntegerField(null=True)
    seed = models.CharField(max_length=40)
    digest = models.CharField(max_length=71, blank=True, default="")
    progress = models.FloatField(default=0)
    stage = models.CharField(max_length=20, blank=True, default="")
    count = models.BigIntegerField(default=0)
    requested_by = models.UUIDField()
    created_at = models.DateTimeField(db_default=Moment())
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset_id"],
                condition=models.Q(state__in=["queued", "running"]),
                name="one_open_scan_of_a_dataset",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["queued", "running"], verdict="")
                | (models.Q(state__in=["done", "failed"]) & ~models.Q(verdict="")),
                name="scan_has_verdict_when_ended",
            ),
        ]
        indexes = [models.Index(fields=["dataset_id", "-ended_at"], name="scan_latest")]

    def __str__(self) -> str:
        return f"scan {self.pk}"

    @property
    def subject(self) -> str:
        """How the log names it."""
        return f"scan:{self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether it is waiting or at work."""
        return self.state in self.OPEN

    @property
    def percent(self) -> int:
        """How far it is, for people."""
        return int(100 * self.progress)


class ColumnVerdict(models.Model):
    """What one scan says of one column; kept as it was when the scan ended."""

    scan = models.ForeignKey(Scan, on_delete=models.CASCADE, related_name="columns")
    position = models.PositiveIntegerField()
    path = models.TextField()
    verdict = models.CharField(max_length=20)
    filled = models.BigIntegerField()
    distinct = models.BigIntegerField()
    examined = models.PositiveIntegerField()
    bound = models.FloatField()
    found = models.JSONField(default=list)
    why = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scan", "position"], name="column_once_per_scan")]

    def __str__(self) -> str:
        return f"{self.path} {self.verdict}"


class Choices(models.Model):
    """What somebody chose of the rules of scans, from then on. Never changed: the next choice is a row of its own."""

    number = models.PositiveIntegerField(primary_key=True)
    chosen = models.JSONField()
    made_by = models.UUIDField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"choices {self.number}"


class Ruleset(models.Model):
    """An edition of the rules that scans followed, and when somebody let it count; the first counts by itself.

    `choices` is the number of the choices in it, 0 before there were any.
    """

    digest = models.CharField(max_length=71, primary_key=True)
    parts = models.JSONField(default=dict)
    choices = models.PositiveIntegerField(default=0)
    seen_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.UUIDField(null=True)

    def __str__(self) -> str:
        return self.digest

    @property
    def subject(self) -> str:
        """How the log names it."""
        return f"ruleset:{self.digest.removeprefix('sha256:')[:32]}"


class Finding(models.Model):
    """An entity in a column of a dataset, across scans: its evidence is the latest scan's, its state is people's."""

    class State(models.TextChoices):
        SUGGESTED = "suggested"
        CONFIRMED = "confirmed"
        DISPUTED = "disputed"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    scope_id = models.UUIDField(db_index=True)
    dataset_id = models.BigIntegerField()
    column = models.TextField()
    entity = models.CharField(max_length=40)
    scan = models.ForeignKey(Scan, on_delete=models.PROTECT, related_name="findings")
    share = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    hits = models.PositiveIntegerField()
    passed = models.PositiveIntegerField(default=0)
    tried = models.PositiveIntegerField(default=0)
    base = models.FloatField(default=0)
    shape = models.CharField(max_length=40)
    because = models.JSONField(default=list)
    present = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.SUGGESTED)
    judged_by = models.UUIDField(null=True)
    judged_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset_id", "column", "entity"], name="finding_once")]

    def __str__(self) -> str:
        return f"{self.entity} in {self.column}"

    @property
    def subject(self) -> str:
        """How the log names it."""
        return f"finding:{self.pk}"

    @property
    def passed_percent(self) -> int:
        """How many of a hundred candidates pass the checksum."""
        return round(100 * self.passed / self.tried) if self.tried else 0

    @property
    def base_percent(self) -> str:
        """How many of a hundred random numbers would."""
        return f"{100 * self.base:.0f}" if self.base >= 0.01 else f"{100 * self.base:.1f}"


class Waiver(models.Model):
    """Leave to use a column in spite of a finding, with a reason, until a date; decided by somebody else."""

    class State(models.TextChoices):
        PROPOSED = "proposed"
        APPROVED = "approved"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    scope_id = models.UUIDField(db_index=True)
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="waivers")
    reason = models.TextField()
    proposer_id = models.UUIDField()
    proposer_owner_id = models.UUIDField(null=True)
    decider_id = models.UUIDField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    expires_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finding"], condition=models.Q(state="proposed"), name="one_proposal_per_finding"
            ),
            models.CheckConstraint(
                condition=models.Q(decider_id=None) | ~models.Q(decider_id=models.F("proposer_id")),
                name="waiver_decided_by_another",
            ),
        ]
        indexes = [models.Index(fields=["-created_at"], name="waiver_newest")]

    def __str__(self) -> str:
        return f"waiver {self.state}"

    @property
    def subject(self) -> str:
        """How the log names it."""
        return f"waiver:{self.pk}"


class Flag(models.Model):
    """An approved model that values of a personal column reach: raised by a finding, cleared when that stops counting.

    `approved` names the requests that let the model run when it was raised.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="flags")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="flags")
    by_column = models.BooleanField()
    approved = models.JSONField(default=list)
    raised_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finding", "asset"], condition=models.Q(cleared_at=None), name="one_flag_of_a_finding"
            )
        ]
        indexes = [models.Index(fields=["-raised_at"], name="flag_newest")]

    def __str__(self) -> str:
        return f"{self.asset} for {self.finding}"

    @property
    def subject(self) -> str:
        """How the log names it."""
        return f"flag:{self.pk}"


class Anonymity(models.Model):
    """How many rows of a dataset are alike in some columns (`k`: the fewest), and how diverse others are among them."""

    class State(models.TextChoices):
        QUEUED = "queued"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    scope_id = models.UUIDField(db_index=True)
    dataset_id = models.BigIntegerField(db_index=True)
    path = models.TextField()
    quasi = models.JSONField()
    sensitive = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    why = models.JSONField(default=dict)
    rows = models.BigIntegerField(null=True)
    groups = models.BigIntegerField(null=True)
    k = models.BigIntegerField(null=True)
    below = models.JSONField(default=dict)
    diversity = models.JSONField(default=dict)
    digest = models.CharField(max_length=71, blank=True, default="")
    requested_by = models.UUIDField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"anonymity {self.pk}"

    @property
    def subject(self) -> str:
        """How the log names it."""
        return f"anonymity:{self.pk}"


class RedactedCopy(models.Model):
    """A copy of a dataset's table on a worker's disk; `changes` says which columns are masked, tokens, or left out."""

    class State(models.TextChoices):
        QUEUED = "queued"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    scope_id = models.UUIDField(db_index=True)
    dataset_id = models.BigIntegerField(db_index=True)
    source = models.TextField()
    changes = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    why = models.JSONField(default=dict)
    path = models.TextField(blank=True, default="")
    rows = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=71, blank=True, default="")
    requested_by = models.UUIDField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"copy {self.pk}"

    @property
    def subject(self) -> str:
        """How the log names it."""
        return f"copy:{self.pk}"
