"""The one way into the log."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.transaction import TransactionManagementError

from audit.actor import Actor
from audit.canonical import canonical, composed, instant
from audit.leaf import VERSION, commitment, entry_bytes
from audit.models import Entry, Opening
from audit.refusals import Invalid


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
            "about": composed(dict(about or {})),
            "private": {name: commitment(salt, value) for name, (salt, value) in openings.items()},
        }
    )
    entry = Entry.objects.create(
        body=body, scope_id=scope_id, action=action, outcome=outcome, actor_id=actor.principal_id, at=at
    )
    Opening.objects.bulk_create(
        Opening(entry=entry, field=name, salt=salt, value=value) for name, (salt, value) in openings.items()
    )
    return entry


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
