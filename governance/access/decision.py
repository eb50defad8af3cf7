"""May they? One function decides and explains, so that no explanation can differ from the decision."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from governance.access.guards import NEVER_FROM_ONESELF, PEOPLE_ONLY, Case, Claim, Guard, Subject, Target, raised, sound
from governance.access.rules import HELD_BY_ATTESTRY

ALLOWED, NO_GRANT = "access.allowed", "access.no_grant"
HARD = frozenset({Guard.INACTIVE, Guard.PEOPLE_ONLY, Guard.ADMIN_APART, Guard.FROZEN, Guard.BROKEN})
Roles = Mapping[str, frozenset[str]]


class Standing(StrEnum):
    """How one grant bears on a question."""

    GIVES = "gives"
    OTHER_ROLE = "other_role"
    ELSEWHERE = "elsewhere"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Decision:
    """The answer with its reasons: what decided it, every grant looked at, and what would change it."""

    allowed: bool
    reason_code: str
    action: str
    determining: tuple[Claim, ...]
    guards: tuple[Guard, ...]
    considered: tuple[tuple[Claim, Standing], ...]
    missing: tuple[str, ...]
    requestable: bool


def standing(claim: Claim, action: str, target: Target, now: datetime, roles: Roles) -> Standing:
    """Return how `claim` bears on doing `action` to `target`; `expires_at` is the first moment it no longer counts."""
    if claim.revoked_at is not None:
        return Standing.WITHDRAWN
    if claim.expires_at is not None and now >= claim.expires_at:
        return Standing.EXPIRED
    if claim.not_before is not None and now < claim.not_before:
        return Standing.NOT_YET
    if not covers(claim, target):
        return Standing.ELSEWHERE
    return Standing.GIVES if action in roles.get(claim.role, frozenset()) else Standing.OTHER_ROLE


def giving(subject: Subject, action: str, claims: Iterable[Claim], roles: Roles) -> tuple[Claim, ...]:
    """Return the live claims over whole places that give `action`, as far as no guard on the subject itself forbids."""
    if not subject.active or (action in PEOPLE_ONLY and subject.kind != "person"):
        return ()
    apart = action in NEVER_FROM_ONESELF
    return tuple(
        claim
        for claim in claims
        if claim.object_id is None
        and action in roles.get(claim.role, frozenset())
        and not (apart and claim.granted_by == subject.id)
    )


def covers(claim: Claim, target: Target) -> bool:
    """Return whether a grant reaches a target: on the object itself, or on its scope or one above; never upward."""
    if claim.object_id is not None:
        return claim.object_id == target.object_id
    return claim.scope_id in target.scope_ids


def decide(
    subject: Subject, action: str, target: Target, claims: Iterable[Claim], *, now: datetime, roles: Roles
) -> Decision:
    """Decide whether `subject` may do `action` to `target` at `now`, and why. The default is no; guards beat grants."""
    considered = tuple((claim, standing(claim, action, target, now, roles)) for claim in claims)
    live = tuple(claim for claim, how in considered if how in (Standing.GIVES, Standing.OTHER_ROLE))
    giving = tuple(claim for claim, how in considered if how is Standing.GIVES)
    case = Case(subject, action, target, live, giving)
    guards = raised(case)
    allowed = bool(giving) and not guards
    code = ALLOWED if allowed else str(guards[0]) if guards else NO_GRANT
    missing = (
        () if allowed else tuple(sorted(role for role in roles.keys() - HELD_BY_ATTESTRY if action in roles[role]))
    )
    requestable = not allowed and bool(missing) and subject.kind == "person" and not HARD & set(guards)
    return Decision(allowed, code, action, sound(case) if allowed else (), guards, considered, missing, requestable)
