"""What people may do with reports: ask for one, take it away; and what the errand does for them."""

from datetime import datetime
from hashlib import sha256
from typing import IO
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actor import Actor, require
from audit.leaf import LOG
from audit.records import put_blob
from audit.refusals import Conflict
from governance.reports import rules, selectors
from governance.reports.models import Report
from governance.reports.past import Comparison
from governance.reports.rules import Asking
from jobs import records as jobs

MOST_NAMED = 50
"""Differing rows that an entry names; the command names them all."""


@transaction.atomic(durable=True)
def ask(*, actor: Actor, asking: Asking, now: datetime) -> Report:
    """Owe `actor` a report; whoever may see the model version, or the scope, and export from there may ask.

    Refused: kinds and formats that cannot be made, and a time that has not come.
    """
    subject = selectors.subject_of(actor, asking)
    require(actor, "export", subject.row)
    rules.check(asking, now)
    report = Report.objects.create(
        kind=asking.kind,
        subject=asking.subject,
        title=subject.title,
        format=asking.form,
        as_of=asking.as_of or now,
        scope_id=subject.scope_id,
        principal_id=actor.principal_id,
        principal_kind=actor.kind,
        created_at=now,
    )
    about = {"kind": report.kind, "format": report.format, "as_of": report.as_of.isoformat()}
    subjects = [f"report:{report.pk}", report.about]
    log.append(actor=actor, action="report.requested", subjects=subjects, at=now, scope_id=report.scope_id, about=about)
    report.job_id = jobs.enqueue("reports.build", str(report.pk), dedupe_key=f"reports.build:{report.pk}").pk
    report.save(update_fields=["job_id"])
    return report


@transaction.atomic(durable=True)
def publish(*, actor: Actor, report: Report, body: IO[bytes], now: datetime) -> None:
    """Keep the body of a report, from a file, under its digest; `actor` is who asked, and must still be allowed to."""
    require(actor, "export", report)
    digest, size, parts = _kept(body)
    ready = {"state": Report.State.READY, "digest": digest, "size": size, "parts": parts}
    waiting = Report.objects.filter(pk=report.pk, state=Report.State.QUEUED)
    if not waiting.update(**ready, finished_at=now, error=""):
        raise Conflict("reports.already_made")
    subjects = [f"report:{report.pk}", report.about]
    about = {"digest": digest, "size": size}
    log.append(actor=actor, action="report.made", subjects=subjects, at=now, scope_id=report.scope_id, about=about)


@transaction.atomic(durable=True)
def give_up(*, actor: Actor, report: Report, code: str, now: datetime) -> None:
    """Note that a report was not made and why; Attestry itself does, when the one who asked no longer may."""
    require(actor, "export", report)
    Report.objects.filter(pk=report.pk, state=Report.State.QUEUED).update(
        state=Report.State.FAILED, error=code, finished_at=now
    )
    log.append(
        actor=actor,
        action="report.refused",
        subjects=[f"report:{report.pk}"],
        at=now,
        scope_id=report.scope_id,
        about={"code": code},
        outcome="denied",
    )


@transaction.atomic(durable=True)
def deliver(*, actor: Actor, pk: UUID, now: datetime) -> Report:
    """Note in the log that `actor` takes the report away, and return it; its body is sent only after that."""
    report = selectors.report_seen_by(actor, pk)
    require(actor, "export", report)
    if report.state != Report.State.READY:
        raise Conflict("reports.not_ready", state=report.state)
    log.append(
        actor=actor,
        action="report.exported",
        subjects=[f"report:{report.pk}", report.about],
        at=now,
        scope_id=report.scope_id,
        about={"digest": report.digest, "format": report.format, "size": report.size},
    )
    return report


@transaction.atomic(durable=True)
def note_replay(*, actor: Actor, found: Comparison, now: datetime) -> None:
    """Record whether the tables agree with the log, with the first rows that do not; for organisation-wide auditors."""
    require(actor, "audit", None)
    agrees = not found.differences
    log.append(
        actor=actor,
        action="audit.replay_agrees" if agrees else "audit.replay_differs",
        subjects=[LOG],
        at=now,
        outcome="success" if agrees else "failure",
        about={
            "entries": found.entries,
            "requests": found.requests,
            "pruned": found.pruned,
            "differences": len(found.differences),
            "rows": [each._asdict() for each in found.differences[:MOST_NAMED]],
        },
    )


def _kept(body: IO[bytes]) -> tuple[str, int, list[str]]:
    """Keep a file part by part; return its digest, its size and the digests of its parts."""
    whole, size, parts = sha256(), 0, list[str]()
    body.seek(0)
    while part := body.read(rules.PART):
        whole.update(part)
        size += len(part)
        parts.append(put_blob(part))
    return f"sha256:{whole.hexdigest()}", size, parts
