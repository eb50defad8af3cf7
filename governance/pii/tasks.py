"""Owed work of this room: scans, and the end of waivers."""

from dataclasses import replace
from uuid import UUID

from django.conf import settings

from audit.actor import system
from governance.pii import (
    choices,
    copies,
    copying,
    editions,
    measuring,
    namemodels,
    notes,
    records,
    sandbox,
    selectors,
    services,
)
from governance.pii.models import Anonymity, RedactedCopy
from jobs.tasks import Work, errand


@errand("pii.scan", long=True)
def scan(work: Work, scan_id: str) -> None:
    """Scan in a child process and keep the answer; begun again after a crash it scans again, and concludes once."""
    row = selectors.scan(scan_id)
    if row is None or not records.start(row, work.now()):
        return
    row.refresh_from_db(fields=["trial"])
    chosen = (choices.today() if row.trial else choices.counting()).chosen
    orders = replace(_orders(row.path), chosen=chosen.as_json(), model=namemodels.path_of(chosen.names))

    def progress(share: float, stage: str, count: int) -> None:
        records.tell(row, share, stage, count)
        work.progress(share, stage)

    before = selectors.whole_before(row)
    known = before.digest if before is not None else ""
    inline = tuple(notes.lines(UUID(row.path.partition(":")[2]))) if row.path.startswith("version:") else ()
    answer = sandbox.run(replace(orders, seed=row.seed, known=known, inline=inline), progress)
    if answer.same and before is not None:
        answer = sandbox.Answer(selectors.result_of(before))
    services.conclude_scan(actor=system(), scan_id=row.pk, answer=answer, now=work.now())


def _orders(path: str) -> sandbox.Orders:
    """What a child may read to get at a table."""
    return sandbox.Orders(
        path=path,
        roots=tuple(map(str, settings.SCAN_ROOTS)),
        stores=tuple(settings.SCAN_STORES),
        database=settings.SCAN_DATABASES.get(path.removeprefix("sql://").partition("/")[0], ""),
        seed="",
    )


@errand("pii.measure", long=True)
def measure(work: Work, anonymity_id: str) -> None:
    """Count in a child process how many rows are alike, and keep the answer once."""
    row = selectors.anonymity(anonymity_id)
    if row is None or row.state != Anonymity.State.QUEUED:
        return
    orders = replace(_orders(row.path), seed=str(row.pk), quasi=tuple(row.quasi), sensitive=tuple(row.sensitive))
    answer = sandbox.run(orders, lambda share, stage, _count: work.progress(share, stage))
    measuring.conclude_anonymity(actor=system(), anonymity_id=row.pk, answer=answer, now=work.now())


@errand("pii.copy", long=True)
def copy(work: Work, copy_id: str) -> None:
    """Write a redacted copy in a child process, which gets one open file; what is not whole is taken away again."""
    row = selectors.redacted_copy(copy_id)
    if row is None or row.state != RedactedCopy.State.QUEUED:
        return
    with copies.handed_out(row.pk) as (handle, place):
        changes, key = tuple(sorted(row.changes.items())), copies.key()
        orders = replace(_orders(row.source), seed=str(row.pk), out=handle, changes=changes, key=key)
        answer = sandbox.run(orders, lambda share, stage, _count: work.progress(share, stage))
        kept = copies.kept(place, answer)
    copying.conclude_copy(actor=system(), copy_id=row.pk, kept=kept, now=work.now())


@errand("pii.sweep")
def sweep(work: Work) -> None:
    """End the scans whose work was given up, and owe those again that followed other rules than today's."""
    for row in selectors.abandoned():
        answer = sandbox.Answer(None, "pii.given_up")
        services.conclude_scan(actor=system(), scan_id=row.pk, answer=answer, now=work.now())
    for each in selectors.unmeasured():
        answer = sandbox.Answer(None, "pii.given_up")
        measuring.conclude_anonymity(actor=system(), anonymity_id=each.pk, answer=answer, now=work.now())
    for one in selectors.uncopied():
        given_up = copies.Kept(why={"pii.given_up": 1})
        copying.conclude_copy(actor=system(), copy_id=one.pk, kept=given_up, now=work.now())
    for row in selectors.outdated():
        services.scan_again(actor=system(), scan_id=row.pk, now=work.now())


@errand("pii.adopt")
def adopt(work: Work, scan_id: str) -> None:
    """Let a trial count whose rules were accepted."""
    editions.adopt_trial(actor=system(), scan_id=UUID(scan_id), now=work.now())


@errand("pii.expire")
def expire(work: Work, waiver_id: str) -> None:
    """Note that a waiver has run out."""
    services.expire_waiver(actor=system(), waiver_id=UUID(waiver_id), now=work.now())
