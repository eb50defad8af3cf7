"""What somebody may do with policies: publish the next one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from audit import log
from audit.actor import Actor, Conflict, require
from governance.access.rules import ROLES
from governance.policies import records, selectors
from governance.policies.models import Policy
from governance.policies.rules import understand


@transaction.atomic(durable=True)
def publish(*, actor: Actor, environment: str, after: int, body: Mapping[str, Any], now: datetime) -> Policy:
    """Publish the next policy of an environment; requests that are already open keep the one they were made under.

    `after` is the number of the policy they were looking at: refused when it is not the newest any more. Refused too
    when the body makes no sense, has no approval rule, or asks for a role that may not approve.
    """
    place = selectors.environment_named(environment)
    require(actor, "policy", place)
    understand(body, [role for role, actions in ROLES.items() if "approve" in actions])
    before = selectors.current(place)
    if before.number != after:
        raise Conflict("policies.published_meanwhile", name=place.name)
    policy = records.publish(place, body, actor.principal_id, now)
    log.append(
        actor=actor,
        action="policy.published",
        subjects=[f"policy:{policy.pk}", f"environment:{place.pk}"],
        at=now,
        scope_id=policy.scope_id,
        about={"environment": place.name, "number": policy.number, "digest": policy.digest, "before": before.digest},
    )
    return policy
