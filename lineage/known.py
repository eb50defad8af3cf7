"""What a process remembers of the graph as it is now, for as long as nothing of it changes.

The graph has a number in the database (`lineage_shape`). Triggers put another one there, whoever writes, in the
transaction of what changes: a step or another name that comes or goes, a thing that is called otherwise, becomes a
model, or moves to another scope. A run of steps that are known changes none of that. Every question reads the number
before anything else, and what was remembered under another is thrown away: so all that is remembered was read
after its number was.
"""

from dataclasses import dataclass, field

from django.db import connection

from audit import bulk
from lineage.graph import Direction, Node, Triple

MOST = 100_000
"""From so many datasets and jobs on, about 40 MB, a process begins anew."""


@dataclass(slots=True)
class Known:
    """What is known under one number: the steps at datasets, and things by kind with the scope they belong to."""

    shape: int = -1
    steps: dict[Direction, dict[int, tuple[Triple, ...]]] = field(
        default_factory=lambda: {way: {} for way in Direction}
    )
    things: dict[str, dict[int, tuple[str, Node]]] = field(default_factory=lambda: {"dataset": {}, "job": {}})

    @property
    def size(self) -> int:
        """How much there is."""
        return sum(len(each) for each in self.steps.values()) + sum(len(each) for each in self.things.values())


_last = Known()


def look() -> Known | None:
    """Return what is known of the graph as it is now; None inside a transaction, which sees what nobody else does."""
    global _last  # noqa: PLW0603 - one process, one memory
    numbers = [] if connection.in_atomic_block else bulk.fetch("SELECT number FROM lineage_shape", [])
    if not numbers:
        return None
    found = _last
    if found.shape != numbers[0][0] or found.size > MOST:
        found = _last = Known(numbers[0][0])
    return found
