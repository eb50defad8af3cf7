"""Reads about work, and the one clock: the database's."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q
from django.utils.dateparse import parse_datetime

from jobs.models import Job, Worker

FRESH = timedelta(seconds=30)


def now() -> datetime:
    """Return the database's present moment in UTC, the same for every process that shares it."""
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')" if sqlite else "SELECT clock_timestamp()")
        (value,) = cursor.fetchone()
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    parsed = parse_datetime(value)
    assert parsed is not None
    return parsed.replace(tzinfo=UTC)


def job(pk: UUID) -> Job | None:
    """Return the job of that id, or `None`."""
    return Job.objects.filter(pk=pk).first()


def newest(limit: int = 100) -> list[Job]:
    """Return the newest jobs, newest first."""
    return list(Job.objects.order_by("-created_at")[:limit])


def due(at: datetime, again: datetime, limit: int, but: Collection[str] = ()) -> list[Job]:
    """Return queued jobs, `but` those kinds, due at `at` and not handed to a worker since `again`, oldest first."""
    unhanded = Q(handed_at=None) | Q(handed_at__lt=again)
    waiting = Job.objects.filter(unhanded, state=Job.State.QUEUED, run_after__lte=at)
    return list(waiting.exclude(kind__in=but).order_by("run_after")[:limit])


def is_owed(kind: str, dedupe_key: str) -> bool:
    """Return whether work of that kind and key still waits or is being done; neither done nor given up."""
    open_ones = Job.objects.filter(kind=kind, state__in=(Job.State.QUEUED, Job.State.RUNNING))
    return open_ones.filter(dedupe_key=dedupe_key).exists()


def under_way(kinds: Collection[str], again: datetime) -> int:
    """Return how many jobs of these kinds run, or were handed to a worker since `again`."""
    handed = Q(state=Job.State.QUEUED, handed_at__gte=again)
    return Job.objects.filter(Q(state=Job.State.RUNNING) | handed, kind__in=kinds).count()


def counts() -> dict[str, int]:
    """Return how many jobs are queued, running and dead."""
    unfinished = Job.objects.exclude(state=Job.State.DONE)
    return dict(unfinished.values_list("state").annotate(Count("pk")))


def workers_alive(at: datetime) -> int:
    """Return how many workers gave a sign of life within the last half minute before `at`."""
    return Worker.objects.filter(seen_at__gt=at - FRESH).count()
