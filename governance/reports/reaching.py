"""Which models that run somewhere a column reaches: lineage says how far it goes, the registries say what runs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from audit.actor import Actor, NotSeen
from governance.access import selectors as access
from governance.access.models import User
from governance.catalog import selectors as catalog
from governance.catalog.models import Asset, Owner, Version
from governance.pii import selectors as pii
from governance.pii.models import Flag
from governance.policies.models import Environment
from governance.registries import selectors as registries
from lineage.graph import Node
from lineage.models import Dataset
from lineage.reach import Reach, Way, columns_known, reach_of, told
from lineage.selectors import ancestry_of, dataset_seen_by
from lineage.steps import names

TRACED = 100
"""At most this many live versions are followed run by run in one answer."""
PART = 500


@dataclass(frozen=True)
class Running:
    """A version of a model under an alias. `made_with` says whether the runs behind it read the dataset asked about;

    None where no run is known that made it.
    """

    alias: str
    environment: str
    label: str
    version: UUID | None
    made_with: bool | None

    def as_json(self) -> dict[str, Any]:
        """Return it for the outside."""
        return {
            "alias": self.alias,
            "environment": self.environment or None,
            "version": {"id": str(self.version) if self.version else None, "label": self.label},
            "made_with_it": self.made_with,
        }


@dataclass(frozen=True)
class Reached:
    """A model that is reached, how, what of it runs, who answers for it, and what findings of the dataset flag it."""

    node: Node
    way: Way
    asset: Asset | None
    owners: list[dict[str, str | None]]
    live: list[Running] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it for the outside."""
        return told(self.node, self.way) | {
            "id": str(self.asset.pk) if self.asset else None,
            "node": self.node.id,
            "owners": self.owners,
            "live": [one.as_json() for one in self.live],
            "flags": [{"id": str(one.pk), "entity": one.finding.entity} for one in self.flags],
        }


def models_reached(actor: Actor, start: tuple[str, str], column: str, as_of: datetime) -> tuple[Reach, list[Reached]]:
    """Return where a column goes, and the models among it: those that run somewhere first, then by name.

    Refused when `actor` cannot see the dataset, or no such column is known of it.
    """
    row = dataset_seen_by(actor, *start)
    if column and column not in columns_of(row, as_of):
        raise NotSeen("not_seen", what="column")
    reach = reach_of(actor, start, column, as_of)
    found = reach.models()
    assets = assets_of(actor, [node for node, _ in found])
    people = owners_of(actor, assets.values())
    live = _live(list(assets.values()), _Behind(row.pk, as_of))
    flags = pii.flags_standing(actor, row.pk, column)
    rows = []
    for node, way in found:
        asset = assets.get(node.id)
        pk = asset.pk if asset else UUID(int=0)
        rows.append(Reached(node, way, asset, people.get(pk, []), live.get(pk, []), flags.get(pk, [])))
    return reach, sorted(rows, key=lambda one: (not one.live, one.way, one.node.name, one.node.id))


def columns_of(row: Dataset, as_of: datetime) -> list[str]:
    """Return the columns of a dataset that lineage tells of, and then those that its last scan does."""
    return list(dict.fromkeys((*columns_known(row, as_of), *pii.columns_named(row.pk))))


def assets_of(actor: Actor, nodes: Iterable[Node]) -> dict[str, Asset]:
    """Return the models and datasets of the catalog behind nodes that `actor` may see there, by the node's id."""
    kinds = {catalog.asset_key(node.type, node.namespace, node.name): node.id for node in nodes if node.type in KINDS}
    found, keys = {}, sorted(kinds)
    seen = {kind: catalog.assets_for(actor, kind) for kind in KINDS}
    for start in range(0, len(keys), PART):
        for kind in KINDS:
            rows = seen[kind].filter(key__in=keys[start : start + PART])
            found.update({kinds[asset.key]: asset for asset in rows})
    return found


KINDS = (Asset.Kind.DATASET.value, Asset.Kind.MODEL.value)


def owners_of(actor: Actor, assets: Iterable[Asset]) -> dict[UUID, list[dict[str, str | None]]]:
    """Return who answers for each asset, by name; their address where `actor` may know of them."""
    found: dict[UUID, list[User]] = {}
    pks = [asset.pk for asset in assets]
    for start in range(0, len(pks), PART):
        rows = Owner.objects.filter(asset__in=pks[start : start + PART]).select_related("user")
        for row in rows.order_by("user__name", "user_id"):
            found.setdefault(row.asset_id, []).append(row.user)
    ids = {user.pk for users in found.values() for user in users}
    known = set(access.people_for(actor).filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
    return {pk: [_person(user, known=user.pk in known) for user in users] for pk, users in found.items()}


def _person(user: User, *, known: bool) -> dict[str, str | None]:
    return {"id": str(user.pk), "name": user.name, "email": user.email if known else None}


class _Behind:
    """Says whether the runs behind a version read a dataset, under any of its names; at most `TRACED` times."""

    def __init__(self, dataset: int, as_of: datetime) -> None:
        self.same = {dataset, *names([dataset])}
        self.as_of = as_of
        self.left = TRACED

    def __call__(self, asset: Asset, label: str) -> bool | None:
        self.left -= 1
        found = ancestry_of(asset.namespace, asset.name, label, self.as_of) if self.left >= 0 else None
        if found is None:
            return None
        read = any(one.dataset in self.same for one in found.used if one.direction == "in")
        return read or (None if found.blind or found.truncated else False)


def _live(assets: list[Asset], behind: _Behind) -> dict[UUID, list[Running]]:
    """Return what runs of each model by the registries' ledger, in the order of the environments."""
    places = dict(Environment.objects.order_by("position").values_list("alias", "name"))
    rank = {alias: place for place, alias in enumerate(places)}
    seen = [row for row in registries.last_seen([one.pk for one in assets], behind.as_of) if row.version_label]
    versions = _versions({(row.asset_id, row.version_label) for row in seen})
    found: dict[UUID, list[Running]] = {}
    for row in sorted(seen, key=lambda row: (rank.get(row.alias, len(rank)), row.alias)):
        version = versions.get((row.asset_id, row.version_label))
        made_with = behind(row.asset, row.version_label)
        running = Running(row.alias, places.get(row.alias, ""), row.version_label, version, made_with)
        found.setdefault(row.asset_id, []).append(running)
    return found


def _versions(wanted: set[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
    rows = Version.objects.filter(asset__in={asset for asset, _ in wanted}, label__in={label for _, label in wanted})
    return {(asset, label): pk for asset, label, pk in rows.values_list("asset_id", "label", "pk")}
