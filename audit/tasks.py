"""Errands of the log: what has to wait for somebody outside."""

from datetime import timedelta

from django.conf import settings

from audit import anchor, outside, witness
from audit.refusals import Unavailable
from jobs.tasks import Away, Work, errand

WITNESSED_EVERY, STAMP_LOOKED_FOR_EVERY = 30.0, 600.0
STAMPED_EVERY = timedelta(hours=24)


def clock() -> dict[str, tuple[float, str]]:
    """The lines of the clock table that the settings ask for."""
    witnesses = {"audit.witness": (WITNESSED_EVERY, "audit.witness")} if settings.AUDIT_WITNESSES else {}
    stamps = {"audit.anchor": (STAMP_LOOKED_FOR_EVERY, "audit.anchor")} if settings.AUDIT_TSA_URL else {}
    return witnesses | stamps


@errand("audit.witness")
def show_witnesses(work: Work) -> None:
    """Show the newest checkpoint to every witness; one that does not answer keeps nobody else from being asked."""
    silent = []
    for each in witness.named():
        try:
            witness.ask(each, work.now())
        except Unavailable:
            return
        except outside.NoAnswer:
            silent.append(each.vkey.name)
    if silent:
        raise Away(f"No answer from {', '.join(silent)}.")


@errand("audit.anchor")
def stamp(work: Work) -> None:
    """Have the newest checkpoint stamped once a day, when the log grew."""
    if anchor.due(work.now(), STAMPED_EVERY):
        try:
            anchor.stamp(settings.AUDIT_TSA_URL, work.now())
        except Unavailable as away:
            raise Away("The time-stamp authority does not answer.", timedelta(minutes=10)) from away
