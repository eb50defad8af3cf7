"""The daily errand that removes lineage that is past its time."""

from collections.abc import Callable
from datetime import datetime

from audit.actor import system
from governance.retention import selectors, services
from jobs.tasks import Work, errand
from lineage import follow


@errand("retention.lineage", long=True)
def retain(work: Work) -> None:
    """Remove what is past its time, batch by batch; killed in between, the next run goes on."""
    follow.before_work()
    carry_out(work.now, lambda done: work.progress(0.5, f"{done}"))


def counted(now: datetime) -> dict[str, dict[str, int]]:
    """Return how many would go now, and how many are kept although they are old; nothing is changed."""
    follow.catch_up()
    return selectors.count(selectors.plan(now))


def carry_out(clock: Callable[[], datetime], progress: Callable[[int], None]) -> dict[str, int]:
    """Remove raw events, then runs, batch by batch, and return how many of each went."""
    follow.catch_up()
    gone = {"events": 0, "runs": 0}
    for kind, remove in (("events", services.remove_events), ("runs", services.remove_runs)):
        plan, after = selectors.plan(clock()), 0
        while True:
            batch = remove(actor=system(), plan=plan, after=after, now=clock())
            gone[kind] += batch.count
            if batch.count:
                progress(sum(gone.values()))
            if batch.stale:
                plan = selectors.plan(clock())
            elif not batch.after:
                break
            else:
                after = batch.after
    return gone
