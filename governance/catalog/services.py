"""What people and the system do in the catalog: describe, label, own, adopt, discover."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import IntegrityError, transaction

from audit import log
from audit.actor import Actor, Conflict, Invalid, require
from governance.access.rules import Action
from governance.access.selectors import scope_seen_by
from governance.catalog import records, rules
from governance.catalog.models import Asset, Card, Owner
from governance.catalog.records import Named
from governance.catalog.selectors import asset_seen_by, card_of, people_to_own
from jobs.records import enqueue
from lineage import selectors as lineage
from lineage.naming import is_model as is_model_name
from lineage.records import move_dataset


@transaction.atomic(durable=True)
def edit_card(*, actor: Actor, asset_id: UUID, fields: object, revision: int, now: datetime) -> Card:
    """Write the next revision of a model's card.

    `revision` is the one they were looking at (0 when there was none); refused when another has been written since,
    and when nothing would change. The texts go into the log as one erasable commitment.
    """
    asset = asset_seen_by(actor, asset_id, Asset.Kind.MODEL)
    require(actor, Action.EDIT, asset)
    cleaned, current = rules.read_card(fields), card_of(asset)
    if revision != (current.revision if current else 0):
        raise Conflict("catalog.moved")
    if current and current.fields == cleaned:
        raise Invalid("catalog.card_unchanged")
    card = _next_card(Card(asset=asset, revision=revision + 1, fields=cleaned, by=actor.principal_id, at=now))
    tier = cleaned.get("risk_tier", "")
    Asset.objects.filter(pk=asset.pk).update(risk_tier=tier)
    log.append(
        actor=actor,
        action="card.edited",
        subjects=[asset.subject],
        scope_id=asset.scope_id,
        about={"revision": card.revision, "gaps": rules.card_gaps(cleaned), "risk_tier": tier},
        private={"card": json.dumps(cleaned, ensure_ascii=False, sort_keys=True)},
        at=now,
    )
    enqueue("promotions.sweep", dedupe_key="promotions.sweep")
    return card


def _next_card(card: Card) -> Card:
    try:
        with transaction.atomic():
            card.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("catalog.moved") from error
    return card


@transaction.atomic(durable=True)
def set_labels(*, actor: Actor, asset_id: UUID, labels: Sequence[str], revision: int, now: datetime) -> Asset:
    """Replace an asset's labels; `revision` is the asset's, as they saw it."""
    asset = asset_seen_by(actor, asset_id)
    require(actor, Action.EDIT, asset)
    cleaned = rules.read_labels(labels)
    _advance(asset, revision, labels=cleaned)
    private = {"labels": " ".join(cleaned), "before": " ".join(asset.labels)}
    log.append(
        actor=actor, action="asset.labelled", subjects=[asset.subject], scope_id=asset.scope_id, private=private, at=now
    )
    return asset_seen_by(actor, asset_id)


@transaction.atomic(durable=True)
def set_owners(*, actor: Actor, asset_id: UUID, owners: Sequence[UUID], revision: int, now: datetime) -> Asset:
    """Replace the people who answer for an asset: active persons, at most 20, at least one once it is adopted."""
    asset = asset_seen_by(actor, asset_id)
    require(actor, Action.EDIT, asset)
    people = _people(actor, asset, owners)
    if asset.adopted and not people:
        raise Invalid("catalog.needs_owner")
    _advance(asset, revision)
    _own(asset, people)
    about = {"owners": [str(pk) for pk in people]}
    log.append(
        actor=actor, action="asset.owners_set", subjects=[asset.subject], scope_id=asset.scope_id, about=about, at=now
    )
    return asset_seen_by(actor, asset_id)


@dataclass(frozen=True)
class Adoption:
    """Who will answer for a discovered asset and where it will live; no scope means where it is."""

    owners: Sequence[UUID] = ()
    scope_id: UUID | None = None


@transaction.atomic(durable=True)
def adopt(*, actor: Actor, asset_id: UUID, adoption: Adoption, revision: int, now: datetime) -> Asset:
    """Take on a discovered asset, for oneself unless others are named, and move it to its scope.

    Moving needs the right to edit where it is and to register where it goes. Refused when it was adopted already.
    """
    asset = asset_seen_by(actor, asset_id)
    require(actor, Action.EDIT, asset)
    stays = adoption.scope_id in {None, asset.scope_id}
    scope = asset.scope if stays else scope_seen_by(actor, cast("UUID", adoption.scope_id))
    if scope.pk != asset.scope_id:
        require(actor, Action.REGISTER, scope)
    if asset.adopted:
        raise Conflict("catalog.adopted_already")
    people = _people(actor, asset, adoption.owners or [actor.principal_id])
    _advance(asset, revision, adopted=True, scope=scope)
    if asset.lineage_dataset_id:
        move_dataset(asset.lineage_dataset_id, scope.pk)
    _own(asset, people)
    about = {"owners": [str(pk) for pk in people], "from": str(asset.scope_id), "to": str(scope.pk)}
    log.append(actor=actor, action="asset.adopted", subjects=[asset.subject], scope_id=scope.pk, about=about, at=now)
    return Asset.objects.select_related("scope").get(pk=asset.pk)


def _advance(asset: Asset, revision: int, **changes: Any) -> None:
    same = Asset.objects.filter(pk=asset.pk, revision=revision)
    if same.update(revision=revision + 1, **changes) != 1:
        raise Conflict("catalog.moved")


def _people(actor: Actor, asset: Asset, ids: Sequence[UUID]) -> list[UUID]:
    wanted = set(ids)
    people = people_to_own(actor, asset).filter(pk__in=wanted)
    found = [person.pk for person in people.order_by("name", "pk")]
    if len(found) != len(wanted) or len(found) > rules.MOST_OWNERS:
        raise Invalid("catalog.bad_owner", most=rules.MOST_OWNERS)
    return found


def _own(asset: Asset, people: Sequence[UUID]) -> None:
    Owner.objects.filter(asset=asset).exclude(user__in=people).delete()
    Owner.objects.bulk_create([Owner(asset=asset, user_id=pk) for pk in people], ignore_conflicts=True)


@transaction.atomic(durable=True)
def discover(*, actor: Actor, dataset_pk: int, now: datetime) -> Asset | None:
    """Catalogue what lineage has just seen: a dataset, or the model that a MODEL dataset stands for.

    It appears unowned in the dataset's scope; meeting what a registry has named before, the two become one. Returns
    `None` for a dataset that is gone.
    """
    dataset = lineage.dataset(dataset_pk)
    if dataset is None:
        return None
    require(actor, Action.INGEST, dataset)
    named = Named(dataset.namespace, dataset.name, dataset.scope_id, lineage_dataset_id=dataset.pk)
    is_model = dataset.kind == Asset.Kind.MODEL or is_model_name(dataset.namespace, dataset.name)
    asset, news = (records.discover_model if is_model else records.discover_dataset)(named, now)
    if news:
        log.append(
            actor=actor,
            action="asset.discovered",
            subjects=[asset.subject],
            scope_id=asset.scope_id,
            about={"kind": asset.kind, "by": "event"},
            private={"name": f"{asset.namespace} {asset.name}"},
            at=now,
        )
    return asset
