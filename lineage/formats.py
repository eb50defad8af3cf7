"""A lineage graph in the forms that people and tools take away: CSV, NDJSON and Marquez's own JSON."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from itertools import chain, cycle
from operator import itemgetter
from typing import Any

from lineage.graph import Graph, Node

PRODUCER = "attestry://lineage"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs"
HEADER = (
    "from_type",
    "from_namespace",
    "from_name",
    "to_type",
    "to_namespace",
    "to_name",
    "from_column",
    "to_column",
    "masking",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def guarded(value: Any) -> str:
    """Return `value` as a cell that no spreadsheet takes for a formula.

    A leading `=`, `+`, `-`, `@`, tab or line end gets an apostrophe before it.
    """
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_text(header: Sequence[str], rows: Iterator[Sequence[Any]] | Sequence[Sequence[Any]]) -> str:
    """Return a table as CSV (RFC 4180, UTF-8) with every cell guarded."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue()


def as_json(graph: Graph) -> str:
    """Return `graph.as_json()` as text: nearly all names stand in JSON as they are, which is seen of all at once."""
    nodes, edges = graph.nodes, graph.edges
    names = "".join(chain(map(itemgetter(0), nodes), map(itemgetter(3), nodes), set(map(itemgetter(2), nodes))))
    if _said(names) != names:
        ids = {node.id: _said(node.id) for node in nodes}
        nodes = tuple(Node(ids[n.id], n.type, _said(n.namespace), _said(n.name), n.pk, n.depth) for n in nodes)
        edges = tuple((ids[one], ids[other]) for one, other in edges)
    told = ", ".join([
        f'{{"id": "{key}", "type": "{kind}", "namespace": "{space}", "name": "{name}", "depth": {depth}}}'
        for key, kind, space, name, _, depth in nodes
    ])  # fmt: skip
    drawn = zip(cycle(('"}, {"from": "', '", "to": "')), chain.from_iterable(edges))
    parts = ['{"nodes": [', told, '], "edges": [', *chain.from_iterable(drawn)]
    if edges:
        parts[3] = '{"from": "'
        parts.append('"}')
    return "".join([*parts, "], ", json.dumps(graph.aside())[1:]])


def _said(text: str) -> str:
    """Return what JSON writes between quotes for `text`."""
    return json.encoder.encode_basestring_ascii(text)[1:-1]


def as_csv(graph: Graph) -> str:
    """Return the edges of `graph`, one per line, column edges after them.

    A node without an edge has a line with an empty end.
    """
    return csv_text(HEADER, list(_lines(graph)))


def as_ndjson(graph: Graph) -> str:
    """Return `graph` as OpenLineage events that can be sent again: a JobEvent per job, a DatasetEvent per dataset
    without a job.

    What the reader may not see is left out.
    """
    return "".join(json.dumps(event, sort_keys=True, ensure_ascii=False) + "\n" for event in _events(graph))


def as_marquez(graph: Graph) -> dict[str, Any]:
    """Return `graph` as Marquez's `GET /api/v1/lineage` answers, so that its tools can read it.

    Hidden nodes are left out.
    """
    shown = {node.id: node for node in graph.nodes if node.type != "hidden"}
    edges = [edge for edge in graph.edges if edge[0] in shown and edge[1] in shown]
    return {
        "graph": [
            {
                "id": node.id,
                "type": "JOB" if node.type == "job" else "DATASET",
                "data": _marquez_data(node),
                "inEdges": [{"origin": one, "destination": other} for one, other in edges if other == node.id],
                "outEdges": [{"origin": one, "destination": other} for one, other in edges if one == node.id],
            }
            for node in shown.values()
        ]
    }


def _lines(graph: Graph) -> Iterator[tuple[Any, ...]]:
    nodes = {node.id: node for node in graph.nodes}
    for one, other in graph.edges:
        yield (*_names(nodes[one]), *_names(nodes[other]), "", "", "")
    joined = {end for edge in graph.edges for end in edge}
    for node in graph.nodes:
        if node.id not in joined:
            yield (*_names(node), "", "", "", "", "", "")
    for step in graph.column_edges or ():
        yield (
            *_names(nodes[step.dataset]),
            *_names(nodes[step.to_dataset]),
            step.field,
            step.to_field,
            str(step.masking).lower(),
        )


def _names(node: Node) -> tuple[str, str, str]:
    return node.type, node.namespace, node.name


def _events(graph: Graph) -> Iterator[dict[str, Any]]:
    nodes = {node.id: node for node in graph.nodes if node.type != "hidden"}
    inputs: dict[str, list[str]] = {}
    outputs: dict[str, list[str]] = {}
    for one, other in graph.edges:
        inputs.setdefault(other, []).append(one)
        outputs.setdefault(one, []).append(other)
    told: set[str] = set()
    for job in (node for node in nodes.values() if node.type == "job"):
        ends = (
            [nodes[one] for one in inputs.get(job.id, ()) if one in nodes],
            [nodes[one] for one in outputs.get(job.id, ()) if one in nodes],
        )
        told.update(node.id for side in ends for node in side)
        yield {
            **_head(graph, "JobEvent"),
            "job": {"namespace": job.namespace, "name": job.name},
            "inputs": [_dataset(node) for node in ends[0]],
            "outputs": [_dataset(node) for node in ends[1]],
        }
    for node in nodes.values():
        if node.type != "job" and node.id not in told:
            yield {**_head(graph, "DatasetEvent"), "dataset": _dataset(node)}


def _head(graph: Graph, kind: str) -> dict[str, Any]:
    return {"eventTime": graph.as_of.isoformat(), "producer": PRODUCER, "schemaURL": f"{SCHEMA}/{kind}"}


def _dataset(node: Node) -> dict[str, Any]:
    named = {"namespace": node.namespace, "name": node.name}
    if node.type != "model":
        return named
    facet = {
        "_producer": PRODUCER,
        "_schemaURL": "https://openlineage.io/spec/facets/1-0-1/DatasetTypeDatasetFacet.json",
        "datasetType": "MODEL",
    }
    return {**named, "facets": {"datasetType": facet}}


def _marquez_data(node: Node) -> dict[str, Any]:
    data = {"id": {"namespace": node.namespace, "name": node.name}, "namespace": node.namespace, "name": node.name}
    if node.type == "job":
        return {**data, "type": "BATCH", "simpleName": node.name}
    return {
        **data,
        "type": "MODEL" if node.type == "model" else "DB_TABLE",
        "physicalName": node.name,
        "sourceName": node.namespace,
        "fields": [],
        "tags": [],
    }
