"""Looking entries up by their words: PostgreSQL's full-text index, or FTS5 on SQLite, over the words that `words` made.

The sequencer fills the index in a step of its own after numbers are given and signed, so that no use case and no
checkpoint waits for it; it goes on from the last entry that is in it. It is no evidence: it only helps to find.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.db.models.expressions import RawSQL

from audit import authorizer, bulk
from audit.authorizer import ADDED, EMPTIED, INDEX, REMOVED
from audit.retention import records
from audit.words import words_of

_NEW = (
    "SELECT l.seq, l.entry_id, e.body FROM audit_leaf l LEFT JOIN audit_entry e ON e.id = l.entry_id"
    " WHERE l.seq > (SELECT coalesce(max(seq), -1) FROM audit_words) ORDER BY l.seq LIMIT %s"
)
_FIND = {
    "postgresql": "SELECT entry_id FROM audit_words WHERE words @@ %s::tsquery",
    "sqlite": f"SELECT rowid FROM {INDEX} WHERE {INDEX} MATCH %s",  # noqa: S608 - made of constants
}
_POSTGRESQL = [f"CREATE INDEX IF NOT EXISTS {INDEX} ON audit_words USING gin (words)"]
_TAKE_OUT = f"INSERT INTO {INDEX} ({INDEX}, rowid, words) VALUES ('delete', OLD.entry_id, OLD.words)"  # noqa: S608
_PUT_IN = f"INSERT INTO {INDEX} (rowid, words) VALUES (NEW.entry_id, NEW.words)"  # noqa: S608
_SQLITE = [
    f"CREATE VIRTUAL TABLE IF NOT EXISTS {INDEX} USING fts5(words, content='audit_words', content_rowid='entry_id',"
    " tokenize='ascii', detail='none', columnsize=0)",
    f"CREATE TRIGGER IF NOT EXISTS {ADDED} AFTER INSERT ON audit_words BEGIN {_PUT_IN}; END",
    f"CREATE TRIGGER IF NOT EXISTS {EMPTIED} AFTER UPDATE ON audit_words BEGIN {_TAKE_OUT}; {_PUT_IN}; END",
    f"CREATE TRIGGER IF NOT EXISTS {REMOVED} AFTER DELETE ON audit_words BEGIN {_TAKE_OUT}; END",
]


def set_up(connection: BaseDatabaseWrapper) -> None:
    """Make the index beside the table of words; safe to repeat."""
    with authorizer.aside(connection), connection.cursor() as cursor:
        for each in _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE:
            cursor.execute(each)


def catch_up(most: int) -> int:
    """Index so many of the numbered entries that are not, oldest first, in one transaction; returns how many.

    They are read before it begins. What was pruned meanwhile is found out in it, and then all are read again.
    """
    while True:
        pruned = records.prunings()
        new = bulk.fetch(_NEW, [most])
        if not new:
            return 0
        rows = [(pk, seq, _kept(words_of(bytes(body or b"")))) for seq, pk, body in new]
        with transaction.atomic():
            records.alone()
            if records.prunings() == pruned:
                bulk.insert("audit_words", {"entry_id": "int8", "seq": "int8", "words": "bytea"}, rows)
                return len(rows)


def saying(wanted: Iterable[tuple[str, bool]]) -> Q:
    """The condition that all these words are in an entry; of one with `True` the beginning is enough."""
    if connection.vendor == "postgresql":
        asked = " & ".join(f"'{word}'{':*' * begins}" for word, begins in wanted)
    else:
        asked = " AND ".join(f'"{word}"{"*" * begins}' for word, begins in wanted)
    return Q(pk__in=RawSQL(_FIND[connection.vendor], [asked]))  # noqa: S611 - the words are letters and digits


def _kept(words: set[str]) -> Any:
    """The words as the column takes them: on PostgreSQL a tsvector in its binary form, without places."""
    if connection.vendor != "postgresql":
        return " ".join(words)
    return len(words).to_bytes(4) + b"".join(each + b"\0\0\0" for each in sorted(each.encode() for each in words))
