"""Which protections are in force here, looked up now and not remembered, and which attacks each one resists."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from audit import keys, roles, selectors, sidecar, triggers
from audit.checkpoint import verify
from audit.refusals import Refused

RECENT = timedelta(days=31)


@dataclass(frozen=True)
class Protection:
    """One protection by its code, and whether it is in force; `detail` is a number or name the sentence needs."""

    code: str
    active: bool
    detail: str = ""


def now_in_force(now: datetime) -> list[Protection]:
    """Every protection there could be, those that are missing included."""
    missing = set(triggers.expected(connection.vendor)) - triggers.standing(connection)
    return [
        Protection("guards", not missing, str(len(missing))),
        Protection("roles", roles.separate(), connection.vendor),
        _signed(now),
        _memory(),
        Protection("key_file", keys.is_private()),
        _exported(now),
        Protection("key_elsewhere", active=False),
        Protection("witnesses", active=False),
        Protection("timestamps", active=False),
    ]


def _signed(now: datetime) -> Protection:
    try:
        checkpoint = selectors.latest()
        verify(checkpoint.note, keys.verifier())
    except Refused:
        return Protection("signed", active=False)
    return Protection("signed", selectors.health(now).well, str(checkpoint.size))


def _memory() -> Protection:
    try:
        signed = sidecar.recall()
    except Refused:
        return Protection("memory", active=False)
    return Protection("memory", signed is not None and selectors.hindrance() is None)


def _exported(now: datetime) -> Protection:
    last = selectors.last_export()
    return Protection("exports", last is not None and last.at > now - RECENT, str(last.size) if last else "")
