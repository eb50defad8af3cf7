"""What people do to the machinery itself."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actor import Actor, NotSeen, require
from audit.refusals import Conflict
from jobs import records, selectors
from jobs.models import Job


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
