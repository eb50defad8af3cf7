"""Reads about registries and about where aliases are, were, and should be."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max, Q, QuerySet

from audit.actor import Actor, NotSeen, visible
from governance.catalog.models import Asset, Version
from governance.catalog.rules import VersionState
from governance.registries.models import AliasExpected, AliasSeen, Drift, Registry
from governance.registries.rules import Alias

SETTLES_AFTER = timedelta(hours=24)


@dataclass(frozen=True)
class AliasNow:
    """One alias of a model: where it was last seen, where a decision put it, and whether these differ.

    `lookalike` names the governed alias that this one differs from only in capitals: MLflow takes both.
    """

    alias: str
    label: str
    seen_at: datetime | None
    expected: AliasExpected | None
    drift: Drift | None
    lookalike: str = ""

    @property
    def protected(self) -> bool:
        """Whether a decision governs it."""
        return self.expected is not None


def registry(pk: UUID | str) -> Registry | None:
    """Return the registry of that id, unless it was disconnected; for errands."""
    return Registry.objects.exclude(state=Registry.State.OFF).filter(pk=pk).first()


def connected() -> QuerySet[Registry]:
    """Return every registry that was not disconnected; for errands."""
    return Registry.objects.exclude(state=Registry.State.OFF)


def registries_for(actor: Actor) -> QuerySet[Registry]:
    """Return the registries in the scopes `actor` may see."""
    return Registry.objects.filter(visible(actor).q()).select_related("scope")


def registry_seen_by(actor: Actor, pk: UUID | str) -> Registry:
    """Return the registry; refused when it does not exist or is not theirs to see."""
    found = registries_for(actor).filter(pk=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="registry")
    return found


def registry_of(version: Version) -> Registry | None:
    """Return the registry that holds a version the caller has seen."""
    return version.registry or version.asset.registry


def away() -> int:
    """Return how many connected registries do not answer as they should, whoever asks."""
    return Registry.objects.filter(state=Registry.State.AWAY).count()


def last_seen(asset_ids: Iterable[UUID], at: datetime | None = None) -> list[AliasSeen]:
    """Return the newest line of the ledger for each alias of these models, now or as of then; gone ones included."""
    seen = AliasSeen.objects.filter(asset__in=asset_ids)
    seen = seen.filter(seen_at__lte=at) if at else seen
    newest = seen.values("asset", "alias").annotate(last=Max("id"))
    rows = AliasSeen.objects.filter(pk__in=newest.values("last")).select_related("asset")
    return list(rows.order_by("alias"))


def last_expected(asset_ids: Iterable[UUID]) -> list[AliasExpected]:
    """Return where decisions put each governed alias of these models."""
    newest = AliasExpected.objects.filter(asset__in=asset_ids).values("asset", "alias").annotate(last=Max("id"))
    rows = AliasExpected.objects.filter(pk__in=newest.values("last"))
    return list(rows.select_related("asset", "version", "registry").order_by("alias"))


def alias_label(asset: Asset, alias: str) -> str:
    """Return the label of the version the alias was last seen at, catalogued or not; empty when gone or never seen."""
    seen = AliasSeen.objects.filter(asset=asset, alias=alias).order_by("-id").first()
    return seen.version_label if seen else ""


def alias_target(asset: Asset, alias: str) -> Version | None:
    """Return the version the alias was last seen at; `None` when it is gone, never was, or is not catalogued."""
    label = alias_label(asset, alias)
    return Version.objects.filter(asset=asset, label=label).select_related("asset").first() if label else None


def aliases_of(asset: Asset) -> list[AliasNow]:
    """Return a model's aliases as they are, the governed ones first; those that are gone only when governed."""
    seen = {row.alias: row for row in last_seen([asset.pk])}
    expected = {row.alias: row for row in last_expected([asset.pk])}
    drifts = {row.alias: row for row in open_drifts().filter(asset=asset)}
    governed = {alias.casefold(): alias for alias in expected}
    found = [
        AliasNow(
            alias,
            seen[alias].version_label if alias in seen else "",
            seen[alias].seen_at if alias in seen else None,
            expected.get(alias),
            drifts.get(alias),
            "" if alias in expected else governed.get(alias.casefold(), ""),
        )
        for alias in sorted(seen.keys() | expected.keys())
    ]
    return sorted((now for now in found if now.label or now.expected), key=lambda now: not now.protected)


