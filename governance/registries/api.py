"""Registries, aliases and MLflow's webhook for machines."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actor import NotSeen, system
from audit.doors import Body, NoBody, actor_of, idempotent, now_of, page, read, read_nothing
from governance.catalog import selectors as catalog
from governance.catalog.models import Asset
from governance.registries import selectors, services
from governance.registries.models import AliasSeen, Drift, Registry
from governance.registries.rules import Hint
from governance.registries.selectors import AliasNow


class RegistryBody(Body):
    """A registry to connect; without a scope it is the organisation's."""

    name = serializers.CharField(max_length=100)
    uri = serializers.CharField(max_length=500)
    scope = serializers.UUIDField(required=False, allow_null=True, default=None)


def stamp(at: datetime | None) -> str | None:
    """Return a moment as RFC 3339, or nothing."""
    return at.isoformat() if at else None


def shape(registry: Registry) -> dict[str, Any]:
    """Return a registry as its JSON."""
    return {
        "id": str(registry.pk),
        "kind": registry.kind,
        "name": registry.name,
        "uri": registry.uri,
        "namespace": registry.namespace,
        "scope": {"id": str(registry.scope_id), "path": registry.scope.path},
        "state": registry.state,
        "last_error": registry.last_error or None,
        "looked_at": stamp(registry.looked_at),
        "last_synced_at": stamp(registry.last_synced_at),
        "probe": registry.probe,
        "probed_at": stamp(registry.probed_at),
    }


def alias_shape(now: AliasNow) -> dict[str, Any]:
    """Return where an alias is and should be."""
    wanted = now.expected
    return {
        "alias": now.alias,
        "version": now.label or None,
        "seen_at": stamp(now.seen_at),
        "protected": now.protected,
        "expected": {"version": wanted.version.label, "promotion": wanted.promotion_key or None} if wanted else None,
        "drift": drift_shape(now.drift) if now.drift else None,
    }


def drift_shape(drift: Drift) -> dict[str, Any]:
    """Return a drift as its JSON."""
    return {
        "id": str(drift.pk),
        "model": {"id": str(drift.asset_id), "name": drift.asset.name},
        "alias": drift.alias,
        "expected": drift.expected.version.label,
        "seen": drift.seen_label or None,
        "promotion": drift.expected.promotion_key or None,
        "first_seen_at": stamp(drift.first_seen_at),
    }


def seen_shape(row: AliasSeen) -> dict[str, Any]:
    """Return a line of the ledger."""
    return {"alias": row.alias, "version": row.version_label or None, "seen_at": stamp(row.seen_at)}


class Registries(APIView):
    """The registries one may see; connect another."""

    @extend_schema(operation_id="registries_list", responses={200: dict})
    def get(self, request: Request) -> Response:
        rows = selectors.registries_for(actor_of(request))
        if name := request.GET.get("name", "").strip():
            rows = rows.filter(name=name)
        found, cursor = page(request, rows)
        return Response({"results": [shape(row) for row in found], "next": cursor})

    @extend_schema(operation_id="registries_connect", request=RegistryBody, responses={201: dict})
    def post(self, request: Request) -> Response:
        body = read(RegistryBody, request)

        def connect() -> Response:
            made = services.connect(
                actor=actor_of(request),
                name=body["name"],
                uri=body["uri"],
                scope_id=body["scope"],
                now=now_of(request),
            )
            return Response(shape(made), status=201)

        return idempotent(request, connect)


class OneRegistry(APIView):
    """One registry; disconnect it."""

    @extend_schema(operation_id="registries_show", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(shape(selectors.registry_seen_by(actor_of(request), pk)))

    @extend_schema(operation_id="registries_disconnect", responses={200: dict})
    def delete(self, request: Request, pk: UUID) -> Response:
        read_nothing(request)
        return Response(shape(services.disconnect(actor=actor_of(request), registry_id=pk, now=now_of(request))))


class Sync(APIView):
    """Look at a registry soon."""

    @extend_schema(operation_id="registries_sync", request=NoBody, responses={202: dict})
    def post(self, request: Request, pk: UUID) -> Response:
        read_nothing(request)
        found = services.ask_sync(actor=actor_of(request), registry_id=pk, now=now_of(request))
        return Response(shape(found), status=202)


class Probe(APIView):
    """Test a registry soon; its answer appears in `probe`."""

    @extend_schema(operation_id="registries_probe", request=NoBody, responses={202: dict})
    def post(self, request: Request, pk: UUID) -> Response:
        read_nothing(request)
        found = services.probe(actor=actor_of(request), registry_id=pk, now=now_of(request))
        return Response(shape(found), status=202)


class Aliases(APIView):
    """A model's aliases: where they are, where decisions put them, and the ledger of every move seen."""

    @extend_schema(operation_id="models_aliases", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        asset = catalog.asset_seen_by(actor_of(request), pk, Asset.Kind.MODEL)
        moves, cursor = page(request, selectors.ledger_of(asset), order=("-id",))
        aliases = [alias_shape(each) for each in selectors.aliases_of(asset)]
        return Response({"aliases": aliases, "results": [seen_shape(row) for row in moves], "next": cursor})


class Drifts(APIView):
    """Aliases of models one may see that stand elsewhere than a decision put them."""

    @extend_schema(operation_id="drifts_list", responses={200: dict})
    def get(self, request: Request) -> Response:
        return Response(
            {"results": [drift_shape(row) for row in selectors.drifts_for(actor_of(request))], "next": None}
        )


class MlflowHook(APIView):
    """MLflow's webhook: believed only as a hint to look. Exists once `MLFLOW_WEBHOOK_SECRET` is set."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(operation_id="hooks_mlflow", request=dict, responses={202: dict})
    def post(self, request: Request) -> Response:
        secret = settings.MLFLOW_WEBHOOK_SECRET
        if not secret:
            raise NotSeen("not_seen", what="hook")
        headers = request.headers
        hint = Hint(
            headers.get("X-MLflow-Delivery-Id", ""),
            headers.get("X-MLflow-Timestamp", ""),
            headers.get("X-MLflow-Signature", ""),
            request._request.body,
        )
        services.take_hint(actor=system(), hint=hint, secret=secret, now=now_of(request))
        return Response({"status": "taken"}, status=202)
