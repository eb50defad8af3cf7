"""Errands of the log: what has to wait for somebody outside."""

import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop

from audit import anchor, delivery, outside, records, services, sinks, trails, verify, witness
from audit.actor import system
from audit.refusals import Unavailable
from jobs.records import enqueue
from jobs.tasks import Away, Work, errand

ENDS_PINNED_EVERY = 24 * 3600.0
WITNESSED_EVERY, STAMP_LOOKED_FOR_EVERY, COLLECTED_EVERY = 30.0, 600.0, 5.0
READINGS_CLOSED_EVERY = 300.0
STAMPED_EVERY = timedelta(hours=24)
AGAIN = timedelta(seconds=30)


def clock() -> dict[str, tuple[float, str]]:
    """The lines of the clock table that the settings ask for."""
    always = {
        "audit.verify": (settings.AUDIT_VERIFY_HOURS * 3600.0, "audit.verify"),
        "audit.readings": (READINGS_CLOSED_EVERY, "audit.readings"),
        "audit.pin_ends": (ENDS_PINNED_EVERY, "audit.pin_ends"),
    }
    witnesses = {"audit.witness": (WITNESSED_EVERY, "audit.witness")} if settings.AUDIT_WITNESSES else {}
    stamps = {"audit.anchor": (STAMP_LOOKED_FOR_EVERY, "audit.anchor")} if settings.AUDIT_TSA_URL else {}
    collectors = {"audit.sinks": (COLLECTED_EVERY, "audit.sinks")} if settings.AUDIT_SINKS else {}
    return always | witnesses | stamps | collectors


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
            raise Away(gettext_noop("The time-stamp authority does not answer."), timedelta(minutes=10)) from away


@errand("audit.sinks")
def owe_sinks(_work: Work) -> None:
    """Owe each sink the entries that it does not have yet."""
    with transaction.atomic():
        for name in delivery.behind():
            enqueue("audit.deliver", name, dedupe_key=f"audit.deliver:{name}")


@errand("audit.deliver")
def deliver(work: Work, name: str) -> None:
    """Bring a sink as far as a few batches go; the next round owes the rest. Waits while the sink is away."""
    sink = next((each for each in sinks.configured() if each.name == name), None)
    if sink is None:
        return
    for _ in range(delivery.BATCHES):
        try:
            if delivery.deliver(sink, work.now()) < delivery.BATCH:
                return
        except Unavailable as refusal:
            records.undelivered(name, str(refusal.params.get("why", refusal.code)), work.now())
            raise Away(f"{name}: {refusal.params.get('why', refusal.code)}", AGAIN) from refusal


@errand("audit.pin_ends", long=True)
def pin_ends(work: Work) -> None:
    """Record a root over the ends of all subjects, when the log grew since the last time."""
    size = trails.due()
    if size:
        services.pin_ends(actor=system(), size=size, now=work.now())


@errand("audit.readings")
def close_readings(work: Work) -> None:
    """Record how often readings of the log whose time is over were repeated."""
    while services.close_readings(actor=system(), now=work.now()):
        pass


@errand("audit.verify", long=True)
def verify_database(work: Work) -> None:
    """Verify the whole log in the database and record what was found; remembers nothing from the time before."""
    begun = time.monotonic()
    report = verify.database()
    took = round((time.monotonic() - begun) * 1000)
    services.note_verification(actor=system(), report=report, milliseconds=took, now=work.now())
    work.progress(1, f"{report.size} entries, {len(report.faults)} faults")