def live_on(asset: Asset, at: datetime) -> list[AliasSeen]:
    """Return where each alias of the model stood at `at`, as the ledger saw it: the answer to *what was live then*."""
    newest = AliasSeen.objects.filter(asset=asset, seen_at__lte=at).values("alias").annotate(last=Max("id"))
    return list(AliasSeen.objects.filter(pk__in=newest.values("last")).exclude(version_label="").order_by("alias"))


def ledger_of(asset: Asset) -> QuerySet[AliasSeen]:
    """Return every move of the model's aliases that was seen."""
    return AliasSeen.objects.filter(asset=asset).select_related("registry")


def open_drifts() -> QuerySet[Drift]:
    """Return every confirmed drift that nobody has put right yet, whoever asks."""
    rows = Drift.objects.filter(resolved_at=None, confirmed_at__isnull=False)
    return rows.select_related("asset", "asset__scope", "registry", "expected", "expected__version")


def drifts_for(actor: Actor) -> list[Drift]:
    """Return the open drifts of models that `actor` may see, oldest first."""
    seen = visible(actor).q(scope="asset__scope_id", pk="asset_id")
    return list(open_drifts().filter(seen).order_by("first_seen_at"))


def known_aliases(registry: Registry) -> list[Alias]:
    """Return where a registry's aliases stand by the ledger."""
    seen = last_seen(Asset.objects.filter(registry=registry).values_list("pk", flat=True))
    return [Alias(row.asset.name, row.alias, row.version_label) for row in seen]


def highest_versions(registry: Registry) -> dict[str, int]:
    """Return the highest version number known of each of a registry's models, by name; 0 for none yet."""
    rows = Asset.objects.filter(registry=registry).annotate(highest=Max("versions__number"))
    return {name: highest or 0 for name, highest in rows.values_list("name", "highest")}


def unsettled(registry: Registry, now: datetime) -> dict[str, dict[str, Version]]:
    """Return versions whose run may still add facts, by model name and label.

    That is while the run goes on, and for a day after the version was made: evaluations often come later.
    """
    fresh = Q(run_ended=False) | Q(created_at__gt=now - SETTLES_AFTER)
    found: dict[str, dict[str, Version]] = {}
    for version in Version.objects.filter(fresh, registry=registry).select_related("asset"):
        found.setdefault(version.asset.name, {})[version.label] = version
    return found


def to_recheck() -> list[UUID]:
    """Return the versions whose files must be looked at again.

    Those that an alias points at or a decision put somewhere, for they must stay what they were; and those that could
    not be read, for that may have been mended.
    """
    unreadable = Version.objects.filter(state=VersionState.UNREADABLE).values_list("pk", flat=True)
    expected = AliasExpected.objects.values_list("version_id", flat=True)
    newest = AliasSeen.objects.values("asset", "alias").annotate(last=Max("id")).values("last")
    seen = AliasSeen.objects.filter(pk__in=newest).exclude(version_label="")
    pairs = seen.values_list("asset_id", "version_label")
    live = [Version.objects.filter(asset_id=asset, label=label).values_list("pk", flat=True) for asset, label in pairs]
    return sorted({*expected, *unreadable, *(pk for each in live for pk in each)})


def to_digest(registry: Registry) -> list[UUID]:
    """Return a registry's versions whose files have not been digested yet."""
    rows = Version.objects.filter(registry=registry, manifest_digest="", problem="")
    return list(rows.values_list("pk", flat=True))


def version(pk: UUID | str) -> Version | None:
    """Return a version with its model and registry; for errands."""
    return Version.objects.filter(pk=pk).select_related("asset", "asset__registry", "registry").first()


def labels_of(registry: Registry, name: str) -> set[str]:
    """Return the labels of the versions known of a registry's model of that name."""
    return set(Version.objects.filter(asset__registry=registry, asset__name=name).values_list("label", flat=True))


def noted_after(registry: Registry, at: datetime) -> set[tuple[UUID, str]]:
    """Return the models and aliases whose newest line in the ledger is younger than `at`."""
    rows = AliasSeen.objects.filter(registry=registry, seen_at__gt=at)
    return set(rows.values_list("asset_id", "alias"))
