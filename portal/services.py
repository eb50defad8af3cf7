"""What people do to the machinery itself."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actor import Actor, NotSeen, require
from audit.leaf import LOG
from audit.refusals import Conflict
from jobs import records, selectors
from jobs.models import Job
from portal import configuration


@transaction.atomic(durable=True)
def retry_job(*, actor: Actor, pk: UUID, now: datetime) -> Job:
    """Queue a job that was given up again, from its first attempt; refused while it is anything but dead."""
    job = selectors.job(pk)
    if job is None:
        raise NotSeen("not_seen")
    require(actor, "admin", None)
    if not records.retry(str(job.pk), now):
        raise Conflict("jobs.not_dead", state=job.state)
    log.append(actor=actor, action="job.retried", subjects=[f"job:{job.pk}"], at=now, about={"kind": job.kind})
    return job


@transaction.atomic(durable=True)
def note_start(*, actor: Actor, version: str, digests: Mapping[str, str], now: datetime) -> None:
    """Record that a worker began to keep the log, and what changed since the last: version, settings by name."""
    require(actor, "audit", None)
    log.append(actor=actor, action="audit.log_started", subjects=[LOG], at=now, about={"version": version})
    before = configuration.last_told("portal.version_changed").get("to", "")
    if before != version:
        about = {"from": before, "to": version}
        log.append(actor=actor, action="portal.version_changed", subjects=[LOG], at=now, about=about)
    keys = configuration.changed(configuration.last_told("portal.configuration_changed").get("digests", {}), digests)
    if keys:
        told = {"keys": keys, "digests": dict(digests)}
        log.append(actor=actor, action="portal.configuration_changed", subjects=[LOG], at=now, about=told)


@transaction.atomic(durable=True)
def note_stop(*, actor: Actor, now: datetime) -> None:
    """Record that a worker stops keeping the log, of its own accord."""
    require(actor, "audit", None)
    log.append(actor=actor, action="audit.log_stopped", subjects=[LOG], at=now)
