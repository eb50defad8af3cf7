"""The one way into the log."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.transaction import TransactionManagementError

from audit import bulk
from audit.actor import Actor
from audit.canonical import canonical, composed, instant
from audit.leaf import VERSION, Alike, commitment, entry_bytes
from audit.models import Entry
from audit.refusals import Invalid

_COLUMNS = ("body", "scope_id", "action", "outcome", "actor_id", "at")
_FIELDS: list[Any] = [Entry._meta.get_field(name) for name in _COLUMNS]
_ENTRY = (
    "INSERT INTO audit_entry (body, scope_id, action, outcome, actor_id, at)"
    " VALUES (%s, %s, %s, %s, %s, %s) RETURNING id"
)
_OPENING = "INSERT INTO audit_opening (entry_id, field, salt, value) VALUES (%s, %s, %s, %s)"
_BOTH = f"""WITH offered AS ({_ENTRY}), kept AS (
    INSERT INTO audit_opening (entry_id, field, salt, value)
    SELECT offered.id, each.* FROM offered, (VALUES {{}}) AS each
) SELECT id FROM offered"""  # noqa: S608 - made of constants

Told = tuple[Sequence[str], Mapping[str, Any]]
"""The subjects of an entry, and what it says about them."""


def append(  # noqa: PLR0913 - an entry has this many parts, and each is named at the call
    *,
    actor: Actor,
    action: str,
    subjects: Sequence[str],
    at: datetime,
    scope_id: UUID | None = None,
    about: Mapping[str, Any] | None = None,
    private: Mapping[str, str] | None = None,
    outcome: str = "success",
) -> Entry:
    """Offer an entry in the caller's transaction: both are kept, or neither; refuses to work outside one.

    `subjects` are ids (`promotion:<uuid>`); `about` has no personal values, and decimals as strings. Names and free
    text go in `private`: salted commitments, erasable values. Without `scope_id` it is the whole organisation's.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("an entry is offered inside the transaction it is about")
    openings = {name: (secrets.token_bytes(32), _personal(value)) for name, value in (private or {}).items()}
    body = entry_bytes(
        {
            "v": VERSION,
            "id": str(uuid4()),
            "at": instant(at),
            "action": action,
            "outcome": outcome,
            "actor": _who(actor),
            "scope": scope_id and str(scope_id),
            "subjects": list(subjects),
            "about": composed(about or {}),
            "private": {name: commitment(salt, value) for name, (salt, value) in openings.items()},
        }
    )
    entry = Entry(body=body, scope_id=scope_id, action=action, outcome=outcome, actor_id=actor.principal_id, at=at)
    _insert(entry, openings)
    return entry


def append_new(
    *,
    actor: Actor,
    action: str,
    at: datetime,
    scope_id: UUID | None,
    adding: bulk.Adding,
    told: Mapping[str, Told],
) -> set[str]:
    """Add rows, and offer an entry as `append` does for each that was not there before; returns the keys of those.

    For what may come thousands of times in a second, and again: all of it is kept, or nothing. `told` says by key the
    subjects of an entry and what is said about it.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("an entry is offered inside the transaction it is about")
    alike, when = _alike(actor, action, scope_id), instant(at)
    bodies = {
        key: alike.bytes_of(str(uuid4()), when, subjects, composed(about)) for key, (subjects, about) in told.items()
    }
    return bulk.offer(adding, bodies, (scope_id, action, "success", actor.principal_id, at)) if bodies else set()


@lru_cache(maxsize=256)
def _alike(actor: Actor, action: str, scope_id: UUID | None) -> Alike:
    return Alike(
        {
            "v": VERSION,
            "action": action,
            "outcome": "success",
            "actor": _who(actor),
            "scope": scope_id and str(scope_id),
            "private": {},
        }
    )


def _insert(entry: Entry, openings: Mapping[str, tuple[bytes, str]]) -> None:
    """Write the rows in one statement where the database can, past the ORM's machinery: every use case waits for it."""
    kept: list[tuple[Any, ...]] = [(name, salt, value) for name, (salt, value) in openings.items()]
    if connection.vendor == "postgresql":
        row: list[Any] = [entry.body, entry.scope_id, entry.action, entry.outcome, entry.actor_id, entry.at]
        values = ", ".join(["(%s, %s::bytea, %s)"] * len(kept))
        ((entry.pk,),) = bulk.fetch(_BOTH.format(values) if kept else _ENTRY, [*row, *chain.from_iterable(kept)])
    else:
        row = [field.get_db_prep_save(getattr(entry, field.attname), connection) for field in _FIELDS]
        with connection.cursor() as cursor:
            cursor.execute(_ENTRY, row)
            (entry.pk,) = cursor.fetchone()
            if kept:
                cursor.executemany(_OPENING, [(entry.pk, *each) for each in kept])
    entry._state.adding, entry._state.db = False, connection.alias


def _personal(value: str) -> str:
    """A value that can be committed to and kept as text; refused otherwise."""
    text = composed(value)
    if not isinstance(text, str) or "\x00" in text:
        raise Invalid("audit.bad_entry", why="a personal value is not text")
    canonical(text)
    return text


def _who(actor: Actor) -> dict[str, str | None]:
    return {
        "id": str(actor.principal_id),
        "kind": actor.kind,
        "via": actor.via,
        "on_behalf_of": str(actor.on_behalf_of) if actor.on_behalf_of else None,
        "token": str(actor.token_id) if actor.token_id else None,
    }
