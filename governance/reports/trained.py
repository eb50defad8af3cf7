"""What trained a version: its data in the versions that were read, runs, code, parameters, scans and owners.

Told run by run, from the run that wrote the version back to sources, never by what names hold today.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.actor import Actor, NotSeen
from governance.catalog.models import Asset, Version
from governance.pii import history as scans
from governance.reports.reaching import assets_of, owners_of
from governance.reports.selectors import pii_told
from lineage import naming
from lineage.graph import Node
from lineage.selectors import dataset_seen_by
from lineage.story import Story, story_of

Name = tuple[str, str]


@dataclass(frozen=True)
class Trained:
    """The answer; `direct` are the datasets that the training itself read, `further` those they were made from.

    `registered` is the version as its registry told it, when it did and the reader may see it.
    """

    name: Name
    version: str
    as_of: datetime
    story: Story
    direct: list[dict[str, Any]]
    further: list[dict[str, Any]]
    registered: Version | None

    def as_json(self) -> dict[str, Any]:
        """Return it for the outside."""
        return {
            "namespace": self.name[0],
            "name": self.name[1],
            "version": self.version,
            "as_of": self.as_of.isoformat(),
            "registered": _registered(self.registered) if self.registered else None,
            "datasets": [
                *({**one, "trained_on": True} for one in self.direct),
                *({**one, "trained_on": False} for one in self.further),
            ],
            "runs": self.story.runs,
            "quality": self.story.quality,
            "gaps": self.story.gaps,
            "hidden": self.story.hidden,
        }


def trained(actor: Actor, model: Name, version: str, as_of: datetime) -> Trained:
    """Return what trained a version of a model (or made one of a dataset), as `actor` may see it, as of a time.

    Refused when they cannot see it, or when neither a run is known that wrote that version nor a registry that has it.
    """
    row = dataset_seen_by(actor, model[0], naming.model_name(*model))
    name = row.namespace, row.name
    registered = _version(actor, name, version)
    story = story_of(actor, name, version, as_of)
    if not story.runs and not any(story.hidden.values()) and registered is None:
        raise NotSeen("not_seen", what="version")
    read = _read(story)
    rows = _datasets(actor, story, name, as_of)
    direct = [one | read[one["namespace"], one["name"]] for one in rows if (one["namespace"], one["name"]) in read]
    further = [one for one in rows if (one["namespace"], one["name"]) not in read]
    return Trained(name, version, as_of, story, direct, further, registered)


def _version(actor: Actor, name: Name, label: str) -> Version | None:
    asset = assets_of(actor, [Node("", "model", *name)]).get("")
    return Version.objects.filter(asset=asset, label=label).first() if asset else None


def _read(story: Story) -> dict[Name, dict[str, Any]]:
    """Return what the runs that wrote the version itself read: in which versions, and how many rows at most."""
    found: dict[Name, dict[str, Any]] = {}
    for run in story.runs:
        for one in run["reads"] if run["distance"] == 0 else ():
            known = found.setdefault((one["namespace"], one["name"]), {"versions": [], "rows": None})
            known["versions"] = sorted({*known["versions"], *([one["version"]] if one["version"] else [])})
            known["rows"] = one["rows"] if known["rows"] is None else max(known["rows"], one["rows"] or 0)
    return found


def _datasets(actor: Actor, story: Story, name: Name, as_of: datetime) -> list[dict[str, Any]]:
    """Return the datasets behind the version, without itself, with who answers for each and how its last scan stood."""
    rows = [one for one in story.datasets if (one["namespace"], one["name"]) != name]
    nodes = {one["id"]: _node(one) for one in rows}
    assets = assets_of(actor, nodes.values())
    owners = owners_of(actor, assets.values())
    standings = {one.dataset_id: one for one in scans.standing_as_of(nodes, as_of)}
    told = []
    for one in rows:
        asset = assets.get(nodes[one["id"]].id)
        known = {
            "asset": str(asset.pk) if asset else None,
            "labels": asset.labels if asset else [],
            "owners": owners.get(asset.pk, []) if asset else [],
            "pii": pii_told(standings[one["id"]]),
        }
        told.append({key: value for key, value in one.items() if key != "id"} | known)
    return told


def _node(one: dict[str, Any]) -> Node:
    kind = Asset.Kind.MODEL if one["type"] == "MODEL" else Asset.Kind.DATASET
    return Node(
        naming.node_id("dataset", one["namespace"], one["name"]), kind, one["namespace"], one["name"], one["id"]
    )


def _registered(version: Version) -> dict[str, Any]:
    return {
        "id": str(version.pk),
        "model": str(version.asset_id),
        "manifest_digest": version.manifest_digest or None,
        "run_id": version.run_id or None,
        "run_user": version.run_user or None,
        "code_commit": version.code_commit or None,
        "parameters": version.params,
        "metrics": version.metrics,
        "registered_at": version.created_at.isoformat(),
    }
