"""Models, datasets, versions and cards for machines."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actor import Malformed
from audit.doors import Body, actor_of, now_of, page, read
from governance.catalog import selectors, services
from governance.catalog.models import Asset, Card, Version
from governance.catalog.rules import card_gaps
from governance.catalog.services import Adoption


class CardBody(Body):
    """A card's fields, and the revision they were written on top of (or `If-Match`)."""

    fields = serializers.DictField()  # type: ignore[assignment]
    revision = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)


class AdoptBody(Body):
    """Who will answer for the asset (oneself if left out), where it goes, and the revision they saw."""

    owners = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=20)
    scope = serializers.UUIDField(required=False, allow_null=True, default=None)
    revision = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)


class AssetBody(Body):
    """New labels or owners of an asset, and the revision they saw."""

    labels = serializers.ListField(child=serializers.CharField(max_length=100), required=False, max_length=50)
    owners = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=50)
    revision = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)


def brief(asset: Asset) -> dict[str, Any]:
    """Return an asset as a line of a list."""
    return {
        "id": str(asset.pk),
        "kind": asset.kind,
        "namespace": asset.namespace,
        "name": asset.name,
        "scope": {"id": str(asset.scope_id), "path": asset.scope.path},
        "adopted": asset.adopted,
        "labels": asset.labels,
        "risk_tier": asset.risk_tier or None,
        "revision": asset.revision,
        "created_at": asset.created_at.isoformat(),
    }


def shape(asset: Asset) -> dict[str, Any]:
    """Return an asset with its owners and, for a model, how complete its card is."""
    found = brief(asset) | {
        "owners": [{"id": str(user.pk), "name": user.name} for user in selectors.owners_of(asset)],
        "lineage_dataset": asset.lineage_dataset_id,
    }
    if asset.kind == Asset.Kind.MODEL:
        card = selectors.card_of(asset)
        gaps = card_gaps(card.fields if card else {})
        found["card"] = {"revision": card.revision if card else 0, "gaps": gaps}
    return found


def version_shape(version: Version) -> dict[str, Any]:
    """Return a model version as its JSON."""
    return {
        "id": str(version.pk),
        "model": str(version.asset_id),
        "version": version.label,
        "state": version.state,
        "problem": version.problem or None,
        "manifest_digest": version.manifest_digest or None,
        "manifest": version.manifest,
        "schema": version.schema,
        "metrics": version.metrics,
        "params": version.params,
        "inputs": version.inputs,
        "run_id": version.run_id,
        "run_user": version.run_user,
        "code_commit": version.code_commit,
        "source_uri": version.source_uri,
        "created_at": version.created_at.isoformat(),
        "seen_at": version.seen_at.isoformat(),
    }


def card_shape(card: Card | None) -> dict[str, Any]:
    """Return a card as its JSON; revision 0 and no fields when nobody has written one."""
    fields = card.fields if card else {}
    return {
        "revision": card.revision if card else 0,
        "fields": fields,
        "gaps": card_gaps(fields),
        "by": str(card.by) if card else None,
        "at": card.at.isoformat() if card else None,
    }


def seen_revision(request: Request, body: dict[str, Any]) -> int:
    """Return the revision the caller says they saw, from `revision` or `If-Match`; refused without either."""
    raw = str(body.get("revision", request.headers.get("If-Match", ""))).strip().strip('"')
    if not raw.isascii() or not raw.isdigit() or len(raw) > 10:
        raise Malformed("catalog.needs_revision")
    return int(raw)


def listed(request: Request, rows: QuerySet[Asset]) -> Response:
    """Answer one page of assets, newest first, with the filters `name` (exact) and `q` (part of the name)."""
    if name := request.GET.get("name", "").strip():
        rows = rows.filter(name=name.removeprefix(selectors.MODEL_PREFIX))
    if text := request.GET.get("q", "").strip():
        rows = rows.filter(name__icontains=text[:200])
    found, cursor = page(request, rows)
    return Response({"results": [brief(asset) for asset in found], "next": cursor})


class Models(APIView):
    """The models one may see; `?name=` for one by name, `?q=` for a part of it."""

    @extend_schema(operation_id="models_list", responses={200: dict})
    def get(self, request: Request) -> Response:
        return listed(request, selectors.assets_for(actor_of(request), Asset.Kind.MODEL))


class Datasets(APIView):
    """The datasets one may see; `?name=` for one by name, `?q=` for a part of it."""

    @extend_schema(operation_id="datasets_list", responses={200: dict})
    def get(self, request: Request) -> Response:
        return listed(request, selectors.assets_for(actor_of(request), Asset.Kind.DATASET))


class OneModel(APIView):
    """One model."""

    @extend_schema(operation_id="models_show", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(shape(selectors.asset_seen_by(actor_of(request), pk, Asset.Kind.MODEL)))


class OneDataset(APIView):
    """One dataset."""

    @extend_schema(operation_id="datasets_show", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(shape(selectors.asset_seen_by(actor_of(request), pk, Asset.Kind.DATASET)))


class Versions(APIView):
    """The versions of a model, newest first."""

    @extend_schema(operation_id="models_versions", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        asset = selectors.asset_seen_by(actor_of(request), pk, Asset.Kind.MODEL)
        rows = selectors.versions_of(asset)
        if label := request.GET.get("version", "").strip():
            rows = rows.filter(label=label)
        found, cursor = page(request, rows, order=("-number", "-created_at", "pk"))
        return Response({"results": [version_shape(version) for version in found], "next": cursor})


class OneCard(APIView):
    """A model's card: its latest revision, and writing the next."""

    @extend_schema(operation_id="models_card", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        asset = selectors.asset_seen_by(actor_of(request), pk, Asset.Kind.MODEL)
        return Response(card_shape(selectors.card_of(asset)))

    @extend_schema(operation_id="models_card_edit", request=CardBody, responses={200: dict})
    def put(self, request: Request, pk: UUID) -> Response:
        body = read(CardBody, request)
        revision = seen_revision(request, body)
        card = services.edit_card(
            actor=actor_of(request), asset_id=pk, fields=body["fields"], revision=revision, now=now_of(request)
        )
        return Response(card_shape(card))


class OneAsset(APIView):
    """The labels and owners of a model or dataset."""

    @extend_schema(operation_id="assets_edit", request=AssetBody, responses={200: dict})
    def patch(self, request: Request, pk: UUID) -> Response:
        body = read(AssetBody, request)
        if ("labels" in body) == ("owners" in body):
            raise Malformed("catalog.labels_or_owners")
        who: Any = {"actor": actor_of(request), "asset_id": pk, "now": now_of(request)}
        revision = seen_revision(request, body)
        if "labels" in body:
            return Response(shape(services.set_labels(labels=body["labels"], revision=revision, **who)))
        return Response(shape(services.set_owners(owners=body["owners"], revision=revision, **who)))


class Adopt(APIView):
    """Take on a discovered asset, for oneself or for others, here or in another scope."""

    @extend_schema(operation_id="assets_adopt", request=AdoptBody, responses={200: dict})
    def post(self, request: Request, pk: UUID) -> Response:
        body = read(AdoptBody, request)
        adoption = Adoption(owners=body["owners"], scope_id=body["scope"])
        revision = seen_revision(request, body)
        asset = services.adopt(
            actor=actor_of(request), asset_id=pk, adoption=adoption, revision=revision, now=now_of(request)
        )
        return Response(shape(asset))
