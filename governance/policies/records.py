"""The environments and starter policies a new house begins with, and the write that publishes a policy."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from audit.actor import SYSTEM_ID, Conflict
from governance.access import selectors as access
from governance.policies.models import Environment, Policy
from governance.policies.rules import policy_digest

STAGES = (("staging", "challenger"), ("production", "champion"))
HIGHER_IS_BETTER = {"auc": "0.70", "f1": "0.30", "roc_auc": "0.70"}
STARTERS: Mapping[str, dict[str, Any]] = {
    "staging": {
        "v": 1,
        "checks": [
            {"check": "artifact", "blocks": True},
            {"check": "metrics", "blocks": False, "minimum": HIGHER_IS_BETTER},
            {"check": "lineage", "blocks": False},
            {"check": "pii", "blocks": False},
        ],
        "rules": [
            {
                "name": "compliance",
                "role": "compliance_officer",
                "needed": 1,
                "reviews": ["artifact", "metrics", "lineage", "pii"],
            }
        ],
        "rejection": "changes_requested",
        "validity": {"request_days": 30, "decision_days": 14, "apply_hours": 72},
    },
    "production": {
        "v": 1,
        "checks": [
            {"check": "artifact", "blocks": True},
            {"check": "metrics", "blocks": True, "minimum": HIGHER_IS_BETTER},
            {"check": "baseline", "blocks": True, "tolerance": "0.05"},
            {"check": "lineage", "blocks": True},
            {"check": "pii", "blocks": True},
            {"check": "pii_upstream", "blocks": False},
            {"check": "card", "blocks": True},
        ],
        "rules": [
            {
                "name": "compliance",
                "role": "compliance_officer",
                "needed": 2,
                "reviews": ["artifact", "metrics", "lineage", "pii", "card"],
            }
        ],
        "rejection": "rejected",
        "validity": {"request_days": 30, "decision_days": 14, "apply_hours": 72},
    },
}


def found(now: datetime) -> None:
    """Make the environments and publish their starter policies; does nothing where they exist."""
    root = access.root()
    for position, (name, alias) in enumerate(STAGES, 1):
        environment, made = Environment.objects.get_or_create(
            name=name, defaults={"alias": alias, "position": position, "scope": root}
        )
        if made:
            publish(environment, STARTERS[name], SYSTEM_ID, now)


def publish(environment: Environment, body: Mapping[str, Any], by: UUID, now: datetime) -> Policy:
    """Keep a policy for good as the newest of its environment; refused when another was published meanwhile."""
    last = environment.policies.order_by("-number").values_list("number", flat=True).first() or 0
    try:
        with transaction.atomic():
            return Policy.objects.create(
                environment=environment,
                number=last + 1,
                body=dict(body),
                digest=policy_digest(body),
                scope_id=environment.scope_id,
                published_by=by,
                published_at=now,
            )
    except IntegrityError as error:
        raise Conflict("policies.published_meanwhile", name=environment.name) from error
