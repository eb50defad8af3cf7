"""Writes this room makes inside its callers' transactions."""

from datetime import datetime
from uuid import UUID

from audit.actor import OPERATOR_ID, SYSTEM_ID
from governance.access.models import Grant, Scope, ScopeClosure, User


def found(now: datetime) -> None:
    """Make the organisation, Attestry's own two principals and their grants; does nothing where they exist."""
    root, made = Scope.objects.get_or_create(
        parent=None, kind=Scope.Kind.ORGANISATION, defaults={"name": "Organisation", "path": "org"}
    )
    if made:
        ScopeClosure.objects.create(ancestor=root, descendant=root)
    for pk, name in ((SYSTEM_ID, "system"), (OPERATOR_ID, "operator")):
        _found_principal(pk, name, root, now)


def _found_principal(pk: UUID, name: str, root: Scope, now: datetime) -> None:
    address = f"{name}@attestry.invalid"
    User.objects.get_or_create(
        pk=pk, defaults={"email": address, "name": name.title(), "kind": User.Kind.SYSTEM, "password": "!"}
    )
    if not Grant.objects.filter(principal_id=pk, role=name, scope=root).exists():
        Grant.objects.create(principal_id=pk, role=name, scope=root, granted_by=pk, not_before=now, source="founding")


def place(parent: Scope, kind: str, name: str) -> Scope:
    """Make a scope below `parent`, with its closure; the path is the parent's and the name."""
    scope = Scope.objects.create(parent=parent, kind=kind, name=name, path=f"{parent.path}/{name}")
    above = ScopeClosure.objects.filter(descendant=parent).values_list("ancestor_id", flat=True)
    ScopeClosure.objects.bulk_create(
        [ScopeClosure(ancestor_id=ancestor, descendant=scope) for ancestor in (*above, scope.pk)]
    )
    return scope


def grant(principal_id: UUID, role: str, scope: Scope, by: UUID, now: datetime) -> Grant:
    """Note that `principal_id` holds `role` over `scope` from `now` on."""
    return Grant.objects.create(principal_id=principal_id, role=role, scope=scope, granted_by=by, not_before=now)
