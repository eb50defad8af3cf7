"""What people do to the machinery itself."""

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
from portal.configuration import Found


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
def note_start(*, actor: Actor, version: str, now: datetime) -> None:
    """Record that a worker began to keep the log."""
    require(actor, "audit", None)
    log.append(actor=actor, action="audit.log_started", subjects=[LOG], at=now, about={"version": version})


@transaction.atomic(durable=True)
def note_configuration(*, actor: Actor, found: Found, now: datetime) -> None:
    """Record what changed since the log last knew: the version, and the settings of one part of Attestry, by name.

    Of several processes that begin at once, the first records it.
    """
    require(actor, "audit", None)
    configuration.one_at_a_time()
    before = configuration.last_version()
    if before != found.version:
        about = {"from": before, "to": found.version}
        log.append(actor=actor, action="portal.version_changed", subjects=[LOG], at=now, about=about)
    keys = configuration.changed(configuration.last_told(found.part), found.digests)
    if keys:
        told = {"part": found.part, "keys": keys, "digests": dict(found.digests)}
        log.append(actor=actor, action="portal.configuration_changed", subjects=[LOG], at=now, about=told)


@transaction.atomic(durable=True)
def note_stop(*, actor: Actor, now: datetime) -> None:
    """Record that a worker stops keeping the log, of its own accord."""
    require(actor, "audit", None)
    log.append(actor=actor, action="audit.log_stopped", subjects=[LOG], at=now)
