"""What people choose of the rules of scans: each choice is tried on every dataset before it counts."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from audit import log
from audit.actor import Actor, Conflict, require
from governance.access.rules import Action
from governance.pii import choices, countries, namemodels, records
from governance.pii.choices import Choice
from governance.pii.chosen import Own
from governance.pii.models import Ruleset


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


@transaction.atomic(durable=True)
def add_recogniser(*, actor: Actor, own: Own, seen: int, now: datetime) -> Choice:
    """Look for an entity of one's own too.

    For those who may waive anywhere. `seen` is the number of the choices they looked at. Refused when one is called the
    same already, or when there are too many.
    """
    require(actor, Action.WAIVE, None)
    before = choices.today().chosen
    if any(each.entity == own.entity for each in before.own):
        raise Conflict("pii.own_label_taken")
    rules = records.keep_choices(before.with_own(own), seen, actor, now)
    log.append(actor=actor, action="rules.chosen", at=now, **_told(rules, seen, own, "added"))
    return choices.today()


@transaction.atomic(durable=True)
def change_recogniser(*, actor: Actor, own: Own, seen: int, now: datetime) -> Choice:
    """Look for an entity of one's own in another way; refused where that changes nothing."""
    require(actor, Action.WAIVE, None)
    before = choices.today().chosen
    if before.recogniser(own.entity) == own:
        raise Conflict("pii.chosen_already")
    rules = records.keep_choices(before.with_own(own), seen, actor, now)
    log.append(actor=actor, action="rules.chosen", at=now, **_told(rules, seen, own, "changed"))
    return choices.today()


def _told(rules: Ruleset, seen: int, own: Own, done: str) -> dict[str, Any]:
    """What an entry says of a recogniser: its patterns, which might quote somebody, stand outside of it."""
    return {
        "subjects": [rules.subject],
        "about": {"ruleset": rules.digest, "choices": seen + 1, "part": "recognisers", done: [own.entity]},
        "private": {"definition": json.dumps(asdict(own), ensure_ascii=False)},
    }


@transaction.atomic(durable=True)
def drop_recogniser(*, actor: Actor, entity: str, seen: int, now: datetime) -> Choice:
    """Look for an entity of one's own no more; what was found stays found until other rules count."""
    require(actor, Action.WAIVE, None)
    rules = records.keep_choices(choices.today().chosen.without_own(entity), seen, actor, now)
    log.append(
        actor=actor, action="rules.chosen", subjects=[rules.subject], at=now,
        about={"ruleset": rules.digest, "choices": seen + 1, "part": "recognisers", "removed": [entity]},
    )  # fmt: skip
    return choices.today()


@transaction.atomic(durable=True)
def choose_names(*, actor: Actor, model: str, seen: int, now: datetime) -> Choice:
    """Choose the language model that looks for names in free text, by its name and version, or none.

    For those who may waive anywhere. Refused when it is not installed here.
    """
    require(actor, Action.WAIVE, None)
    before = choices.today().chosen
    chosen = before.with_names(model, (each.title for each in namemodels.installed()))
    if chosen == before:
        raise Conflict("pii.chosen_already")
    rules = records.keep_choices(chosen, seen, actor, now)
    log.append(
        actor=actor, action="rules.chosen", subjects=[rules.subject], at=now,
        about={"ruleset": rules.digest, "choices": seen + 1, "part": "names_model", "added": [model] if model else [],
               "removed": [before.names] if before.names else []},
    )  # fmt: skip
    return choices.today()
