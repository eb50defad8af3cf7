"""Tables of what facets say: every facet in its latest state, and those that are asked about as rows of their own.

Re-exported by `lineage.models`. `about` and `about_id` name what a row is about: a `dataset`, a `job`, a `run`, or what
a run read (`in`) or wrote (`out`). Owners, tags and other members of a set are current while `last_seen` is not before
the `at` of their facet: a later facet that leaves one out ends it.
"""

import zlib

from django.db import models

ABOUT = 8
"""How long `about` may be."""


class Keyed(models.Model):
    """Rows whose natural key, of any length, is compared by its digest; where they tell about one thing it begins
    with the id of that thing (`telling.beside`).

    A constraint and not `unique`, with which PostgreSQL gets a second index of the same texts, for LIKE.
    """

    key = models.CharField(max_length=64)

    class Meta:
        abstract = True
        constraints = [models.UniqueConstraint(fields=["key"], name="%(app_label)s_%(class)s_key")]


class Facet(Keyed):
    """The latest state of one facet, by event time: the digest of its JSON (empty when it was taken back).

    `event` is the digest of the raw event that said so.
    """

    about = models.CharField(max_length=ABOUT)
    about_id = models.BigIntegerField()
    name = models.TextField()
    sha256 = models.CharField(max_length=64, default="")
    event = models.CharField(max_length=64, default="")
    at = models.DateTimeField()

    class Meta(Keyed.Meta):
        indexes = [models.Index(fields=["about", "about_id"], name="lineage_facet_about")]

    def __str__(self) -> str:
        return self.name


class FacetBody(models.Model):
    """The JSON of facets, once per distinct content; compressed from `SMALL` bytes on.

    Larger ones than `LARGE` leave `body` empty: they stand in the raw event.
    """

    SMALL, LARGE = 1024, 64 * 1024

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveIntegerField()
    body = models.BinaryField()

    def __str__(self) -> str:
        return f"facet {self.sha256[:12]}"

    @property
    def text(self) -> bytes:
        """The JSON, empty when it stands in the raw event alone."""
        body = bytes(self.body)
        return body if self.size < self.SMALL or not body else zlib.decompress(body)


class Owner(Keyed):
    """Somebody whom the ownership facet of a dataset or job names."""

    about = models.CharField(max_length=ABOUT)
    about_id = models.BigIntegerField()
    name = models.TextField()
    kind = models.TextField(default="")
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta(Keyed.Meta):
        indexes = [models.Index(fields=["about", "about_id"], name="lineage_owner_about")]

    def __str__(self) -> str:
        return self.name


class Tag(Keyed):
    """A tag of a dataset, one of its columns (`field`), a job or a run."""

    about = models.CharField(max_length=ABOUT)
    about_id = models.BigIntegerField()
    field = models.TextField(default="")
    name = models.TextField()
    value = models.TextField(default="")
    source = models.TextField(default="")
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta(Keyed.Meta):
        indexes = [models.Index(fields=["about", "about_id"], name="lineage_tag_about")]

    def __str__(self) -> str:
        return self.name


class Alias(Keyed):
    """Another name of a dataset (symlinks facet); `other_key` is the key of the dataset of that name."""

    dataset = models.ForeignKey("lineage.Dataset", models.CASCADE, related_name="aliases")
    other_key = models.CharField(max_length=64, db_index=True)
    namespace = models.TextField()
    name = models.TextField()
    kind = models.CharField(max_length=64, default="")
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Change(Keyed):
    """A dataset was created, altered, dropped, renamed, overwritten or truncated; `run_id` 0 when by no run we know."""

    dataset = models.ForeignKey("lineage.Dataset", models.CASCADE, related_name="changes")
    change = models.CharField(max_length=64)
    previous_namespace = models.TextField(default="")
    previous_name = models.TextField(default="")
    run_id = models.BigIntegerField(default=0)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.change


class Check(Keyed):
    """A quality assertion about a dataset, or a test of a run, with its latest outcome."""

    run = models.ForeignKey("lineage.Run", models.CASCADE, null=True, related_name="checks")
    dataset = models.ForeignKey("lineage.Dataset", models.CASCADE, null=True, related_name="checks")
    name = models.TextField()
    column = models.TextField(default="")
    success = models.BooleanField()
    severity = models.TextField(default="")
    expected = models.TextField(default="")
    actual = models.TextField(default="")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Metric(Keyed):
    """A number that a run or an event reports of a dataset or one of its columns; `facet` says in which facet."""

    run = models.ForeignKey("lineage.Run", models.CASCADE, null=True, related_name="metrics")
    dataset = models.ForeignKey("lineage.Dataset", models.CASCADE, related_name="metrics")
    facet = models.TextField()
    column = models.TextField(default="")
    name = models.TextField()
    value = models.FloatField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class JobLink(Keyed):
    """A job and another one by name: its `PARENT`, its `ROOT`, or one `BEFORE` or `AFTER` it."""

    job = models.ForeignKey("lineage.Job", models.CASCADE, related_name="links")
    kind = models.CharField(max_length=8)
    other_key = models.CharField(max_length=64, db_index=True)
    namespace = models.TextField()
    name = models.TextField()
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Declaration(models.Model):
    """At this time a JobEvent (about a `job`) or DatasetEvent (about a `dataset`) stated lineage as a whole."""

    about = models.CharField(max_length=ABOUT)
    about_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["about", "about_id", "at"], name="lineage_declared_once")]

    def __str__(self) -> str:
        return f"{self.about} {self.about_id}"
