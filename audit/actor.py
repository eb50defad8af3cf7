"""Who acts, and the two questions every lower floor may ask: *may they?* and *which ones?*

The answers come from above through ports: `require` asks Django's `has_perm`, which an authentication backend
answers, and `visible` and `home_scope` call what the settings name. So lower floors import only this module.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from audit.refusals import Conflict, Forbidden, Invalid, Malformed, NotSeen, NotSignedIn, Refused, Unavailable

__all__ = [
    "ANONYMOUS",
    "OPERATOR_ID",
    "SYSTEM_ID",
    "Actor",
    "Conflict",
    "Forbidden",
    "Invalid",
    "Malformed",
    "NotSeen",
    "NotSignedIn",
    "Refused",
    "Scoped",
    "Unavailable",
    "Visible",
    "home_scope",
    "operator",
    "require",
    "require_home",
    "scopes_seen",
    "system",
    "visible",
]

SYSTEM_ID = UUID("00000000-0000-4000-8000-000000000001")
OPERATOR_ID = UUID("00000000-0000-4000-8000-000000000002")


@dataclass(frozen=True)
class Actor:
    """Who acts now: a principal, what kind it is, and how we know (`session`, `token`, `system`, `operator`)."""

    principal_id: UUID
    kind: str
    via: str
    on_behalf_of: UUID | None = None
    token_id: UUID | None = None


ANONYMOUS = Actor(UUID(int=0), "anonymous", "anonymous")


def system() -> Actor:
    """Return Attestry itself, which holds grants like anyone and never approves."""
    return Actor(SYSTEM_ID, "system", "system")


def operator() -> Actor:
    """Return whoever runs commands on the server; holds grants like anyone and never approves."""
    return Actor(OPERATOR_ID, "system", "operator")


class Scoped(Protocol):
    """A governed row: whatever has a place in the scope tree."""

    @property
    def scope_id(self) -> UUID | None:
        """The one scope it belongs to."""


@dataclass(frozen=True)
class Visible:
    """Subqueries of the scopes and objects an actor may act on, for use inside any floor's SQL."""

    scope_ids: QuerySet[Any, Any]
    object_ids: QuerySet[Any, Any]

    def q(self, scope: str = "scope_id", pk: str = "") -> Q:
        """Return the condition that keeps only what they see; name `pk` where the rows' own ids can be granted."""
        condition = Q(**{f"{scope}__in": self.scope_ids})
        return condition | Q(**{f"{pk}__in": self.object_ids}) if pk else condition


def require(actor: Actor, action: str, row: Scoped | None) -> None:
    """Refuse unless `actor` may do `action` to `row` (`None`: to the whole organisation), as of the database's now.

    The principal goes by its id alone: whoever answers reads the rest, and reads it now.
    """
    if actor.kind == "anonymous":
        raise NotSignedIn("access.not_signed_in")
    principal = get_user_model()(pk=actor.principal_id)
    if not principal.has_perm(action, cast("Any", row)):
        raise Forbidden("access.not_allowed", action=action)


def _port(name: str) -> Callable[..., Any]:
    return cast("Callable[..., Any]", import_string(settings.ATTESTRY_PORTS[name]))


def visible(actor: Actor, action: str = "browse") -> Visible:
    """Return which scopes and objects `actor` may do `action` to; empty for strangers."""
    return cast("Visible", _port("visible")(actor, action))


def scopes_seen(actor: Actor, action: str = "browse") -> Collection[UUID]:
    """Return the scopes themselves that `visible` names, for whoever asks many statements about them."""
    return cast("Collection[UUID]", _port("scopes_seen")(actor, action))


def home_scope(actor: Actor, action: str) -> UUID:
    """Return the scope of the actor's own grant for `action`, where what they bring along appears.

    Refused when they hold no such grant, or may not do it there; the grant highest in the tree wins when there are
    several.
    """
    return cast("UUID", _port("home_scope")(actor, action))


def require_home(actor: Actor, action: str) -> UUID:
    """Refuse unless `actor` may do `action` in the scope of their own grant for it, and return that scope."""
    if actor.kind == "anonymous":
        raise NotSignedIn("access.not_signed_in")
    return home_scope(actor, action)
