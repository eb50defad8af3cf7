"""Roles and what they allow: the closed list of verbs, and who may be given what by whom."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from audit.refusals import Conflict, Invalid
from governance.access.guards import NEVER_FROM_ONESELF


class Action(StrEnum):
    """Everything anybody may be allowed to do."""

    BROWSE = "browse"
    READ = "read"
    READ_PII = "read_pii"
    REGISTER = "register"
    EDIT = "edit"
    REQUEST = "request"
    APPROVE = "approve"
    CLASSIFY = "classify"
    WAIVE = "waive"
    MANAGE_ACCESS = "manage_access"
    AUDIT = "audit"
    EXPORT = "export"
    POLICY = "policy"
    ADMIN = "admin"
    INGEST = "ingest"
    EVALUATE = "evaluate"


A = Action
_LOOK = frozenset({A.BROWSE, A.READ})
_CONTRIBUTE = _LOOK | {A.READ_PII, A.REGISTER, A.EDIT, A.REQUEST}

ROLES: dict[str, frozenset[Action]] = {
    "viewer": _LOOK,
    "contributor": _CONTRIBUTE,
    "owner": _CONTRIBUTE | {A.CLASSIFY, A.MANAGE_ACCESS},
    "approver": _LOOK | {A.READ_PII, A.APPROVE},
    "compliance_officer": _LOOK | {A.READ_PII, A.APPROVE, A.CLASSIFY, A.WAIVE, A.AUDIT, A.EXPORT, A.POLICY},
    "auditor": _LOOK | {A.READ_PII, A.AUDIT, A.EXPORT},
    "admin": _LOOK | {A.MANAGE_ACCESS, A.ADMIN},
    "ingest": frozenset({A.INGEST}),
    "register": _LOOK | {A.REGISTER},
    "request": _LOOK | {A.REQUEST},
    "deploy": frozenset({A.BROWSE, A.EVALUATE}),
    "system": _CONTRIBUTE | {A.CLASSIFY, A.INGEST, A.AUDIT, A.EXPORT},
    "operator": _LOOK | {A.MANAGE_ACCESS, A.ADMIN, A.AUDIT, A.EXPORT},
}
SERVICE_ROLES = frozenset({"ingest", "register", "request", "deploy", "viewer", "auditor"})
"""Roles a service account may hold: none of them decides anything."""
HELD_BY_ATTESTRY = frozenset({"system", "operator"})
"""Roles nobody can be granted."""


def roles_that_may(action: str) -> list[str]:
    """Return the roles that allow `action`; none for a verb that does not exist."""
    return sorted(role for role, actions in ROLES.items() if action in actions)


HIGH = frozenset({A.APPROVE, A.WAIVE, A.AUDIT, A.EXPORT, A.POLICY, A.ADMIN})
"""What only an administrator may hand out: whoever merely owns a place must not pick its judges."""
ERASED = "@erased.invalid"
"""The end of the address that takes the place of an erased person's own."""
DEEPEST = 6
NAME, REASON = 150, 500


@dataclass(frozen=True)
class NewPerson:
    """Somebody to add."""

    name: str
    email: str
    language: str = ""


@dataclass(frozen=True)
class Gift:
    """A role to give: to whom, where, why, and from when until when (`None`: now, and without end)."""

    principal_id: UUID
    role: str
    scope_id: UUID
    reason: str
    object_id: UUID | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Holders:
    """Who a grant would be held by: its kind (`person`, `service`, `group`) and every person behind it."""

    kind: str
    people: frozenset[UUID]
    active: bool = True


class Asking(Protocol):
    """Whoever acts, as far as these rules care."""

    @property
    def principal_id(self) -> UUID:
        """Who they are."""

    @property
    def on_behalf_of(self) -> UUID | None:
        """Whose machine they are."""


def themselves(actor: Asking) -> frozenset[UUID]:
    """Return the principals an actor stands for: itself, and the owner of a service account."""
    return frozenset({actor.principal_id, *([actor.on_behalf_of] if actor.on_behalf_of else [])})


