"""Reads of the catalog, always as somebody or inside rows somebody else was allowed to see."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.actor import Actor, Invalid, NotSeen, visible
from governance.access import selectors as access
from governance.access.models import Scope, ScopeClosure, User
from governance.catalog.models import Asset, Card, Owner, Version
from governance.catalog.rules import card_gaps
from lineage.naming import key, plain_namespace

MODEL_PREFIX = "models:/"
NOTHING = UUID(int=0)


def assets_for(actor: Actor, kind: str) -> QuerySet[Asset]:
    """Return the models or datasets `actor` may see."""
    seen = visible(actor).q(scope="scope_id", pk="pk")
    return Asset.objects.filter(seen, kind=kind).select_related("scope")


def asset_seen_by(actor: Actor, pk: UUID | str, kind: str = "") -> Asset:
    """Return the asset; refused when it does not exist, not for them, or is not of that kind."""
    rows = Asset.objects.filter(visible(actor).q(scope="scope_id", pk="pk")).select_related("scope")
    asset = rows.filter(pk=_uuid(pk) or NOTHING).first()
    if asset is None or kind not in {"", asset.kind}:
        raise NotSeen("not_seen", what=kind or "asset")
    return asset


def version_seen_by(actor: Actor, pk: UUID | str) -> Version:
    """Return the model version; refused when its model is not theirs to see."""
    seen = visible(actor).q(scope="asset__scope_id", pk="asset_id")
    version = (
        Version.objects.filter(seen, pk=_uuid(pk) or NOTHING)
        .select_related("asset", "asset__scope", "registry")
        .first()
    )
    if version is None:
        raise NotSeen("not_seen", what="version")
    return version


def find_version(actor: Actor, model: str | UUID, label: str) -> Version:
    """Return version `label` of the model with that id or name.

    Refused when there is none they may see, and when two models they see share the name: then the id must be given.
    """
    models = assets_for(actor, Asset.Kind.MODEL)
    by_id = _uuid(model)
    found = list(models.filter(pk=by_id) if by_id else models.filter(name=str(model).removeprefix(MODEL_PREFIX))[:2])
    if len(found) > 1:
        raise Invalid("catalog.ambiguous_name", name=str(model)[:200])
    version = Version.objects.filter(asset__in=found, label=label).select_related("asset", "asset__scope").first()
    if version is None:
        raise NotSeen("not_seen", what="version")
    return version


def versions_of(asset: Asset) -> QuerySet[Version]:
    """Return the versions of an asset the caller has seen, newest first."""
    return asset.versions.order_by("-number", "-created_at").select_related("asset", "registry")


def card_of(asset: Asset, as_of: datetime | None = None) -> Card | None:
    """Return the card's latest revision, now or as of then, or `None` when nobody had written one."""
    cards = asset.cards.filter(at__lte=as_of) if as_of else asset.cards.all()
    return cards.order_by("-revision").first()


def gaps_of(asset: Asset) -> list[str]:
    """Return what the model's card still lacks."""
    card = card_of(asset)
    return card_gaps(card.fields if card else {})


def owners_of(asset: Asset) -> list[User]:
    """Return the people who answer for the asset, by name."""
    return [owner.user for owner in Owner.objects.filter(asset=asset).select_related("user").order_by("user__name")]


def asset_of_dataset(lineage_dataset_id: int) -> Asset | None:
    """Return the asset that stands for a lineage dataset, whoever asks; callers check who may see it."""
    return Asset.objects.filter(lineage_dataset_id=lineage_dataset_id).select_related("scope").first()


def model_named(namespace: str, name: str) -> Asset | None:
    """Return the model of that lineage name, with or without `models:/`, whoever asks."""
    return Asset.objects.filter(key=asset_key(Asset.Kind.MODEL, namespace, name)).select_related("scope").first()


def dataset_named(namespace: str, name: str) -> Asset | None:
    """Return the dataset of that lineage name, whoever asks; callers check who may see it."""
    return Asset.objects.filter(key=asset_key(Asset.Kind.DATASET, namespace, name)).select_related("scope").first()


def models_named(namespace: str, names: Iterable[str]) -> dict[str, Asset]:
    """Return the models of a registry's namespace by name, in one query per five hundred."""
    listed, found = list(names), {}
    for start in range(0, len(listed), 500):
        keys = [asset_key(Asset.Kind.MODEL, namespace, name) for name in listed[start : start + 500]]
        found.update({asset.name: asset for asset in Asset.objects.filter(key__in=keys).select_related("scope")})
    return found


def asset_key(kind: str, namespace: str, name: str) -> str:
    """Return what tells two assets apart: a digest of kind, namespace and name in lineage's plain spelling."""
    return key(
        f"asset:{kind}", plain_namespace(namespace), name.removeprefix(MODEL_PREFIX) if kind == "model" else name
    )


def ancestors_of(scope_id: UUID) -> list[str]:
    """Return the ids of a scope's ancestors, itself included, as text."""
    above = ScopeClosure.objects.filter(descendant_id=scope_id)
    return [str(pk) for pk in above.values_list("ancestor_id", flat=True)]


def people_to_own(actor: Actor, asset: Asset) -> QuerySet[User]:
    """Return the active people whom `actor` may name as owners: those they may know of, and those who are already."""
    known = Q(pk__in=access.people_for(actor).values("pk")) | Q(pk__in=asset.owners.values("user"))
    return User.objects.filter(known, is_active=True, kind=User.Kind.PERSON).order_by("name", "pk")


def scopes_for(actor: Actor, action: str) -> QuerySet[Scope]:
    """Return the scopes where `actor` may do `action`, by path."""
    return Scope.objects.filter(pk__in=visible(actor, action).scope_ids).order_by("path")


def _uuid(value: UUID | str) -> UUID | None:
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        return None
