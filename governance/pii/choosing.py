"""What people choose of the rules of scans: each choice is tried on every dataset before it counts."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from audit import log
from audit.actor import Actor, Conflict, require
from governance.access.rules import Action
from governance.pii import choices, countries, records
from governance.pii.choices import Choice


@transaction.atomic(durable=True)
def choose_countries(*, actor: Actor, codes: Sequence[str], seen: int, now: datetime) -> Choice:
    """Choose the countries whose telephone numbers are known without a country code.

    For those who may waive anywhere. `seen` is the number of the choices they looked at. Unknown codes are refused, and
    so is what changes nothing.
    """
    require(actor, Action.WAIVE, None)
    before = choices.today().chosen
    chosen = before.in_countries(codes, countries.possible())
    if chosen == before:
        raise Conflict("pii.chosen_already")
    rules = records.keep_choices(chosen, seen, actor, now)
    log.append(
        actor=actor, action="rules.chosen", subjects=[rules.subject], at=now,
        about={
            "ruleset": rules.digest, "choices": seen + 1, "part": "countries",
            "added": [code for code in chosen.countries if code not in before.countries],
            "removed": [code for code in before.countries if code not in chosen.countries],
        },
    )  # fmt: skip
    return choices.today()