def needs_admin(roles: Iterable[str]) -> bool:
    """Return whether handing out any of these roles takes an administrator."""
    return any(ROLES.get(role, frozenset()) & HIGH for role in roles)


def check_grantable(role: str) -> None:
    """Refuse a role that does not exist, or that only Attestry itself holds."""
    if role not in ROLES or role in HELD_BY_ATTESTRY:
        raise Invalid("access.no_such_role", role=role)


def check_gift(gift: Gift, holders: Holders, givers: frozenset[UUID], now: datetime) -> None:
    """Refuse a grant that nobody may give: see the services that use it for the list."""
    check_grantable(gift.role)
    clean_reason(gift.reason)
    if not holders.active:
        raise Invalid("access.holder_inactive")
    if holders.kind == "service" and gift.role not in SERVICE_ROLES:
        raise Invalid("access.role_not_for_services", role=gift.role)
    if holders.kind == "system":
        raise Invalid("access.attestry_itself")
    check_not_own_gain(givers & holders.people, {gift.role})
    if gift.expires_at is not None and gift.expires_at <= max(now, gift.not_before or now):
        raise Invalid("access.ends_before_it_starts")


def check_not_own_gain(gaining: frozenset[UUID], roles: Iterable[str]) -> None:
    """Refuse when those who give are among those who gain a role that decides anything or shows personal data."""
    if gaining and any(ROLES.get(role, frozenset()) & NEVER_FROM_ONESELF for role in roles):
        raise Invalid("access.own_grant")


def check_outside(kind: str) -> None:
    """Refuse to touch Attestry's own principals."""
    if kind == "system":
        raise Invalid("access.attestry_itself")


def check_not_erased(email: str) -> None:
    """Refuse to let somebody back in whose name and address were erased."""
    if email.endswith(ERASED):
        raise Conflict("access.erased")


def check_not_last_admin(person_id: UUID, administrators: set[UUID]) -> None:
    """Refuse to lose the last person who administers the organisation."""
    if administrators == {person_id}:
        raise Invalid("access.last_admin")


def checked_person(person: NewPerson) -> NewPerson:
    """Return the person with a clean name and address; refused when either is no such thing."""
    email = unicodedata.normalize("NFKC", person.email).strip().lower()
    if email.count("@") != 1 or not email.isprintable() or " " in email or len(email) > 254 or email != _plain(email):
        raise Invalid("access.bad_email")
    if email.endswith(".invalid"):
        raise Invalid("access.bad_email")
    return NewPerson(clean_name(person.name), email, person.language)


def checked_place(parent_kind: str, parent_path: str, kind: str, name: str) -> str:
    """Return the clean name of a new scope; refused where the tree does not allow one."""
    if kind not in ("team", "project") or parent_kind == "project":
        raise Invalid("access.scope_kind", kind=kind, parent=parent_kind)
    if parent_path.count("/") + 1 >= DEEPEST:
        raise Invalid("access.too_deep", deepest=DEEPEST)
    clean = clean_name(name)
    if "/" in clean or len(clean) > 90 or clean in (".", ".."):
        raise Invalid("access.bad_name")
    return clean


def clean_name(name: str) -> str:
    """Return a name in NFC without outer or double spaces; refused when empty, too long, or with hidden characters."""
    clean = " ".join(unicodedata.normalize("NFC", name).split())
    if not clean or len(clean) > NAME or clean != _plain(clean):
        raise Invalid("access.bad_name")
    return clean


def clean_reason(reason: str) -> str:
    """Return a reason without outer spaces; refused when there is none or it has more than 500 characters."""
    clean = unicodedata.normalize("NFC", reason).strip()
    if not clean or len(clean) > REASON:
        raise Invalid("access.reason_needed", most=REASON)
    return clean


def told(gift: Gift) -> dict[str, str]:
    """Return what the log says in the open about a grant."""
    said = {"role": gift.role}
    if gift.object_id is not None:
        said["object"] = str(gift.object_id)
    if gift.expires_at is not None:
        said["expires_at"] = gift.expires_at.isoformat()
    return said


def _plain(text: str) -> str:
    """Return the text without control, format and direction characters, which make two names look alike."""
    return "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
