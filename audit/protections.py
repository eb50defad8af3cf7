"""Which protections are in force here, looked up now and not remembered, and which attacks each one resists."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from audit import authorizer, fence, keys, roles, selectors, sidecar, strength, triggers
from audit.checkpoint import verify
from audit.models import Anchor, Cosignature
from audit.refusals import Refused

RECENT = timedelta(days=31)
CO_SIGNED, VERIFIED = timedelta(hours=1), timedelta(days=2)
"""How old the word of a witness or of an authority may be, and the last verification."""


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
        Protection("event_triggers", fence.standing(), connection.vendor),
        Protection("authorizer", authorizer.standing(connection), connection.vendor),
        _signed(now),
        _memory(),
        Protection("key_file", keys.is_private()),
        Protection("key_elsewhere", active=False),
        _witnessed(now),
        _stamped(now),
        _exported(now),
        _verified(now),
        Protection("prompt", not selectors.late(now)),
    ]


def strength_told(now: datetime) -> dict[str, Any]:
    """The protections and what they are worth, as JSON."""
    found = now_in_force(now)
    active = {each.code for each in found if each.active}
    return {
        "prevention": strength.prevention(active),
        "detection": strength.detection(active),
        "protections": [vars(each) for each in found],
        "attacks": [asdict(each) for each in strength.attacks(active)],
    }


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


def _witnessed(now: datetime) -> Protection:
    """A witness co-signed lately, or has co-signed the newest state there is."""
    names = {row.witness for row in Cosignature.objects.filter(size=selectors.published())}
    names |= {row.witness for row in Cosignature.objects.filter(at__gt=now - CO_SIGNED)[:100]}
    return Protection("witnesses", bool(names), str(len(names)))


def _stamped(now: datetime) -> Protection:
    last = Anchor.objects.order_by("-size").first()
    fresh = last is not None and (last.size == selectors.published() or last.at > now - RECENT)
    return Protection("timestamps", fresh, str(last.size) if last else "")


def _verified(now: datetime) -> Protection:
    last = selectors.last_verification()
    good = last is not None and last.faults == 0 and last.at > now - VERIFIED
    return Protection("verified", good, str(last.faults) if last else "")
