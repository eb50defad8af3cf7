"""The daily errand that removes content whose time is over."""

from audit.actor import system
from audit.retention import services
from jobs.tasks import Work, errand


@errand("retention.prune", long=True)
def prune(work: Work) -> None:
    """Remove what is past its time, batch by batch; killed in between, the next run goes on."""
    done = 0
    while run := services.prune(actor=system(), now=work.now()).count:
        done += run
        work.progress(0.5, f"{done} entries")
