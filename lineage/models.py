"""Tables of lineage: the raw events, and what is projected from them.

Natural keys are compared by digest (`key`), so that a name of any length is indexed in 64 characters. Only
`RawEvent` is evidence; everything else can be rebuilt from it, and every column merges so that order and repetition
do not matter (see `lineage.merge`). Ids of things that others point to (datasets, jobs, runs, versions) survive a
rebuild.
"""

from datetime import UTC, datetime

from django.db import models

from lineage.details import (
    Alias,
    Change,
    Check,
    Declaration,
    Facet,
    FacetBody,
    JobLink,
    Keyed,
    Metric,
    Owner,
    Tag,
)
from lineage.graph import Node
from lineage.naming import node_id

__all__ = [
    "Alias", "Change", "Check", "ColumnEdge", "Dataset", "DatasetVersion", "Declaration", "Edge", "Facet", "FacetBody",
    "Job", "JobIO", "JobLink", "Metric", "Owed", "Owner", "RawEvent", "RemovedEvent", "Run", "RunIO", "Schema", "Shape",
    "Tag",
]  # fmt: skip

NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""The clock of a column that nothing was said about yet."""


FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Later than anything that is seen."""


class RawEvent(models.Model):
    """An accepted event after redaction: its canonical JSON, compressed, under the SHA-256 of that JSON."""

    sha256 = models.CharField(max_length=64)
    body = models.BinaryField()
    size = models.PositiveIntegerField()
    kind = models.CharField(max_length=10)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    run_uuid = models.UUIDField(null=True, db_index=True)
    scope_id = models.UUIDField()
    principal_id = models.UUIDField()
    warnings = models.JSONField(default=list)
    redacted = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sha256"], name="lineage_raw_once")]
        indexes = [models.Index(fields=["scope_id", "id"], name="lineage_raw_by_scope")]

    def __str__(self) -> str:
        return f"event {self.sha256[:12]}"


class Owed(models.Model):
    """A raw event that the tables do not say yet; `stuck` when it could not be projected. Removed once it is."""

    event = models.OneToOneField(RawEvent, models.CASCADE, primary_key=True)
    stuck = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"event {self.pk} waits"


class RemovedEvent(models.Model):
    """A raw event that retention removed: what it was, and under which entry of the log it went."""

    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveIntegerField()
    kind = models.CharField(max_length=10)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    run_uuid = models.UUIDField(null=True)
    scope_id = models.UUIDField(db_index=True)
    warnings = models.JSONField(default=list)
    redacted = models.JSONField(default=list)
    removed_at = models.DateTimeField()
    entry_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"removed event {self.sha256[:12]}"


class Dataset(Keyed):
    """Something that holds data, or a registered model (`type` MODEL), under the name its first event gave it."""

    namespace = models.TextField()
    name = models.TextField()
    scope_id = models.UUIDField(db_index=True)
    type = models.CharField(max_length=64, default="")
    type_at = models.DateTimeField(default=NEVER)
    schema = models.CharField(max_length=64, default="")
    schema_at = models.DateTimeField(default=NEVER)
    change = models.CharField(max_length=64, default="")
    change_at = models.DateTimeField(default=NEVER)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> str:
        """`model` or `dataset`."""
        return "model" if self.type == "MODEL" else "dataset"

    @property
    def node_id(self) -> str:
        """Its id in a graph."""
        return node_id("dataset", self.namespace, self.name)

    def as_node(self) -> Node:
        """It as a node of a graph."""
        return Node(self.node_id, self.kind, self.namespace, self.name, self.pk)


class Job(Keyed):
    """Something that reads and writes datasets, again and again: what it is (`type`), from where, and how it works."""

    namespace = models.TextField()
    name = models.TextField()
    scope_id = models.UUIDField(db_index=True)
    type = models.CharField(max_length=64, default="")
    integration = models.CharField(max_length=64, default="")
    processing = models.CharField(max_length=64, default="")
    type_at = models.DateTimeField(default=NEVER)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @property
    def node_id(self) -> str:
        """Its id in a graph."""
        return node_id("job", self.namespace, self.name)

    def as_node(self) -> Node:
        """It as a node of a graph."""
        return Node(self.node_id, "job", self.namespace, self.name, self.pk)


class Run(models.Model):
    """One execution of a job, accumulated from all its events; a `declared` one stands for what a JobEvent says.

    `code` is the digest of its SQL, source and place of source; `version` that of what it read and wrote by which
    code: the runs of a job with one `version` are one version of the job.
    """

    uuid = models.UUIDField()
    given = models.TextField()
    job = models.ForeignKey(Job, models.CASCADE, related_name="runs", db_index=False)
    declared = models.BooleanField(default=False)
    parent_uuid = models.UUIDField(null=True)
    parent_at = models.DateTimeField(default=NEVER)
    root_uuid = models.UUIDField(null=True)
    root_at = models.DateTimeField(default=NEVER)
    code = models.CharField(max_length=64, default="")
    code_at = models.DateTimeField(default=NEVER)
    version = models.CharField(max_length=64, default="")
    state = models.CharField(max_length=10, default="OTHER")
    state_rank = models.PositiveSmallIntegerField(default=0)
    state_at = models.DateTimeField(default=NEVER)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["uuid", "job"], name="lineage_run_once")]
        indexes = [
            models.Index(fields=["job", "-first_seen"], name="lineage_run_by_job"),
            models.Index(fields=["parent_uuid"], name="lineage_run_by_parent"),
        ]

    def __str__(self) -> str:
        return f"run {self.uuid}"


