"""Writes to the catalog inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from audit.actor import Conflict
from governance.catalog.models import Asset, DigestSeen, Version
from governance.catalog.rules import Place, VersionState, place_of, state_after
from governance.catalog.selectors import MODEL_PREFIX, ancestors_of, asset_key
from lineage.naming import plain_namespace
from lineage.records import move_dataset

MOST_AUTHORS = 50
LINKS = ("lineage_dataset_id", "registry_id")


@dataclass(frozen=True)
class Observed:
    """What a registry says about a version: numbers as decimal strings, times in UTC."""

    label: str
    created_at: datetime | None = None
    source_uri: str = ""
    run_id: str = ""
    run_user: str = ""
    authors: Sequence[str] = ()
    code_commit: str = ""
    metrics: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    inputs: Sequence[Mapping[str, str]] = ()
    run_ended: bool = False

    @property
    def facts(self) -> dict[str, Any]:
        """What a run may still add to after the version was registered, as columns."""
        return {
            "metrics": dict(self.metrics),
            "params": dict(self.params),
            "inputs": [dict(each) for each in self.inputs],
            "run_user": self.run_user[:200],
            "authors": [name[:200] for name in self.authors][:MOST_AUTHORS],
            "code_commit": self.code_commit[:100],
            "run_ended": self.run_ended,
        }


@dataclass(frozen=True)
class Named:
    """A name that a source gave: an event its dataset, or a registry its model."""

    namespace: str
    name: str
    scope_id: UUID
    lineage_dataset_id: int | None = None
    registry_id: UUID | None = None


def discover_model(named: Named, now: datetime) -> tuple[Asset, bool]:
    """Note that a model of that lineage name exists, unowned, and whether this was news.

    A registry names it in the registry's scope, an event in its token's; both orders end the same. `models:/` before
    the name does not count. Refused (`Conflict`) when somebody changed the asset at the same moment: try again.
    """
    name = named.name.removeprefix(MODEL_PREFIX)
    return _discover(Asset.Kind.MODEL, replace(named, namespace=plain_namespace(named.namespace), name=name), now)


def discover_dataset(named: Named, now: datetime) -> tuple[Asset, bool]:
    """Note that a lineage dataset is a governed dataset, unowned, in its own scope, and whether this was news."""
    return _discover(Asset.Kind.DATASET, named, now)


def _discover(kind: str, named: Named, now: datetime) -> tuple[Asset, bool]:
    new = Asset(kind=kind, key=asset_key(kind, named.namespace, named.name), created_at=now, **vars(named))
    Asset.objects.bulk_create([new], ignore_conflicts=True)
    asset = Asset.objects.select_related("scope").get(key=new.key)
    if asset.pk == new.pk:
        return asset, True
    changes = {name: value for name in LINKS if getattr(asset, name) is None and (value := getattr(named, name))}
    if changes:
        current, offered = (Place(str(pk), ancestors_of(pk)) for pk in (asset.scope_id, named.scope_id))
        by_registry = named.registry_id is not None
        changes["scope_id"] = UUID(place_of(current, offered, adopted=asset.adopted, by_registry=by_registry))
        if not Asset.objects.filter(pk=asset.pk, revision=asset.revision).update(**changes):
            raise Conflict("catalog.moved")
        asset = Asset.objects.select_related("scope").get(pk=asset.pk)
        if asset.lineage_dataset_id:
            move_dataset(asset.lineage_dataset_id, asset.scope_id)
    return asset, bool(changes)


def note_version(asset: Asset, found: Observed, registry_id: UUID | None, now: datetime) -> Version | None:
    """Note a version of a model as its registry describes it; `None` when it is known already and nothing changes."""
    version = Version(
        asset=asset,
        label=found.label[:100],
        number=int(found.label) if found.label.isascii() and found.label.isdigit() and len(found.label) < 18 else 0,
        run_id=found.run_id[:100],
        source_uri=found.source_uri,
        registry_id=registry_id,
        created_at=found.created_at or now,
        seen_at=now,
        **found.facts,
    )
    Version.objects.bulk_create([version], ignore_conflicts=True)
    return Version.objects.filter(pk=version.pk).select_related("asset").first()


def note_facts(version: Version, found: Observed) -> list[str]:
    """Note what a version's run says by now, and return the names of what changed; files are never touched."""
    changed = {name: value for name, value in found.facts.items() if getattr(version, name) != value}
    if changed:
        Version.objects.filter(pk=version.pk).update(**changed)
    return sorted(changed)


def note_digest(
    version: Version, digest: str, manifest: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], now: datetime
) -> str:
    """Note what a version's files came to, and return `first`, `same` or `changed`.

    The first digest becomes the version's for good. Another one later is kept beside it and compromises the version;
    seeing that one again is no news.
    """
    files = [dict(each) for each in manifest]
    if not version.manifest_digest:
        sealed = Version.objects.filter(pk=version.pk, manifest_digest="").update(
            manifest_digest=digest, manifest=files, schema=dict(schema), state=VersionState.SEALED, problem=""
        )
        if sealed:
            DigestSeen.objects.create(version=version, digest=digest, manifest=files, seen_at=now)
            return "first"
        version.refresh_from_db()
    state = state_after(version.state, version.manifest_digest, digest)
    if DigestSeen.objects.filter(version=version, digest=digest).exists():
        return "same"
    Version.objects.filter(pk=version.pk).update(state=state)
    DigestSeen.objects.create(version=version, digest=digest, manifest=files, seen_at=now)
    return "changed"


def note_unreadable(version: Version, problem: str) -> bool:
    """Note that a version's files could not be digested and why (a refusal's code); false when that is known."""
    unsealed = Version.objects.filter(pk=version.pk, manifest_digest="").exclude(problem=problem)
    return unsealed.update(state=VersionState.UNREADABLE, problem=problem[:100]) == 1


def note_gone(version: Version, now: datetime) -> bool:
    """Note that the registry no longer has a version whose files were digested; false when that is known."""
    return Version.objects.filter(pk=version.pk, gone_at=None).update(gone_at=now) == 1


def note_back(version: Version) -> bool:
    """Note that the registry has a version again that was gone; false when it was not."""
    return Version.objects.filter(pk=version.pk, gone_at__isnull=False).update(gone_at=None) == 1
