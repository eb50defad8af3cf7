"""Roles and what they allow: the closed list of verbs."""

from enum import StrEnum


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
