"""Errands of the log: what has to wait for somebody outside."""

from django.conf import settings

from audit import outside, witness
from audit.refusals import Unavailable
from jobs.tasks import Away, Work, errand

WITNESSED_EVERY = 30.0


def clock() -> dict[str, tuple[float, str]]:
    """The lines of the clock table that the settings ask for."""
    return {"audit.witness": (WITNESSED_EVERY, "audit.witness")} if settings.AUDIT_WITNESSES else {}


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
