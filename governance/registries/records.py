"""Writes about registries and aliases inside the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from audit import log
from audit.actor import Actor, Invalid, system
from governance.access.models import Scope
from governance.access.selectors import root
from governance.catalog.models import Asset, Version
from governance.registries import rules, selectors
from governance.registries.models import AliasExpected, AliasSeen, Drift, Registry
from governance.registries.rules import Alias, Standing
from jobs.records import enqueue


def found(now: datetime) -> None:
    """Connect the registry that `MLFLOW_TRACKING_URI` names, in the organisation's scope, if it is not known yet."""
    if not settings.MLFLOW_TRACKING_URI:
        return
    uri = rules.clean_uri(settings.MLFLOW_TRACKING_URI)
    if not Registry.objects.filter(uri=uri).exists():
        taken = Registry.objects.filter(name="MLflow").exists()
        made = connect(f"MLflow {uri.partition('://')[2]}"[:100] if taken else "MLflow", uri, root(), now)
        log.append(
            actor=system(),
            action="registry.connected",
            subjects=[made.subject],
            scope_id=made.scope_id,
            about={"kind": made.kind},
            private={"name": made.name, "uri": uri},
            at=now,
        )


def connect(name: str, uri: str, scope: Scope, now: datetime) -> Registry:
    """Note a registry and owe the first look at it; refused when the name or the address is taken."""
    uri = rules.clean_uri(uri)
    if Registry.objects.filter(name=name).exists() or Registry.objects.filter(uri=uri).exists():
        raise Invalid("registries.known_already")
    made = Registry.objects.create(name=name, uri=uri, namespace=rules.namespace_of(uri), scope=scope, created_at=now)
    owe_sync(made)
    enqueue("registries.probe", str(made.pk), dedupe_key=f"probe:{made.pk}")
    return made


def owe_sync(registry: Registry) -> None:
    """Owe a full look at a registry; many wishes make one."""
    enqueue("registries.sync", str(registry.pk), dedupe_key=f"sync:{registry.pk}")


def owe_watch(registry: Registry, run_after: datetime | None = None) -> None:
    """Owe a look at a registry's aliases, now or at a time; many wishes make one."""
    when = "later" if run_after else "now"
    enqueue("registries.watch", str(registry.pk), dedupe_key=f"watch:{when}:{registry.pk}", run_after=run_after)


def owe_digest(version_id: UUID) -> None:
    """Owe the hashing of a version's files."""
    enqueue("registries.digest", str(version_id), dedupe_key=f"digest:{version_id}")


def expect_alias(
    asset: Asset, alias: str, version: Version, promotion_id: UUID | None, at: datetime, key: str = ""
) -> AliasExpected:
    """Note that from `at` on a decision wants the alias at that version; `key` names the request to people (`PR-42`).

    Call it in the transaction that marks the request applied; the watch gives the two some seconds to meet.
    """
    registry = version.registry or asset.registry
    if registry is None:
        raise Invalid("registries.no_registry")
    return AliasExpected.objects.create(
        registry=registry,
        asset=asset,
        alias=alias,
        version=version,
        promotion_id=promotion_id,
        promotion_key=key,
        since=at,
    )


def note_seen(
    actor: Actor, registry: Registry, asset: Asset, move: Alias, now: datetime, **about: str
) -> AliasSeen | None:
    """Add to the ledger, and to the log, where an alias of `asset` was just seen, when that is news.

    The entry names the alias once a decision ever placed it; any other may be named after a person.
    """
    before = selectors.alias_label(asset, move.alias)
    if before == move.label:
        return None
    governed = AliasExpected.objects.filter(asset=asset, alias=move.alias).exists()
    name = {"alias": move.alias}
    log.append(
        actor=actor,
        action="alias.moved",
        subjects=[asset.subject, registry.subject],
        scope_id=asset.scope_id,
        about={"from": before, "to": move.label, **about, **(name if governed else {})},
        private={} if governed else name,
        at=now,
    )
    return AliasSeen.objects.create(
        registry=registry, asset=asset, alias=move.alias, version_label=move.label, seen_at=now
    )


def judge(actor: Actor, registry: Registry, asked_at: datetime, now: datetime) -> None:
    """Compare where decisions put a registry's aliases with the ledger, after a look that began at `asked_at`.

    A confirmed difference and its end are entries in the log; a first suspicion only owes another look soon.
    """
    expected = [each for each in selectors.last_expected(_assets(registry)) if each.registry_id == registry.pk]
    seen = {(row.asset_id, row.alias): row.version_label for row in selectors.last_seen(_assets(registry))}
    opened = {(row.asset_id, row.alias): row for row in Drift.objects.filter(registry=registry, resolved_at=None)}
    for each in expected:
        place = (each.asset_id, each.alias)
        drift = opened.get(place)
        label = seen.get(place, "")
        suspected = (drift.first_seen_at, drift.seen_label) if drift else None
        step = rules.drift_step(Standing(each.version.label, each.since, label, asked_at, suspected))
        _STEPS.get(step, _pass)(_Case(actor, each, label, drift, asked_at, now))


@dataclass(frozen=True)
class _Case:
    actor: Actor
    expected: AliasExpected
    label: str
    drift: Drift | None
    asked_at: datetime
    now: datetime


def _assets(registry: Registry) -> list[UUID]:
    return list(Asset.objects.filter(registry=registry).values_list("pk", flat=True))


def _pass(case: _Case) -> None:
    """Nothing to note."""


def _suspect(case: _Case) -> None:
    drift = case.drift or Drift(registry=case.expected.registry, asset=case.expected.asset, alias=case.expected.alias)
    drift.expected, drift.seen_label = case.expected, case.label
    drift.first_seen_at, drift.confirmed_at = case.asked_at, None
    drift.save()
    owe_watch(case.expected.registry, run_after=case.now + rules.CONFIRM_AFTER)


def _confirm(case: _Case) -> None:
    assert case.drift is not None
    if case.drift.confirmed_at is None:
        Drift.objects.filter(pk=case.drift.pk).update(confirmed_at=case.now)
        _tell(case, "registry.drift_seen", "failure")


def _resolve(case: _Case) -> None:
    assert case.drift is not None
    if case.drift.confirmed_at is None:
        case.drift.delete()
        return
    Drift.objects.filter(pk=case.drift.pk).update(resolved_at=case.now)
    _tell(case, "registry.drift_gone", "success")


def _tell(case: _Case, action: str, outcome: str) -> None:
    asset, version = case.expected.asset, case.expected.version
    log.append(
        actor=case.actor,
        action=action,
        subjects=[asset.subject, version.subject, case.expected.registry.subject],
        scope_id=asset.scope_id,
        about={"alias": case.expected.alias, "expected": version.label, "seen": case.label},
        outcome=outcome,
        at=case.now,
    )


_STEPS = {"suspect": _suspect, "confirm": _confirm, "resolved": _resolve}
