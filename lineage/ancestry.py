"""What exactly a version was made from: a walk over runs and what they read, not over names.

A run that wrote the version read certain datasets, in certain versions. For each of those the run that wrote it is
sought: the one that wrote that very version, or else the last one that wrote the dataset before it was read, which
is marked as inferred.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

RUNS = 500
"""At most this many runs are walked; what lies beyond is reported as a gap."""


@dataclass(frozen=True, slots=True)
class Used:
    """A run read or wrote a dataset; `version` is empty where the producer named none."""

    run: int
    dataset: int
    direction: str
    version: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A dataset as some run read it: whose producer is sought, by version or by time."""

    dataset: int
    version: str
    at: datetime


@dataclass(slots=True)
class Ancestry:
    """The runs behind a version with their distance, all they read and wrote, and what could not be followed."""

    runs: dict[int, int] = field(default_factory=dict)
    used: set[Used] = field(default_factory=set)
    inferred: set[tuple[int, int]] = field(default_factory=set)
    sources: set[int] = field(default_factory=set)
    blind: set[int] = field(default_factory=set)
    truncated: bool = False


Producers = Callable[[Sequence[Wanted]], Iterable[Used]]
"""Returns what wrote each dataset wanted: rows of that version, or the last one written before it was read."""
Reads = Callable[[Sequence[int]], Iterable[Used]]
"""Returns everything that the given runs read and wrote."""


def trace(start: Sequence[int], producers: Producers, uses: Reads, most: int = RUNS) -> Ancestry:
    """Return the ancestry of what the runs `start` wrote, breadth first, at most `most` runs.

    A dataset that nothing wrote is a source. A first run that read nothing is `blind`: its record is incomplete.
    """
    found = Ancestry(runs=dict.fromkeys(start, 0))
    edge: list[int] = list(start)
    asked: set[Wanted] = set()
    distance = 0
    while edge:
        used = sorted(uses(edge), key=lambda one: (one.run, one.direction, one.dataset))
        found.used.update(used)
        read = [one for one in used if one.direction == "in"]
        if distance == 0:
            found.blind = set(edge) - {one.run for one in read}
        wanted = {Wanted(one.dataset, one.version, one.until) for one in read} - asked
        asked |= wanted
        distance += 1
        made = list(producers(_in_order(wanted))) if wanted else []
        edge = _further(wanted, made, found, distance, most)
    return found


def _in_order(wanted: Iterable[Wanted]) -> list[Wanted]:
    return sorted(wanted, key=lambda one: (one.dataset, one.version, one.at))


def _further(wanted: set[Wanted], made: list[Used], found: Ancestry, distance: int, most: int) -> list[int]:
    known = {one.dataset for one in made}
    found.sources.update(one.dataset for one in wanted if one.dataset not in known)
    versions = {(one.dataset, one.version) for one in wanted if one.version}
    fresh: list[int] = []
    for one in made:
        if not one.version or (one.dataset, one.version) not in versions:
            found.inferred.add((one.run, one.dataset))
        if one.run in found.runs:
            continue
        if len(found.runs) >= most:
            found.truncated = True
            continue
        found.runs[one.run] = distance
        fresh.append(one.run)
    return fresh
