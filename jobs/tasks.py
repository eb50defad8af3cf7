"""Errands: what a worker does with a job row. The same path serves Celery and tests."""

import os
import socket
import threading
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.utils.module_loading import import_string

from jobs import records, selectors
from jobs.models import Job

ERRANDS: dict[str, Callable[..., None]] = {}
LONG: set[str] = set()
"""Kinds that may take minutes; the dispatcher keeps a place free beside them."""
RENEW_EVERY = 10.0


class Away(Exception):
    """What the work needs is away: put off, in `words` people may read, without counting as a failure."""

    def __init__(self, words: str, wait: timedelta = timedelta(seconds=15)) -> None:
        """Say in `words` what is away, and after how long to try again."""
        super().__init__(words)
        self.words = words
        self.wait = wait


class Work:
    """The job as its errand sees it: the time, and a way to say how far it is."""

    def __init__(self, job: Job) -> None:
        """Wrap a claimed job."""
        self.job = job

    def now(self) -> datetime:
        """Return the database's present moment."""
        return selectors.now()

    def progress(self, done: float, words: str = "") -> None:
        """Show progress from 0 to 1; never call it inside a transaction."""
        records.tell(self.job, done, words)


def owner() -> str:
    """Return the name under which this process holds leases: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


def errand(kind: str, *, long: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register `do(work, *args)` as the errand `kind` and as the Celery task of that name.

    `long` errands may take minutes: they never fill a worker, so that short ones do not wait behind them.
    """

    def register(do: Callable[..., None]) -> Callable[..., None]:
        ERRANDS[kind] = do
        if long:
            LONG.add(kind)
        shared_task(name=kind, ignore_result=True)(perform)
        return do

    return register


def perform(pk: str) -> None:
    """Claim the job and do its errand once; safe to call twice, by two workers, and after a crash."""
    if not connection.in_atomic_block:
        close_old_connections()
    job = records.claim(pk, owner(), selectors.now())
    if job is None:
        return
    stop = threading.Event()
    renewal = threading.Thread(target=_keep, args=(job, stop), daemon=True)
    if not connection.in_atomic_block:
        renewal.start()
    try:
        _attempt(job)
    finally:
        stop.set()
        if renewal.ident is not None:
            renewal.join()


def _attempt(job: Job) -> None:
    try:
        import_string(settings.ATTESTRY_PORTS["before_work"])()
        ERRANDS[job.kind](Work(job), *job.args)
    except Away as away:
        records.postpone(job, selectors.now() + away.wait, away.words)
    except Exception as error:  # noqa: BLE001 - whatever an errand dies of becomes a state people can see
        records.fail(job, describe(error), selectors.now())
    else:
        records.finish(job, selectors.now())


def describe(error: Exception) -> str:
    """Return what failed and where, without the message: messages may carry values that must not be kept."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    code = getattr(error, "code", "")
    return f"{type(error).__name__} {code} at {Path(frame.filename).name}:{frame.lineno} ({frame.name})".replace(
        "  ", " "
    )


def _keep(job: Job, stop: threading.Event) -> None:
    while not stop.wait(RENEW_EVERY):
        if not records.renew(job, selectors.now()):
            return
    connection.close()


def run_due(at: datetime | None = None, limit: int = 100) -> int:
    """Do the jobs that are due in this process, without Celery, and return how many; for tests and commands."""
    moment = at or selectors.now()
    jobs = selectors.due(moment, moment, limit)
    for job in jobs:
        perform(str(job.pk))
    return len(jobs)


def clock(table: dict[str, tuple[float, str]], at: datetime) -> None:
    """Owe what the clock table says is due: name -> (every so many seconds, errand kind)."""
    for name, (seconds, kind) in table.items():
        with transaction.atomic():
            if records.tick(name, timedelta(seconds=seconds), at):
                records.enqueue(kind, dedupe_key=f"clock:{name}")


def gone_owners() -> list[str]:
    """Return lease owners on this host whose process no longer exists."""
    here = f"{socket.gethostname()}:"
    owners = Job.objects.filter(state=Job.State.RUNNING, lease_owner__startswith=here)
    return [name for name in owners.values_list("lease_owner", flat=True) if not _alive(name.rpartition(":")[2])]


def _alive(pid: str) -> bool:
    return Path("/proc", pid).exists() if Path("/proc").exists() else _signalled(int(pid))


def _signalled(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@errand("jobs.forget")
def forget(work: Work) -> None:
    """Forget what repeated requests were answered a day ago; what one round leaves, the next takes."""
    records.forget_repeats(work.now())
