"""Reads of environments and of the policies in force."""

from uuid import UUID

from audit.actor import Actor, NotSeen, visible
from governance.policies.models import Environment, Policy


def environments_for(actor: Actor) -> list[Environment]:
    """Return the environments, in their order, to anyone who may browse anything."""
    return list(Environment.objects.order_by("position")) if may_look(actor) else []


def may_look(actor: Actor) -> bool:
    """Whether the actor may browse any scope: what a stage asks for is no secret to those who work here."""
    return visible(actor).scope_ids.exists() or visible(actor).object_ids.exists()


def environment_named(name: str) -> Environment:
    """Return the environment of that name; refused when there is none."""
    found = Environment.objects.filter(name=name).first()
    if found is None:
        raise NotSeen("policies.no_environment", name=name[:60])
    return found


def current(environment: Environment) -> Policy:
    """Return the newest policy of an environment; refused when nothing was published for it."""
    found = environment.policies.order_by("-number").first()
    if found is None:
        raise NotSeen("policies.none_published", name=environment.name)
    return found


def policies_for(actor: Actor) -> list[Policy]:
    """Return every published policy, by environment and newest first."""
    rows = Policy.objects.select_related("environment").order_by("environment__position", "-number")
    return list(rows) if may_look(actor) else []


def policy_seen_by(actor: Actor, pk: UUID) -> Policy:
    """Return a policy; refused when it does not exist or they may look at nothing."""
    found = Policy.objects.select_related("environment").filter(pk=pk).first() if may_look(actor) else None
    if found is None:
        raise NotSeen("not_seen", what="policy")
    return found
