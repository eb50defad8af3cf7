"""An event on its way into the tables, and the ids of what a batch of them names."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

from lineage import facets, naming
from lineage.event import Event, declared_run
from lineage.seen import JobSeen


@dataclass(frozen=True)
class Placed:
    """An event to project: when it happened, the scope in which what it names first appears, and its digest."""

    event: Event
    at: datetime
    scope_id: UUID
    sha256: str

    @cached_property
    def columns(self) -> list[facets.ColumnSaid]:
        """What it says about columns."""
        return facets.columns(self.event)

    @cached_property
    def explicit(self) -> list[tuple[facets.Name, facets.Name]]:
        """The (source, target) pairs that it states."""
        return facets.explicit(self.event)

    @cached_property
    def ends(self) -> list[facets.EndSaid]:
        """What it states that jobs read or write."""
        return facets.ends(self.event)

    @cached_property
    def declares(self) -> bool:
        """Whether it states lineage as a whole."""
        return self.event.declares and facets.states_lineage(self.event)


@dataclass(slots=True)
class Ids:
    """Where the things that a batch names are: ids by key, and of runs by their job and UUID.

    `code` maps a run's id to the digest of its code and the version it had until now; `io` what a run read or wrote
    (run, dataset, direction) to its id.
    """

    datasets: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, int] = field(default_factory=dict)
    runs: dict[tuple[int, UUID], int] = field(default_factory=dict)
    code: dict[int, tuple[str, str]] = field(default_factory=dict)
    io: dict[tuple[int, int, str], int] = field(default_factory=dict)

    def dataset(self, namespace: str, name: str) -> int:
        """Return the id of a dataset that the batch names."""
        return self.datasets[naming.key("dataset", namespace, name)]

    def job(self, one: Placed) -> int:
        """Return the id of the job of an event, or 0."""
        job = one.event.job
        return self.jobs[naming.key("job", job.namespace, job.name)] if job else 0

    def run(self, one: Placed) -> int:
        """Return the id of the run that an event belongs to, which is one of its job; or 0."""
        job = one.event.job
        return self.runs[self.job(one), run_uuid(one, job)] if job else 0


def run_uuid(one: Placed, job: JobSeen) -> UUID:
    """Return the UUID of the run that an event of `job` belongs to; a JobEvent has one of its own."""
    return one.event.run.uuid if one.event.run else declared_run(job, one.at)
