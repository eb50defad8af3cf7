"""What is different behind two versions of a model: the data, its columns and amounts, the jobs and their code.

Both versions are told run by run, as somebody may see them, and then laid side by side. What neither side says is not
compared, and what either side does not know is named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from audit.actor import Actor, NotSeen
from lineage import naming
from lineage.models import Schema
from lineage.selectors import dataset_seen_by
from lineage.story import Story, story_of

Name = tuple[str, str]
CODE = ("code", "sql", "engine", "parameters")


@dataclass(slots=True)
class Side:
    """What one version was made from: its datasets as they were used, and how its jobs worked."""

    datasets: dict[Name, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[Name, dict[str, Any]] = field(default_factory=dict)


def between(actor: Actor, model: Name, versions: tuple[str, str], as_of: datetime) -> dict[str, Any]:
    """Return what changed from the first of two versions of a model or dataset to the second, as `actor` may see it.

    Refused when they cannot see the model, or when no run is known to have written one of the versions.
    """
    row = dataset_seen_by(actor, model[0], naming.model_name(*model))
    stories = [story_of(actor, (row.namespace, row.name), version, as_of) for version in versions]
    if not all(story.runs or any(story.hidden.values()) for story in stories):
        raise NotSeen("not_seen", what="version")
    before, after = (side(story, (row.namespace, row.name)) for story in stories)
    return {
        "namespace": row.namespace,
        "name": row.name,
        "before": versions[0],
        "after": versions[1],
        "as_of": as_of.isoformat(),
        "datasets": _datasets(before.datasets, after.datasets),
        "jobs": _jobs(before.jobs, after.jobs),
        "gaps": {"before": stories[0].gaps, "after": stories[1].gaps},
        "hidden": {"before": stories[0].hidden, "after": stories[1].hidden},
    }


def side(story: Story, model: Name) -> Side:
    """Return what `story` says of each dataset and job, later runs over earlier ones; without the model itself."""
    found = Side()
    for run in story.runs:
        job = run["job"]["namespace"], run["job"]["name"]
        found.jobs.setdefault(job, {}).update({part: run[part] for part in CODE if part in run})
        for used in (*run["writes"], *run["reads"]):
            name = used["namespace"], used["name"]
            if name != model:
                known = {part: used[part] for part in ("version", "rows", "schema") if used[part] is not None}
                found.datasets.setdefault(name, {}).update(known)
    return found


def _datasets(before: Mapping[Name, dict[str, Any]], after: Mapping[Name, dict[str, Any]]) -> list[dict[str, Any]]:
    digests = {known["schema"] for known in (*before.values(), *after.values()) if "schema" in known}
    schemas = _schemas(digests)
    told = []
    for name, change, old, new in _pairs(before, after):
        parts = _parts(old, new, ("version", "rows"))
        if "schema" in old and "schema" in new and old["schema"] != new["schema"]:
            parts["columns"] = columns(schemas.get(old["schema"], []), schemas.get(new["schema"], []))
        if parts or change != "kept":
            told.append({"namespace": name[0], "name": name[1], "change": change, **parts})
    return told


def _jobs(before: Mapping[Name, dict[str, Any]], after: Mapping[Name, dict[str, Any]]) -> list[dict[str, Any]]:
    told = []
    for name, change, old, new in _pairs(before, after):
        parts = _parts(old, new, CODE)
        if parts or change != "kept":
            told.append({"namespace": name[0], "name": name[1], "change": change, **parts})
    return told


def _pairs(
    before: Mapping[Name, dict[str, Any]], after: Mapping[Name, dict[str, Any]]
) -> Iterable[tuple[Name, str, dict[str, Any], dict[str, Any]]]:
    for name in sorted({*before, *after}):
        change = "kept" if name in before and name in after else "added" if name in after else "removed"
        yield name, change, before.get(name, {}), after.get(name, {})


def _parts(old: Mapping[str, Any], new: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return, by name, what it was and what it is, where the two differ."""
    pairs = {name: {"before": old.get(name), "after": new.get(name)} for name in names}
    return {name: pair for name, pair in pairs.items() if pair["before"] != pair["after"]}


def columns(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return which columns came, which went, and which are of another type now."""
    old = {str(one.get("name")): one.get("type") for one in before}
    new = {str(one.get("name")): one.get("type") for one in after}
    return {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "retyped": sorted(name for name in old.keys() & new.keys() if old[name] != new[name]),
    }


def _schemas(digests: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    found = Schema.objects.in_bulk([digest.removeprefix("sha256:") for digest in digests])
    return {f"sha256:{pk}": row.fields for pk, row in found.items()}
