"""Writes about work. `enqueue` belongs in the transaction that owes the work; the rest are the worker's own."""

import json
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_noop

from jobs.models import Job, Repeat, Tick, Worker

LEASE = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=5)
REPEATS_KEPT = timedelta(days=1)
"""How long an `Idempotency-Key` is remembered at least."""
FORGOTTEN_AT_ONCE = 1000


class OutsideTransaction(RuntimeError):
    """Work was owed outside the transaction that owes it, so it could be lost or owed for nothing."""


def enqueue(kind: str, *args: str, dedupe_key: str = "", run_after: datetime | None = None) -> Job:
    """Owe the errand `kind` with `args` (ids, never values); it becomes due when the caller's transaction commits.

    While a job with the same `dedupe_key` is still queued it stands for this one too. Refuses outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise OutsideTransaction(f"enqueue({kind!r}) needs the caller's transaction")
    job = Job(kind=kind, args=list(args), dedupe_key=dedupe_key, pending_key=dedupe_key or None)
    if run_after is not None:
        job.run_after = run_after
    if not dedupe_key:
        job.save(force_insert=True)
        return job
    # touching the queued row makes a worker that is claiming it wait for this transaction, so it sees our change
    Job.objects.bulk_create([job], update_conflicts=True, unique_fields=["pending_key"], update_fields=["dedupe_key"])
    return Job.objects.get(pending_key=dedupe_key)


def hand(job: Job, at: datetime, again: datetime) -> bool:
    """Note that `job` goes to a worker now; false when another dispatcher was quicker."""
    unhanded = Q(handed_at=None) | Q(handed_at__lt=again)
    return Job.objects.filter(unhanded, pk=job.pk, state=Job.State.QUEUED).update(handed_at=at) == 1


def claim(pk: str, owner: str, at: datetime) -> Job | None:
    """Take the lease of a queued job; `None` when somebody has it or it is finished."""
    taken = Job.objects.filter(pk=pk, state=Job.State.QUEUED, run_after__lte=at).update(
        state=Job.State.RUNNING,
        pending_key=None,
        attempts=F("attempts") + 1,
        lease_owner=owner,
        lease_until=at + LEASE,
    )
    return Job.objects.get(pk=pk) if taken else None


def renew(job: Job, at: datetime) -> bool:
    """Keep the lease; false when it was lost to another worker."""
    mine = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, lease_owner=job.lease_owner)
    return mine.update(lease_until=at + LEASE) == 1


def tell(job: Job, progress: float, words: str) -> None:
    """Show how far the work is (0 to 1) and in words what it is doing."""
    mine = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, lease_owner=job.lease_owner)
    mine.update(progress=min(max(progress, 0.0), 1.0), words=words[:200])


def finish(job: Job, at: datetime) -> None:
    """Note that the work is done."""
    mine = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, lease_owner=job.lease_owner)
    mine.update(state=Job.State.DONE, progress=1, error="", finished_at=at, lease_until=None)


def fail(job: Job, error: str, at: datetime) -> None:
    """Note that an attempt failed: queue the next one later, or give up where people can see it."""
    mine = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, lease_owner=job.lease_owner)
    if job.attempts >= job.max_attempts:
        mine.update(state=Job.State.DEAD, error=error[:500], finished_at=at, lease_until=None)
        return
    wait = min(timedelta(seconds=2**job.attempts), LONGEST_WAIT)
    _queue_again(job, error=error[:500], run_after=at + wait)


def postpone(job: Job, until: datetime, words: str) -> None:
    """Put the work off without counting it as a failure: what it needs is away."""
    _queue_again(job, words=words[:200], run_after=until, attempts=F("attempts") - 1)


def _queue_again(job: Job, **changes: Any) -> None:
    """Give the lease up and wait in the queue, standing for later twins; done when a twin waits there already."""
    mine = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, lease_owner=job.lease_owner)
    try:
        with transaction.atomic():
            mine.update(
                state=Job.State.QUEUED,
                pending_key=job.dedupe_key or None,
                handed_at=None,
                lease_until=None,
                **changes,
            )
    except IntegrityError:
        mine.update(state=Job.State.DONE, words=gettext_noop("A later twin stands for this."), lease_until=None)


def forget_answers(values: Collection[str]) -> int:
    """Forget the remembered answers in which one of these texts occurs; repeating those requests still does nothing."""
    wanted = Q(pk__in=())
    for each in values:
        wanted |= Q(answer__icontains=each) | Q(answer__icontains=json.dumps(each)[1:-1])
    return Repeat.objects.filter(wanted).update(answer="{}")


def retry(pk: str, at: datetime) -> bool:
    """Queue a dead job again from its first attempt; false when it is not dead."""
    dead = Job.objects.filter(pk=pk, state=Job.State.DEAD)
    return dead.update(state=Job.State.QUEUED, attempts=0, run_after=at, handed_at=None, finished_at=None) == 1


def reclaim(at: datetime, gone: list[str]) -> int:
    """Queue again what nobody works on any more: expired leases, and those of owners known to be `gone`.

    What ended its worker on every attempt it had is given up instead, where people can see it.
    """
    running = Job.objects.filter(state=Job.State.RUNNING)
    abandoned = running.filter(Q(lease_until__lt=at) | Q(lease_owner__in=gone))
    abandoned.filter(attempts__gte=F("max_attempts")).update(
        state=Job.State.DEAD, error=gettext_noop("Its worker died each time."), finished_at=at, lease_until=None
    )
    return abandoned.update(state=Job.State.QUEUED, run_after=at, handed_at=None, lease_until=None)


def tick(name: str, every: timedelta, at: datetime) -> bool:
    """Return whether the clock line `name` is due at `at`, and set its next time; true for one caller only."""
    made = Tick.objects.bulk_create([Tick(name=name, next_at=at)], ignore_conflicts=True)
    assert made
    return Tick.objects.filter(name=name, next_at__lte=at).update(next_at=at + every) == 1


def forget_repeats(at: datetime) -> int:
    """Forget the oldest answers kept for repeated requests past their day, so many at a time; returns how many."""
    past = Repeat.objects.filter(at__lt=at - REPEATS_KEPT).order_by("at").values_list("pk", flat=True)
    return Repeat.objects.filter(pk__in=list(past[:FORGOTTEN_AT_ONCE])).delete()[0]


def heartbeat(name: str, at: datetime) -> None:
    """Note that the worker `name` is alive at `at`, and forget those silent for a day."""
    if not Worker.objects.filter(pk=name).update(seen_at=at):
        Worker.objects.bulk_create([Worker(name=name, started_at=at, seen_at=at)], ignore_conflicts=True)
        Worker.objects.filter(seen_at__lt=at - timedelta(days=1)).delete()
