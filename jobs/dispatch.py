"""The dispatcher: a thread in every worker that hands due rows to Celery and takes abandoned ones back."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import close_old_connections, connection

from jobs import records, selectors, tasks
from jobs.models import Job

log = logging.getLogger("attestry.jobs")
POLL, SWEEP = 0.15, 5.0
BATCH = 50
HAND_AGAIN = timedelta(seconds=30)


class Dispatcher(threading.Thread):
    """Hands due jobs to `send(kind, pk)` about seven times a second, and keeps the clock table and heartbeat."""

    def __init__(self, send: Callable[[str, str], None], clock: dict[str, tuple[float, str]], places: int = 2) -> None:
        """Remember how to send a job to a worker, the clock table, and how many jobs a worker does side by side."""
        super().__init__(name="dispatcher", daemon=True)
        self.send = send
        self.clock = clock
        self.places = places
        self.stopped = threading.Event()
        self.swept = 0.0

    def run(self) -> None:
        """Turn until stopped; a database or a broker that is away is waited for."""
        turns = 0
        while not self.stopped.wait(POLL):
            try:
                self.turn(sweep=turns % round(SWEEP / POLL) == 0)
                turns += 1
            except Exception:
                log.exception("The dispatcher could not hand over what is due; it keeps trying.")
                close_old_connections()
                self.stopped.wait(1)
        connection.close()

    def turn(self, *, sweep: bool) -> None:
        """Do one round: heartbeat, clock and abandoned leases on a sweep, then whatever is due."""
        at = selectors.now()
        if sweep:
            records.heartbeat(tasks.owner(), at)
            tasks.clock(self.clock, at)
            records.reclaim(at, tasks.gone_owners())
        again = at - HAND_AGAIN
        for job in selectors.due(at, again, BATCH, but=tasks.LONG):
            self._hand(job, at, again)
        for job in selectors.due(at, again, BATCH, but=tasks.ERRANDS.keys() - tasks.LONG):
            workers = max(1, selectors.workers_alive(at))
            if selectors.under_way(tasks.LONG, again) >= max(1, workers * (self.places - 1)):
                return
            self._hand(job, at, again)

    def _hand(self, job: Job, at: datetime, again: datetime) -> None:
        if records.hand(job, at, again):
            self.send(job.kind, str(job.pk))
