"""What is kept whatever its age, and what is past its time: reads for retention, whoever asks.

Pinned are the runs behind some versions of models, as far back as they go, with the runs those belong to, and every
raw event that tells of them: of the run itself, or (job and dataset events) of a job or dataset it has to do with.
"""

import json
import sys
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from lineage import naming
from lineage.ancestry import Ancestry
from lineage.models import Dataset, Job, RawEvent, RemovedEvent, Run, RunIO
from lineage.originals import named_in
from lineage.selectors import ancestry_of
from lineage.steps import CHUNK

LOOKED = 2_000
"""So many rows are looked at in one statement."""


@dataclass(frozen=True, slots=True)
class Root:
    """A version of a model whose ancestry is pinned, as it is now and as it was at some times."""

    namespace: str
    name: str
    version: str
    times: frozenset[datetime] = frozenset()


@dataclass(frozen=True, slots=True)
class Pinned:
    """Runs that are kept, by id and by UUID, and the keys of the jobs and datasets they have to do with."""

    runs: frozenset[int] = frozenset()
    uuids: frozenset[UUID] = frozenset()
    keys: frozenset[str] = frozenset()

    def keeps(self, raw: RawEvent) -> bool:
        """Say whether a raw event tells of anything that is kept."""
        if raw.run_uuid in self.uuids:
            return True
        return raw.kind != "run" and bool(named_in(json.loads(zlib.decompress(raw.body))) & self.keys)


def pinned(roots: Iterable[Root], uuids: Iterable[UUID] = ()) -> Pinned:
    """Return what is kept for the sake of these versions and runs."""
    runs, datasets = set[int](), set[int]()
    for root in roots:
        for when in (None, *sorted(root.times)):
            found = ancestry_of(root.namespace, root.name, root.version, when, most=sys.maxsize) or _unknown(root)
            runs |= found.runs.keys()
            datasets |= {one.dataset for one in found.used}
    runs, known = _with_parents(runs, set(uuids))
    jobs = {key for part in _parts(runs) for key in Job.objects.filter(runs__in=part).values_list("key", flat=True)}
    keys = {
        key for part in _parts(datasets) for key in Dataset.objects.filter(pk__in=part).values_list("key", flat=True)
    }
    return Pinned(frozenset(runs), frozenset(known), frozenset(jobs | keys))


def _unknown(root: Root) -> Ancestry:
    """Of a version that no run is known to have written: the runs that wrote any other, for reports speak of them."""
    key = naming.key("dataset", root.namespace, naming.model_name(root.namespace, root.name))
    wrote = RunIO.objects.filter(dataset__key=key, direction="out").values_list("run_id", flat=True)
    return Ancestry(runs=dict.fromkeys(wrote, 0))


def _with_parents(runs: set[int], uuids: set[UUID]) -> tuple[set[int], set[UUID]]:
    """Return these runs and all that they belong to, by id and by UUID."""
    found, known, edge = set(runs), set(uuids), set(uuids)
    for part in _parts(runs):
        edge |= set(Run.objects.filter(pk__in=part).values_list("uuid", flat=True))
    while edge:
        known |= edge
        rows = [
            row
            for part in _parts(edge)
            for row in Run.objects.filter(uuid__in=part).values_list("pk", "parent_uuid", "root_uuid")
        ]
        found |= {pk for pk, _, _ in rows}
        edge = {uuid for _, parent, root in rows for uuid in (parent, root) if uuid} - known
    return found, known


def old_events(before: datetime, after: int) -> list[RawEvent]:
    """Return the next raw events kept before a moment, in the order they came, after the one with id `after`."""
    rows = RawEvent.objects.filter(pk__gt=after, owed=None).order_by("pk").defer("body")[:LOOKED]
    # ids grow with time, so where none of so many is old, none is further on; what is owed to the tables is not done
    return [raw for raw in rows if raw.received_at < before]


def old_runs(before: datetime, after: int) -> list[Run]:
    """Return the next runs last heard of before a moment that no raw event tells of any more, by id after `after`."""
    told = RawEvent.objects.filter(run_uuid=OuterRef("uuid"))
    rows = Run.objects.filter(~Exists(told), declared=False, last_seen__lt=before, pk__gt=after)
    return list(rows.order_by("pk")[:LOOKED])


def newest_removed() -> datetime | None:
    """Return the latest time that any removed event spoke of; none when nothing was removed."""
    return RemovedEvent.objects.order_by("-at").values_list("at", flat=True).first()


def _parts(values: Iterable[Any]) -> list[list[Any]]:
    wanted = list(values)
    return [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
