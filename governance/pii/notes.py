"""What is noted beside a model version: its run’s parameters, what events tell of runs and datasets, its columns."""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from governance.catalog.models import Version
from governance.catalog.selectors import MODEL_PREFIX
from lineage.models import Facet, FacetBody
from lineage.selectors import ancestry_of

MOST = 4 * 1024 * 1024
MOST_FACETS = 500


def lines(version_id: UUID) -> list[str]:
    """The notes as JSON lines, at most 4 MB of them, whoever asks; for the worker."""
    version = Version.objects.filter(pk=version_id).select_related("asset").first()
    kept, size = list[str](), 0
    for note in _notes(version) if version is not None else ():
        line = json.dumps(note, sort_keys=True, default=str)
        size += len(line)
        if size > MOST:
            break
        kept.append(line)
    return kept


def _notes(version: Version) -> Iterator[dict[str, Any]]:
    run = {"user": version.run_user, "authors": version.authors, "source": version.source_uri}
    yield {"params": version.params, "inputs": version.inputs, "signature": version.schema, "run": run}
    found = ancestry_of(version.asset.namespace, f"{MODEL_PREFIX}{version.asset.name}", version.label)
    if found is None:
        return
    runs = [run for run, distance in found.runs.items() if distance == 0]
    used = {one.dataset for one in found.used if one.run in set(runs)}
    for about, pks in (("run", runs), ("dataset", used)):
        for name, value in _facets(about, pks):
            yield {f"{about}_facets": {name: value}}


def _facets(about: str, pks: Iterable[int]) -> Iterator[tuple[str, Any]]:
    rows = Facet.objects.filter(about=about, about_id__in=list(pks)).exclude(sha256="").order_by("about_id", "name")
    rows_kept = list(rows[:MOST_FACETS])
    bodies = FacetBody.objects.in_bulk({row.sha256 for row in rows_kept})
    for row in rows_kept:
        body = bodies.get(row.sha256)
        if body is not None and body.text:
            yield row.name, json.loads(body.text)
