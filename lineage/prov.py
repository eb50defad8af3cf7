"""A story as W3C PROV-JSON: datasets are entities, runs are activities, and the jobs they are of are their agents.

A dataset in the version that its producer named is one entity. Where several runs wrote it under one name and
version, what each of them wrote is an entity of its own, and a specialization of that one: in PROV, nothing is
generated twice.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lineage.graph import Graph, Node
from lineage.story import Story

PREFIX = {"attestry": "urn:attestry:", "xsd": "http://www.w3.org/2001/XMLSchema#"}
Told = Mapping[str, Any]


class _Document:
    """A PROV document that grows by statements; relations are numbered in the order they are told."""

    def __init__(self) -> None:
        self.parts: dict[str, dict[str, dict[str, Any]]] = {}
        self._known: set[tuple[str, ...]] = set()

    def thing(self, kind: str, name: str, **about: Any) -> str:
        """State an entity, activity or agent once, and return its name; what is unknown is left out."""
        told = {key.replace("__", ":"): value for key, value in about.items() if value is not None}
        self.parts.setdefault(kind, {}).setdefault(name, told)
        return name

    def relation(self, kind: str, **ends: str) -> None:
        """State a relation between two things once."""
        if (kind, *ends.values()) not in self._known:
            self._known.add((kind, *ends.values()))
            told = self.parts.setdefault(kind, {})
            told[f"_:{kind}{len(told) + 1}"] = {f"prov:{end}": name for end, name in ends.items()}


def as_prov(story: Story, people: Sequence[tuple[Told, Iterable[str]]] = ()) -> dict[str, Any]:
    """Return what a story tells as a PROV-JSON document; `people` are the ids of those who answer for a dataset."""
    document = _Document()
    writers = Counter(_key(written) for run in story.runs for written in run["writes"])
    for run in story.runs:
        activity = _activity(document, run)
        read = [_entity(document, one) for one in run["reads"]]
        for one in read:
            document.relation("used", activity=activity, entity=one)
        for one in run["writes"]:
            made = _entity(document, one, run["run"] if writers[_key(one)] > 1 else "")
            document.relation("wasGeneratedBy", entity=made, activity=activity)
            for source in read:
                document.relation("wasDerivedFrom", generatedEntity=made, usedEntity=source)
    for told, owners in people:
        entity = _entity(document, {"version": None, **told})
        for owner in owners:
            agent = document.thing("agent", f"attestry:person-{owner}")
            document.relation("wasAttributedTo", entity=entity, agent=agent)
    return {"prefix": PREFIX, **document.parts}


def graph_as_prov(graph: Graph) -> dict[str, Any]:
    """Return a graph as a PROV-JSON document: a job is one activity that stands for all its runs.

    What the reader may not see is left out.
    """
    document = _Document()
    shown = {node.id: node for node in graph.nodes if node.type != "hidden"}
    names = {one: _thing(document, node) for one, node in shown.items()}
    for one, other in graph.edges:
        if one not in shown or other not in shown:
            continue
        if shown[other].type == "job":
            document.relation("used", activity=names[other], entity=names[one])
        elif shown[one].type == "job":
            document.relation("wasGeneratedBy", entity=names[other], activity=names[one])
        else:
            document.relation("wasDerivedFrom", generatedEntity=names[other], usedEntity=names[one])
    return {"prefix": PREFIX, **document.parts}


def _thing(document: _Document, node: Node) -> str:
    kind, mark = ("activity", "job") if node.type == "job" else ("entity", "data")
    name = f"attestry:{mark}-{_digest(node.namespace, node.name, *(() if node.type == 'job' else ('',)))}"
    about = {"prov__label": node.name, "attestry__namespace": node.namespace, "attestry__name": node.name}
    return document.thing(kind, name, **about)


def _activity(document: _Document, run: Told) -> str:
    job = run["job"]
    about = {"attestry__namespace": job["namespace"], "attestry__name": job["name"]}
    times = {"prov__startTime": run["started_at"], "prov__endTime": run["ended_at"]}
    name = f"attestry:run-{run['run']}"
    document.thing("activity", name, prov__label=job["name"], attestry__state=run["state"], **times)
    kind = {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"}
    agent = document.thing("agent", f"attestry:job-{_digest(*about.values())}", prov__type=kind, **about)
    document.relation("wasAssociatedWith", activity=name, agent=agent)
    return name


def _entity(document: _Document, one: Told, run: str = "") -> str:
    name = f"attestry:data-{_digest(*_key(one))}"
    about = {"attestry__namespace": one["namespace"], "attestry__name": one["name"]}
    about |= {"prov__label": one["name"], "attestry__version": one["version"]}
    document.thing("entity", name, **about)
    if not run:
        return name
    special = document.thing("entity", f"{name}-{run}", **about)
    document.relation("specializationOf", specificEntity=special, generalEntity=name)
    return special


def _key(one: Told) -> tuple[str, str, str]:
    return one["namespace"], one["name"], one["version"] or ""


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
