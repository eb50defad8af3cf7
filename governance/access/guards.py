"""Guards: refusals that beat every grant, an administrator's included. A closed list; no expression language.

A guard that cannot be worked out denies. Guards that need other rooms' facts (an incomplete scan, who asked for a
promotion) live with those rooms and use the same refusal codes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

PERSONAL = frozenset({"pii", "pii.sensitive", "restricted"})
PEOPLE_ONLY = frozenset({"approve", "waive"})
NEVER_FOR_ADMINS = frozenset({"approve", "waive", "read_pii"})
NEVER_FROM_ONESELF = frozenset({"approve", "waive", "classify", "read_pii"})
CHANGES = frozenset({"register", "edit", "request", "approve", "classify", "waive", "ingest"})


class Guard(StrEnum):
    """Every guard there is; the value is the reason code of a denial by it."""

    INACTIVE = "access.inactive"
    PEOPLE_ONLY = "access.people_only"
    ADMIN_APART = "access.admin_apart"
    SELF_GRANTED = "access.self_granted"
    PURPOSE = "access.purpose_needed"
    FROZEN = "access.scope_frozen"
    BROKEN = "access.guard_broken"


@dataclass(frozen=True)
class Subject:
    """Who wants to act. `active` of a service account means its owner is active too."""

    id: UUID
    kind: str
    active: bool


@dataclass(frozen=True)
class Target:
    """What they want to act on: its scope and all above it, itself when it can be granted, its labels."""

    scope_ids: frozenset[UUID]
    object_id: UUID | None = None
    labels: frozenset[str] = frozenset()
    frozen: bool = False


@dataclass(frozen=True)
class Claim:
    """One grant as its holder sees it: their own, or through the group named by `via`."""

    id: UUID
    role: str
    scope_id: UUID
    object_id: UUID | None
    granted_by: UUID | None
    reason: str
    not_before: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None = None
    via: UUID | None = None

    @property
    def purposeful(self) -> bool:
        """Whether it is time-bound and states a purpose."""
        return self.expires_at is not None and bool(self.reason.strip())


@dataclass(frozen=True)
class Case:
    """All a guard may look at; `claims` are live and cover the target, `giving` are those that give the action."""

    subject: Subject
    action: str
    target: Target
    claims: tuple[Claim, ...]
    giving: tuple[Claim, ...]


def _inactive(case: Case) -> bool:
    return not case.subject.active


def _people_only(case: Case) -> bool:
    return case.action in PEOPLE_ONLY and case.subject.kind != "person"


def _admin_apart(case: Case) -> bool:
    return case.action in NEVER_FOR_ADMINS and any(claim.role == "admin" for claim in case.claims)


def _from_others(case: Case) -> tuple[Claim, ...]:
    if case.action not in NEVER_FROM_ONESELF:
        return case.giving
    return tuple(claim for claim in case.giving if claim.granted_by != case.subject.id)


def sound(case: Case) -> tuple[Claim, ...]:
    """Return the giving claims that count: from others where that matters, and with a purpose for personal data."""
    claims = _from_others(case)
    if case.action == "read_pii" and case.target.labels & PERSONAL:
        return tuple(claim for claim in claims if claim.purposeful)
    return claims


def _self_granted(case: Case) -> bool:
    return bool(case.giving) and not _from_others(case)


def _purpose(case: Case) -> bool:
    return bool(_from_others(case)) and not sound(case)


def _frozen(case: Case) -> bool:
    return case.target.frozen and case.action in CHANGES


RULES: dict[Guard, Callable[[Case], bool]] = {
    Guard.INACTIVE: _inactive,
    Guard.PEOPLE_ONLY: _people_only,
    Guard.ADMIN_APART: _admin_apart,
    Guard.SELF_GRANTED: _self_granted,
    Guard.PURPOSE: _purpose,
    Guard.FROZEN: _frozen,
}


def raised(case: Case) -> tuple[Guard, ...]:
    """Return the guards that forbid the case, in the order of the list; one that fails to answer forbids too."""
    found: list[Guard] = []
    for guard, forbids in RULES.items():
        try:
            if forbids(case):
                found.append(guard)
        except Exception:  # noqa: BLE001 - whatever went wrong: closed, not open
            found.append(Guard.BROKEN)
    return tuple(found)
