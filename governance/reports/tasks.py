"""Errands of reports."""

from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import IO

from django.utils.translation import gettext_noop

from audit.actor import Actor, Forbidden, NotSeen, system
from governance.reports import forms, pack, past, register, selectors, services
from governance.reports.models import Report
from jobs.tasks import Work, errand

MAKERS: Mapping[str, forms.Maker] = {**forms.MAKERS, "zip": pack.write}
"""What writes each format of a report."""


@errand("reports.build", long=True)
def build(work: Work, report_id: str) -> None:
    """Make the body of a report with the rights that whoever asked has now; safe to repeat."""
    report = selectors.by_id(report_id)
    if report is None or report.state != Report.State.QUEUED:
        return
    actor = Actor(report.principal_id, report.principal_kind, "system")
    work.progress(0.1, gettext_noop("reading"))
    try:
        with TemporaryFile() as body:
            _write(actor, report, body)
            work.progress(0.9, gettext_noop("writing"))
            services.publish(actor=actor, report=report, body=body, now=work.now())
    except (Forbidden, NotSeen) as refusal:
        services.give_up(actor=system(), report=report, code=refusal.code, now=work.now())


def _write(actor: Actor, report: Report, out: IO[bytes]) -> None:
    if report.kind == "pii":
        out.write(register.body(actor, report))
    else:
        MAKERS[report.format](forms.read(actor, report), out)


@errand("reports.replay", long=True)
def replay(work: Work) -> None:
    """Rebuild what is live from the log's entries, compare it with the tables, and record what differs."""
    found = past.compare()
    services.note_replay(actor=system(), found=found, now=work.now())
    work.progress(1, f"{found.requests} requests, {len(found.differences)} differences")