class Schema(models.Model):
    """The columns a dataset had, once per distinct content: `[{"name", "type", ...}]`."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    fields = models.JSONField()

    def __str__(self) -> str:
        return f"schema {self.sha256[:12]}"


class DatasetVersion(Keyed):
    """A state of a dataset that its producer named (the version facet), such as version `3` of a model."""

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="versions")
    version = models.TextField()
    schema = models.CharField(max_length=64, default="")
    schema_at = models.DateTimeField(default=NEVER)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.version


class RunIO(models.Model):
    """A run read (`in`) or wrote (`out`) a dataset: which version, with which columns, and how much of it."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="io", db_index=False)
    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="io", db_index=False)
    direction = models.CharField(max_length=3)
    version = models.TextField(default="")
    version_at = models.DateTimeField(default=NEVER)
    schema = models.CharField(max_length=64, default="")
    schema_at = models.DateTimeField(default=NEVER)
    rows = models.BigIntegerField(null=True)
    bytes = models.BigIntegerField(null=True)
    files = models.BigIntegerField(null=True)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "dataset", "direction"], name="lineage_runio_once")]
        indexes = [models.Index(fields=["dataset", "direction", "-first_seen"], name="lineage_runio_by_dataset")]

    def __str__(self) -> str:
        return f"{self.run_id} {self.direction} {self.dataset_id}"


class JobIO(models.Model):
    """A job reads or writes a dataset: `RunIO` over all its runs, or (`declared`) over what JobEvents say of it."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="io", db_index=False)
    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="job_io", db_index=False)
    direction = models.CharField(max_length=3)
    declared = models.BooleanField(default=False)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "dataset", "direction", "declared"], name="lineage_jobio_once")
        ]
        indexes = [
            models.Index(
                fields=["dataset", "direction", "job", "declared", "first_seen"], name="lineage_jobio_by_dataset"
            )
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.direction} {self.dataset_id}"


class Edge(models.Model):
    """`dst` was made from `src` by `job_id` (0: by no job that we know).

    `kind` says how we know: `IO` (read and written by one run), `COLUMN` (column lineage), `EXPLICIT` (lineage facet)
    or `RENAMED` (it is the same data under a new name). An explicit edge from a dataset to itself says that nothing
    else is known to lie upstream. What JobEvents and DatasetEvents say is `declared`: it holds until they say
    otherwise.
    """

    class Kind(models.IntegerChoices):
        IO = 1
        COLUMN = 2
        EXPLICIT = 3
        RENAMED = 4

    src = models.ForeignKey(Dataset, models.CASCADE, related_name="edges_out", db_index=False)
    dst = models.ForeignKey(Dataset, models.CASCADE, related_name="edges_in", db_index=False)
    job_id = models.BigIntegerField(default=0)
    kind = models.PositiveSmallIntegerField(choices=Kind.choices)
    declared = models.BooleanField(default=False)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["src", "dst", "job_id", "kind", "declared"], name="lineage_edge_once")
        ]
        # whole answers, so that a walk upstream looks at no table
        indexes = [
            models.Index(fields=["dst", "src", "job_id", "kind", "declared", "first_seen"], name="lineage_edge_up")
        ]

    def __str__(self) -> str:
        return f"{self.src_id} to {self.dst_id}"


class Shape(models.Model):
    """A number that stands for the graph as it is: one row, in which triggers put another at every change."""

    number = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.number)


class ColumnEdge(Keyed):
    """A column was made from another; `masking` when every way from one to the other masks.

    An empty `dst_field` stands for the whole dataset, as when a column filters or joins its rows.
    """

    src = models.ForeignKey(Dataset, models.CASCADE, related_name="columns_out", db_index=False)
    src_field = models.TextField()
    dst = models.ForeignKey(Dataset, models.CASCADE, related_name="columns_in")
    dst_field = models.TextField()
    job_id = models.BigIntegerField(default=0)
    declared = models.BooleanField(default=False)
    how = models.TextField(default="")
    masking = models.BooleanField(default=False)
    how_at = models.DateTimeField(default=NEVER)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta(Keyed.Meta):
        indexes = [models.Index(fields=["src", "dst"], name="lineage_column_down")]

    def __str__(self) -> str:
        return f"{self.src_field} to {self.dst_field}"
