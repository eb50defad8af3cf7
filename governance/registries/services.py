"""What people do with registries, and what the system notes about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from audit import log
from audit.actor import Actor, Conflict, Invalid, NotSeen, require
from governance.access.rules import Action
from governance.access.selectors import root, scope_seen_by
from governance.catalog import records as catalog
from governance.catalog.models import Asset, Version
from governance.catalog.records import Named, Observed
from governance.registries import records, rules, selectors
from governance.registries.models import HookDelivery, Registry
from governance.registries.rules import Alias, FileDigest, FoundModel, Hint
from jobs.records import enqueue

LONGEST_NAME = 100


@transaction.atomic(durable=True)
def connect(*, actor: Actor, name: str, uri: str, scope_id: UUID | None, now: datetime) -> Registry:
    """Connect a registry at an http(s) address; models it names first will appear in that scope.

    For administrators of the scope (none given: of the organisation). Refused when name or address is taken, and
    when the address carries a password: credentials come from the environment.
    """
    scope = scope_seen_by(actor, scope_id) if scope_id else root()
    require(actor, Action.ADMIN, scope)
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid("registries.bad_name", most=LONGEST_NAME)
    made = records.connect(name, uri, scope, now)
    log.append(
        actor=actor,
        action="registry.connected",
        subjects=[made.subject],
        scope_id=scope.pk,
        about={"kind": made.kind},
        private={"name": made.name, "uri": made.uri},
        at=now,
    )
    return made


@transaction.atomic(durable=True)
def disconnect(*, actor: Actor, registry_id: UUID, now: datetime) -> Registry:
    """Stop looking at a registry; what was seen stays, and `ask_sync` connects it again."""
    registry = selectors.registry_seen_by(actor, registry_id)
    require(actor, Action.ADMIN, registry)
    if not Registry.objects.exclude(state=Registry.State.OFF).filter(pk=registry.pk).update(state=Registry.State.OFF):
        raise Conflict("registries.off_already")
    log.append(
        actor=actor, action="registry.disconnected", subjects=[registry.subject], scope_id=registry.scope_id, at=now
    )
    return selectors.registry_seen_by(actor, registry_id)


@transaction.atomic(durable=True)
def ask_sync(*, actor: Actor, registry_id: UUID, now: datetime) -> Registry:
    """Owe a full look at a registry soon, reconnecting it if it was disconnected; for its administrators."""
    registry = selectors.registry_seen_by(actor, registry_id)
    require(actor, Action.ADMIN, registry)
    Registry.objects.filter(pk=registry.pk, state=Registry.State.OFF).update(state=Registry.State.NEW)
    records.owe_sync(registry)
    records.owe_watch(registry)
    log.append(
        actor=actor, action="registry.sync_asked", subjects=[registry.subject], scope_id=registry.scope_id, at=now
    )
    return selectors.registry_seen_by(actor, registry_id)


@transaction.atomic(durable=True)
def probe(*, actor: Actor, registry_id: UUID, now: datetime) -> Registry:
    """Owe a test of a registry: is it there, which version, and may strangers in; for its administrators."""
    registry = selectors.registry_seen_by(actor, registry_id)
    require(actor, Action.ADMIN, registry)
    enqueue("registries.probe", str(registry.pk), dedupe_key=f"probe:{registry.pk}")
    log.append(
        actor=actor, action="registry.test_asked", subjects=[registry.subject], scope_id=registry.scope_id, at=now
    )
    return registry


@transaction.atomic(durable=True)
def note_probe(*, actor: Actor, registry_id: UUID, answer: dict[str, str], now: datetime) -> None:
    """Note what a test of a registry found; `answer` holds either `error` (a refusal's code) or what it told."""
    registry = Registry.objects.get(pk=registry_id)
    require(actor, Action.REGISTER, registry)
    Registry.objects.filter(pk=registry.pk).update(probe=answer, probed_at=now)
    log.append(
        actor=actor,
        action="registry.tested",
        subjects=[registry.subject],
        scope_id=registry.scope_id,
        about={name: said for name, said in answer.items() if name != "version"},
        private={"version": answer["version"]} if "version" in answer else {},
        outcome="failure" if "error" in answer else "success",
        at=now,
    )


@transaction.atomic(durable=True)
def note_away(*, actor: Actor, registry_id: UUID, problem: str, now: datetime) -> None:
    """Note that a registry does not answer as it should, and why (a refusal's code); news once per absence."""
    registry = Registry.objects.get(pk=registry_id)
    require(actor, Action.REGISTER, registry)
    changed = Registry.objects.exclude(state__in=["off", "away"]).filter(pk=registry.pk).update(state="away")
    Registry.objects.filter(pk=registry.pk).update(last_error=problem)
    if changed:
        log.append(
            actor=actor,
            action="registry.away",
            subjects=[registry.subject],
            scope_id=registry.scope_id,
            about={"problem": problem},
            outcome="failure",
            at=now,
        )


@dataclass(frozen=True)
class Look:
    """One look at all of a registry's models, and when it began."""

    models: Sequence[FoundModel]
    asked_at: datetime


@transaction.atomic(durable=True)
def note_look(*, actor: Actor, registry_id: UUID, look: Look, now: datetime) -> None:
    """Note where a registry's aliases are: moves go into the ledger, differences to decisions become drifts.

    Also notes that the registry answers, and owes a sync when it names a model or version we do not know. A look that
    began before the last one noted is dropped.
    """
    registry = Registry.objects.get(pk=registry_id)
    require(actor, Action.REGISTER, registry)
    newer = Q(looked_at=None) | Q(looked_at__lt=look.asked_at)
    if (
        not Registry.objects.filter(newer, pk=registry.pk)
        .exclude(state="off")
        .update(looked_at=look.asked_at, state=Registry.State.AVAILABLE, last_error="")
    ):
        return
    if registry.state == Registry.State.AWAY:
        log.append(actor=actor, action="registry.back", subjects=[registry.subject], scope_id=registry.scope_id, at=now)
    _move(actor, registry, look, now)
    records.judge(actor, registry, look.asked_at, now)
    known = selectors.highest_versions(registry)
    if any(model.latest > known.get(model.name, -1) for model in look.models):
        records.owe_sync(registry)


def _move(actor: Actor, registry: Registry, look: Look, now: datetime) -> None:
    assets = {asset.name: asset for asset in Asset.objects.filter(registry=registry)}
    seen = [Alias(m.name, alias, label) for m in look.models if m.name in assets for alias, label in m.aliases.items()]
    known = selectors.known_aliases(registry)
    newer = selectors.noted_after(registry, look.asked_at)
    for move in rules.alias_moves(known, seen):
        asset = assets[move.model]
        # somebody may have moved it and said so while this look was under way
        if (asset.pk, move.alias) not in newer:
            records.note_seen(actor, registry, asset, move, now)


@dataclass(frozen=True)
class Sighting:
    """A model as one sync found it: versions we did not know, and what runs say by now about ones we did."""

    name: str
    fresh: Sequence[Observed] = ()
    known: Sequence[Observed] = ()


@transaction.atomic(durable=True)
def note_model(*, actor: Actor, registry_id: UUID, sighting: Sighting, now: datetime) -> Asset:
    """Catalogue a model and its new versions, and owe the hashing of their files; newer facts replace older ones."""
    registry = Registry.objects.get(pk=registry_id)
    require(actor, Action.REGISTER, registry)
    named = Named(registry.namespace, sighting.name, registry.scope_id, registry_id=registry.pk)
    asset, news = catalog.discover_model(named, now)
    if news:
        log.append(
            actor=actor,
            action="asset.discovered",
            subjects=[asset.subject, registry.subject],
            scope_id=asset.scope_id,
            about={"kind": asset.kind, "by": "registry"},
            private={"name": f"{asset.namespace} {asset.name}"},
            at=now,
        )
    for found in sighting.fresh:
        _note_version(actor, asset, found, registry, now)
    changed = {found.label: _note_facts(asset, found) for found in sighting.known}
    changed = {label: names for label, names in changed.items() if names}
    if changed:
        about = {"versions": [{"label": label, "changed": names} for label, names in sorted(changed.items())]}
        subjects = [asset.subject, registry.subject]
        log.append(
            actor=actor, action="version.facts_noted", subjects=subjects, scope_id=asset.scope_id, about=about, at=now
        )
        enqueue("promotions.sweep", dedupe_key="promotions.sweep")
    return asset


def _note_version(actor: Actor, asset: Asset, found: Observed, registry: Registry, now: datetime) -> None:
    version = catalog.note_version(asset, found, registry.pk, now)
    if version is None:
        return
    records.owe_digest(version.pk)
    log.append(
        actor=actor,
        action="version.noted",
        subjects=[version.subject, asset.subject],
        scope_id=asset.scope_id,
        about={"label": version.label},
        private={"run_user": version.run_user, "run_id": version.run_id, "code_commit": version.code_commit},
        at=now,
    )


def _note_facts(asset: Asset, found: Observed) -> list[str]:
    version = asset.versions.filter(label=found.label).first()
    return catalog.note_facts(version, found) if version else []


@transaction.atomic(durable=True)
def note_synced(*, actor: Actor, registry_id: UUID, first: bool, now: datetime) -> None:
    """Note that a full look at a registry was finished; the first one is worth an entry."""
    registry = Registry.objects.get(pk=registry_id)
    require(actor, Action.REGISTER, registry)
    Registry.objects.filter(pk=registry.pk).update(last_synced_at=now)
    for version_id in selectors.to_digest(registry):
        records.owe_digest(version_id)
    records.owe_watch(registry)
    if first:
        log.append(
            actor=actor, action="registry.synced", subjects=[registry.subject], scope_id=registry.scope_id, at=now
        )


@dataclass(frozen=True)
class Digested:
    """What a version's files came to, and the columns its description names."""

    files: Sequence[FileDigest]
    schema: dict[str, object]


@transaction.atomic(durable=True)
def note_digest(*, actor: Actor, version_id: UUID, found: Digested, now: datetime) -> str:
    """Seal a version with its manifest digest, or find it unchanged, or find it changed; returns which.

    A changed version is compromised from then on, and every request about its model is reassessed.
    """
    version = selectors.version(version_id)
    if version is None:
        raise NotSeen("not_seen", what="version")
    require(actor, Action.REGISTER, version)
    digest = rules.manifest_digest(found.files)
    before = version.manifest_digest
    if catalog.note_back(version):
        log.append(**_about(actor, version, "version.back", now, label=version.label))
    outcome = catalog.note_digest(version, digest, [vars(file) for file in found.files], found.schema, now)
    if outcome == "same":
        return outcome
    about = {"digest": digest, "files": len(found.files), "label": version.label}
    log.append(
        actor=actor,
        action="version.sealed" if outcome == "first" else "version.compromised",
        subjects=[version.subject, version.asset.subject],
        scope_id=version.scope_id,
        about=about if outcome == "first" else about | {"before": before},
        outcome="success" if outcome == "first" else "failure",
        at=now,
    )
    enqueue("promotions.sweep", dedupe_key="promotions.sweep")
    return outcome


@transaction.atomic(durable=True)
def note_unreadable(*, actor: Actor, version_id: UUID, problem: str, now: datetime) -> None:
    """Note that a version's files cannot be digested, and why (a refusal's code); news once per reason."""
    version = selectors.version(version_id)
    if version is None:
        raise NotSeen("not_seen", what="version")
    require(actor, Action.REGISTER, version)
    if catalog.note_unreadable(version, problem):
        about = {"problem": problem, "label": version.label}
        log.append(**_about(actor, version, "version.unreadable", now, **about), outcome="failure")


@transaction.atomic(durable=True)
def note_gone(*, actor: Actor, version_id: UUID, now: datetime) -> None:
    """Note that the registry says it has no such version any more; news once, until it is there again."""
    version = selectors.version(version_id)
    if version is None:
        raise NotSeen("not_seen", what="version")
    require(actor, Action.REGISTER, version)
    if catalog.note_gone(version, now):
        log.append(**_about(actor, version, "version.gone", now, label=version.label), outcome="failure")
        enqueue("promotions.sweep", dedupe_key="promotions.sweep")


def _about(actor: Actor, version: Version, action: str, now: datetime, **about: object) -> dict[str, Any]:
    return {
        "actor": actor,
        "action": action,
        "subjects": [version.subject, version.asset.subject],
        "scope_id": version.scope_id,
        "about": about,
        "at": now,
    }


@transaction.atomic(durable=True)
def take_hint(*, actor: Actor, hint: Hint, secret: str, now: datetime) -> None:
    """Take a signed webhook as a hint that something moved, and owe a look at every registry.

    Nothing in its body is believed. Refused: a wrong signature, one older than five minutes, a delivery taken before.
    """
    rules.check_hint(hint, secret, now)
    require(actor, Action.REGISTER, root())
    _take(hint.delivery_id, now)
    for registry in selectors.connected():
        records.owe_sync(registry)
        records.owe_watch(registry)
    log.append(actor=actor, action="registry.hinted", subjects=[f"hook:{hint.delivery_id}"], at=now)


def _take(delivery_id: str, now: datetime) -> None:
    HookDelivery.objects.filter(at__lt=now - 2 * rules.SKEW).delete()
    try:
        with transaction.atomic():
            HookDelivery.objects.create(delivery_id=delivery_id, at=now)
    except IntegrityError as error:
        raise Conflict("registries.hook_replayed") from error
