"""What the rules need to know of a principal and of a place: one question to the database for each.

Every request asks this several times, so the two questions are written in SQL: building them anew each time took
longer than answering them. `tests/governance/access/test_facts.py` holds them to the same questions asked by the ORM.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import connection

from audit import bulk
from audit.bulk import as_time, as_uuid
from governance.access.guards import Claim, Subject

NOW = {"postgresql": "STATEMENT_TIMESTAMP()", "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')"}
_WHO = """
SELECT u.id, u.kind, u.is_active AND COALESCE(o.is_active, u.is_active),
       g.id, g.role, g.scope_id, g.object_id, g.granted_by, g.reason, g.not_before, g.expires_at, g.revoked_at,
       g.principal_id, s.path, g.created_at{places}, {now}
FROM governance_user u LEFT JOIN governance_user o ON o.id = u.owner_id
"""
_WHAT = (
    "LEFT JOIN governance_grant g ON g.principal_id = {holder}{live} LEFT JOIN governance_scope s ON s.id = g.scope_id "
)
_GROUPS = "JOIN governance_group_members m ON m.user_id = u.id "
_SHOWN = "JOIN governance_token t ON t.id = %s AND t.user_id = u.id AND t.revoked_at IS NULL AND t.expires_at > {now} "
_LIVE = " AND g.revoked_at IS NULL AND g.not_before <= {now} AND (g.expires_at IS NULL OR g.expires_at > {now})"
_ABOVE = """
SELECT c.ancestor_id, s.frozen_at IS NOT NULL
FROM governance_scopeclosure c JOIN governance_scope s ON s.id = c.ancestor_id WHERE c.descendant_id = {place}
"""
_PLACES = """, (
    SELECT CAST({group}(c.ancestor_id, a.frozen_at IS NOT NULL) AS text)
    FROM governance_scopeclosure c JOIN governance_scope a ON a.id = c.ancestor_id WHERE c.descendant_id = g.scope_id
)"""
_GROUP = {"postgresql": "json_object_agg", "sqlite": "json_group_object"}
_AT_NO_TIME = datetime.min.replace(tzinfo=UTC)
_ROOT = "(SELECT id FROM governance_scope WHERE parent_id IS NULL)"


@dataclass(frozen=True)
class Held:
    """A principal as the rules see it, what it holds with where that is, and the database's moment of saying so.

    `places` has for each claim its scope with every scope above it, as `above` says, where that was asked for.
    """

    subject: Subject
    claims: tuple[Claim, ...]
    paths: Mapping[UUID, str]
    at: datetime
    places: Mapping[UUID, Mapping[UUID, bool]]


def held(principal_id: UUID, *, past: bool = False) -> Held | None:
    """Return the grants a principal holds now, itself or through a group; with `past`, all it ever held.

    `None` for an id that is nobody's. A service account is as active as its owner.
    """
    return held_by_each([principal_id], past=past).get(principal_id)


def held_where(principal_id: UUID, token_id: UUID | None = None) -> Held | None:
    """Return the same for now, with every place above what is held, in the one question.

    With `token_id` only while that token counts and is this principal's; `None` once it does not.
    """
    asked = [uuid_in(principal_id)] if token_id is None else [uuid_in(token_id), uuid_in(principal_id)]
    question = _question(connection.vendor, 1, past=False, placed=True, shown=token_id is not None)
    rows = bulk.fetch(question, asked * 2)
    return _held(principal_id, rows) if rows else None


def held_by_each(principal_ids: Sequence[UUID], *, past: bool = False) -> dict[UUID, Held]:
    """Return the same for several principals at once, in one question; ids that are nobody's are left out."""
    if not principal_ids:
        return {}
    question = _question(connection.vendor, len(principal_ids), past=past)
    rows = bulk.fetch(question, [uuid_in(each) for each in principal_ids] * 2)
    by_holder: dict[UUID, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_holder.setdefault(as_uuid(row[0]), []).append(row)
    return {pk: _held(pk, found) for pk, found in by_holder.items()}


def _held(principal_id: UUID, rows: list[tuple[Any, ...]]) -> Held:
    return replace(_understood(principal_id, tuple(row[:-1] for row in rows)), at=as_time(rows[0][-1]))


@lru_cache(maxsize=256)
def _understood(principal_id: UUID, rows: tuple[tuple[Any, ...], ...]) -> Held:
    """Return what rows without their moment say; what says the same as before is not taken apart again."""
    _pk, kind, active = rows[0][:3]
    given = sorted((row for row in rows if row[3] is not None), key=lambda row: (row[14], str(row[3])))
    paths = MappingProxyType({as_uuid(row[3]): str(row[13]) for row in given})
    claims = tuple(_claim(row, principal_id) for row in given)
    places = MappingProxyType({as_uuid(row[3]): _places(row[15]) for row in given if len(row) > 15})
    return Held(Subject(principal_id, kind, bool(active)), claims, paths, _AT_NO_TIME, places)


def _places(said: str | None) -> Mapping[UUID, bool]:
    return MappingProxyType({as_uuid(pk): bool(frozen) for pk, frozen in json.loads(said or "{}").items()})


def above(scope_id: UUID | None) -> dict[UUID, bool]:
    """Return a scope (`None`: the organisation) with every scope above it, each with whether it is frozen."""
    place, values = (_ROOT, []) if scope_id is None else ("%s", [uuid_in(scope_id)])
    return {as_uuid(pk): bool(frozen) for pk, frozen in bulk.fetch(_ABOVE.format(place=place), values)}


@cache
def _question(vendor: str, count: int, *, past: bool, placed: bool = False, shown: bool = False) -> str:
    """Two halves, what they hold themselves and what their groups hold, so that each half can use its index."""
    now, these = NOW[vendor], f"WHERE u.id IN ({', '.join(['%s'] * count)})"
    live = "" if past else _LIVE.format(now=now)
    who = _WHO.format(now=now, places=_PLACES.format(group=_GROUP[vendor]) if placed else "")
    who += _SHOWN.format(now=now) if shown else ""
    own = who + _WHAT.format(holder="u.id", live=live) + these
    grouped = who + _GROUPS + _WHAT.format(holder="m.group_id", live=live) + these
    return f"{own} UNION ALL {grouped}"


def _claim(row: tuple[Any, ...], holder: UUID) -> Claim:
    pk, role, scope, thing, giver, reason, start, end, revoked, principal = row[3:13]
    through = as_uuid(principal)
    return Claim(
        id=as_uuid(pk),
        role=role,
        scope_id=as_uuid(scope),
        object_id=as_uuid(thing) if thing else None,
        granted_by=as_uuid(giver),
        reason=reason,
        not_before=as_time(start),
        expires_at=as_time(end) if end else None,
        revoked_at=as_time(revoked) if revoked else None,
        via=None if through == holder else through,
    )


def uuid_in(value: UUID) -> UUID | str:
    """Return an id as the database takes it."""
    return value if connection.features.has_native_uuid_field else value.hex
