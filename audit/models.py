"""The tables of the log. What is written once is kept so by the database; `WRITTEN_ONCE` lists it.

There are no foreign keys in the database: an entry outlives whatever it is about. `triggers` has them.
"""

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.leaf import OUTCOMES
from audit.retention.models import Hold, Proposal, Pruned, RetentionPolicy

__all__ = ["Hold", "Proposal", "Pruned", "RetentionPolicy"]


class Entry(models.Model):
    """What happened, as offered by the transaction in which it happened.

    `body` holds the canonical bytes that are hashed; the other columns only index them.
    """

    body = models.BinaryField()
    scope_id = models.UUIDField(null=True)
    action = models.CharField(max_length=100)
    outcome = models.CharField(max_length=20, choices=[(each, each) for each in OUTCOMES])
    actor_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["scope_id", "id"], name="audit_entry_by_scope"),
            models.Index(fields=["action", "id"], name="audit_entry_by_action"),
            models.Index(fields=["actor_id", "id"], name="audit_entry_by_actor"),
            models.Index(fields=["at"], name="audit_entry_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} ({self.pk})"


class Pending(models.Model):
    """The queue of entries that have no number yet; filled by a trigger, emptied by the sequencer alone."""

    entry = models.OneToOneField(
        Entry, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="pending"
    )

    def __str__(self) -> str:
        return f"entry {self.pk} waits"


class Leaf(models.Model):
    """A numbered entry: the bytes and the hash of one leaf of the tree. `seq` starts at 0 and has no gaps."""

    seq = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, models.DO_NOTHING, db_constraint=False, related_name="leaf")
    body = models.BinaryField()
    hash = models.BinaryField()

    def __str__(self) -> str:
        return f"leaf {self.seq}"


class WordsField(models.TextField):  # type: ignore[type-arg]
    """Words of an entry as the database searches them: a `tsvector` on PostgreSQL, on SQLite a text with blanks."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """The column's type."""
        return "tsvector" if connection.vendor == "postgresql" else "text"


class Words(models.Model):
    """The words of a numbered entry, for looking it up; none when it was pruned. Made by `words`, kept by `search`."""

    entry = models.OneToOneField(Entry, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="words")
    seq = models.BigIntegerField(unique=True)
    words = WordsField()

    def __str__(self) -> str:
        return f"words of leaf {self.seq}"


class Trail(models.Model):
    """The entries about one subject, counted from 0: the same links that stand in the leaves, made findable."""

    subject = models.CharField(max_length=255)
    number = models.BigIntegerField()
    seq = models.BigIntegerField()
    previous = models.BigIntegerField(null=True)
    entry_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "number"], name="audit_trail_once")]
        indexes = [models.Index(fields=["seq"], name="audit_trail_by_seq")]

    def __str__(self) -> str:
        return f"{self.subject} #{self.number}"


class Head(models.Model):
    """The newest link of a subject; a cache of the end of its trail, checked against it by `audit verify`."""

    subject = models.CharField(max_length=255, primary_key=True)
    number = models.BigIntegerField()
    seq = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.subject} ends at #{self.number}"


class Tile(models.Model):
    """256 hashes of one level of tiles, and the root over them; written when full, so no proof walks the whole log."""

    level = models.PositiveSmallIntegerField()
    number = models.BigIntegerField()
    hashes = models.BinaryField()
    root = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "number"], name="audit_tile_once")]

    def __str__(self) -> str:
        return f"tile {self.level}/{self.number}"


class Checkpoint(models.Model):
    """A signed state of the log, as it was published."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"


class Cosignature(models.Model):
    """A witness's word that the log at this size extends everything it saw before; `line` is what it answered."""

    size = models.BigIntegerField()
    witness = models.CharField(max_length=255)
    vkey = models.TextField()
    line = models.TextField()
    signed_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["size", "vkey"], name="audit_cosignature_once")]

    def __str__(self) -> str:
        return f"{self.witness} at {self.size}"


class Delivery(models.Model):
    """How far a sink has our entries: the first `seq` it has not, since when it waits, and what is in the way."""

    sink = models.CharField(max_length=40, primary_key=True)
    position = models.BigIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True, default="")
    away_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.sink} has all before {self.position}"


class Anchor(models.Model):
    """A time-stamp token (RFC 3161) over a checkpoint's note, as raw as the authority sent it."""

    size = models.BigIntegerField()
    authority = models.CharField(max_length=255)
    token = models.BinaryField()
    stamped_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["size", "authority"], name="audit_anchor_once")]

    def __str__(self) -> str:
        return f"{self.authority} at {self.size}"


class Opening(models.Model):
    """A personal value behind a commitment in an entry, and its salt. May be deleted, never changed."""

    entry = models.ForeignKey(Entry, models.DO_NOTHING, db_constraint=False, related_name="openings")
    field = models.CharField(max_length=100)
    salt = models.BinaryField()
    value = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "field"], name="audit_opening_once")]

    def __str__(self) -> str:
        return f"{self.field} of entry {self.entry_id}"


class Reading(models.Model):
    """What somebody reads these minutes: how often again since its entry, and which numbers. Goes when that is told."""

    asked = models.CharField(max_length=64, unique=True)
    reader_id = models.UUIDField()
    kind = models.CharField(max_length=20)
    via = models.CharField(max_length=20)
    on_behalf_of = models.UUIDField(null=True)
    token_id = models.UUIDField(null=True)
    door = models.CharField(max_length=20)
    noted = models.UUIDField(null=True)
    since = models.DateTimeField()
    until = models.DateTimeField()
    again = models.BigIntegerField(default=0)
    low = models.BigIntegerField(null=True)
    high = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["reader_id", "door", "until"], name="audit_reading_by_reader"),
            models.Index(fields=["until"], name="audit_reading_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.reader_id} reads {self.door}"


class Blob(models.Model):
    """Large immutable bytes under their own digest, `sha256:` and 64 hex digits."""

    digest = models.CharField(max_length=71, primary_key=True)
    size = models.BigIntegerField()
    data = models.BinaryField()

    def __str__(self) -> str:
        return self.digest


WRITTEN_ONCE = (
    "audit_entry",
    "audit_leaf",
    "audit_words",
    "audit_trail",
    "audit_tile",
    "audit_checkpoint",
    "audit_blob",
    "audit_cosignature",
    "audit_anchor",
    "audit_pruned",
    "audit_retentionpolicy",
)
"""Tables on which the database refuses UPDATE, DELETE and TRUNCATE."""
GUARDED = (*WRITTEN_ONCE, "audit_opening", "audit_pending")
"""Every table with triggers on it: openings may also be deleted, and so may pending rows that got their number."""
