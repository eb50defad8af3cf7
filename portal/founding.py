"""What must exist before anybody signs in: each room founds its own, in order, again and again without harm."""

from datetime import datetime

from django.db import transaction

from governance.access import records as access
from governance.policies import records as policies
from governance.registries import records as registries


@transaction.atomic
def found(now: datetime) -> None:
    """Found every room as of `now`; does nothing where it was done."""
    access.found(now)
    policies.found(now)
    registries.found(now)
