"""Scans, findings and waivers for machines."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.doors import Body, actor_of, idempotent, now_of, page, read
from governance.catalog.models import Asset
from governance.catalog.selectors import asset_of_dataset, asset_seen_by, version_seen_by
from governance.pii import choices, measuring, selectors, services
from governance.pii.downstream import Label, labels_of, place_of
from governance.pii.models import ColumnVerdict, Finding, Flag, Scan, Waiver
from governance.pii.panels import reasons
from governance.pii.services import Judgement, Ruling

LONGEST_PATH = 4096
MOST = 2**31 - 1


class DatasetScanBody(Body):
    """What to scan for a dataset: its own file when nothing is said."""

    path = serializers.CharField(max_length=LONGEST_PATH, required=False, default="")


class PathScanBody(Body):
    """A file on the server."""

    path = serializers.CharField(max_length=LONGEST_PATH)


class JudgementBody(Body):
    """What to say of a finding, and the revision that was looked at."""

    state = serializers.ChoiceField(choices=["confirmed", "disputed"])
    revision = serializers.IntegerField(min_value=0, max_value=MOST)
    reason = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)


class WaiverBody(Body):
    """A finding to waive, why, and until when."""

    finding = serializers.UUIDField()
    reason = serializers.CharField(max_length=2000)
    expires_at = serializers.DateTimeField()


class RulingBody(Body):
    """The decision on a waiver, and the revision that was looked at."""

    verdict = serializers.ChoiceField(choices=["approve", "refuse"])
    revision = serializers.IntegerField(min_value=0, max_value=MOST)
    reason = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)


class RevisionBody(Body):
    """The revision that was looked at."""

    revision = serializers.IntegerField(min_value=0, max_value=MOST)


def brief(scan: Scan) -> dict[str, Any]:
    """Return a scan as a line of a list."""
    return {
        "id": str(scan.pk),
        "state": scan.state,
        "verdict": scan.verdict or None,
        "ruleset": scan.ruleset or None,
        "rows": scan.rows,
        "progress": scan.progress,
        "why": reasons(scan.why),
        "seed": scan.seed,
        "trial": scan.trial,
        "same_as": str(scan.same_as) if scan.same_as else None,
        "digest": scan.digest or None,
        "requested_by": str(scan.requested_by),
        "created_at": scan.created_at.isoformat(),
        "started_at": scan.started_at and scan.started_at.isoformat(),
        "ended_at": scan.ended_at and scan.ended_at.isoformat(),
    }


def shape(scan: Scan) -> dict[str, Any]:
    """Return a scan whole, with its columns; the first entity of a column is the column's own."""
    asset = asset_of_dataset(scan.dataset_id) if scan.dataset_id is not None else None
    known = (
        Finding.objects.filter(dataset_id=scan.dataset_id) if scan.dataset_id is not None else Finding.objects.none()
    )
    findings = {(each.column, each.entity): each for each in known}
    return brief(scan) | {
        "path": scan.path,
        "dataset": str(asset.pk) if asset else None,
        "names_in_text": choices.names_for(scan.ruleset) or "not examined",
        "columns": [column_shape(column, findings) for column in selectors.columns_of(scan)],
    }


def column_shape(column: ColumnVerdict, findings: dict[tuple[str, str], Finding]) -> dict[str, Any]:
    """Return what a scan says of one column."""
    return {
        "path": column.path,
        "verdict": column.verdict,
        "filled": column.filled,
        "distinct": column.distinct,
        "examined": column.examined,
        "bound": column.bound,
        "why": reasons(dict.fromkeys(column.why, 1)),
        "entities": [entity_shape(one, findings.get((column.path, one["type"]))) for one in column.found],
    }


def entity_shape(one: dict[str, Any], finding: Finding | None) -> dict[str, Any]:
    """Return one entity of a column, with the finding that people judge."""
    checksum = {"passed": one["passed"], "tried": one["tried"], "base": one["base"]} if one["tried"] else None
    return {
        "type": one["type"],
        "share": one["share"],
        "low": one["low"],
        "high": one["high"],
        "hits": one["hits"],
        "checksum": checksum,
        "because": one["because"],
        "shape": one["shape"],
        "finding": str(finding.pk) if finding else None,
    }


def finding_shape(finding: Finding) -> dict[str, Any]:
    """Return a finding."""
    return {
        "id": str(finding.pk),
        "column": finding.column,
        "entity": finding.entity,
        "share": finding.share,
        "low": finding.low,
        "high": finding.high,
        "state": finding.state,
        "present": finding.present,
        "revision": finding.revision,
        "scan": str(finding.scan_id),
    }


def waiver_shape(waiver: Waiver) -> dict[str, Any]:
    """Return a waiver with the finding it is about."""
    return {
        "id": str(waiver.pk),
        "finding": finding_shape(waiver.finding),
        "reason": waiver.reason,
        "state": waiver.state,
        "revision": waiver.revision,
        "proposed_by": str(waiver.proposer_id),
        "decided_by": str(waiver.decider_id) if waiver.decider_id else None,
        "created_at": waiver.created_at.isoformat(),
        "decided_at": waiver.decided_at and waiver.decided_at.isoformat(),
        "expires_at": waiver.expires_at.isoformat(),
    }


class DatasetScans(APIView):
    """The scans of a dataset; ask for one."""

    @extend_schema(operation_id="dataset_scans_list", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        asset = asset_seen_by(actor_of(request), pk, Asset.Kind.DATASET)
        rows, after = page(request, selectors.scans_for(actor_of(request), asset))
        return Response({"results": [brief(row) for row in rows], "next": after})

    @extend_schema(operation_id="dataset_scans_ask", request=DatasetScanBody, responses={202: dict})
    def post(self, request: Request, pk: UUID) -> Response:
        path = read(DatasetScanBody, request)["path"]

        def ask() -> Response:
            scan = services.request_scan(actor=actor_of(request), asset_id=pk, path=path, now=now_of(request))
            return Response(shape(scan), status=202)

        return idempotent(request, ask)


class Scans(APIView):
    """Every scan one may see; ask for one of a file on the server."""

    @extend_schema(operation_id="scans_list", responses={200: dict})
    def get(self, request: Request) -> Response:
        rows, after = page(request, selectors.scans_seen_by(actor_of(request)))
        return Response({"results": [brief(row) for row in rows], "next": after})

    @extend_schema(operation_id="scans_ask", request=PathScanBody, responses={202: dict})
    def post(self, request: Request) -> Response:
        path = read(PathScanBody, request)["path"]

        def ask() -> Response:
            scan = services.request_path_scan(actor=actor_of(request), path=path, now=now_of(request))
            return Response(shape(scan), status=202)

        return idempotent(request, ask)


class VersionScans(APIView):
    """Scans of what is noted beside a model version; ask for one."""

    @extend_schema(operation_id="version_scans_list", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        version = version_seen_by(actor_of(request), pk)
        rows, after = page(request, selectors.scans_seen_by(actor_of(request)).filter(path=f"version:{version.pk}"))
        return Response({"results": [brief(row) for row in rows], "next": after})

    @extend_schema(operation_id="version_scans_ask", request=None, responses={202: dict})
    def post(self, request: Request, pk: UUID) -> Response:
        def ask() -> Response:
            scan = measuring.scan_version(actor=actor_of(request), version_id=pk, now=now_of(request))
            return Response(shape(scan), status=202)

        return idempotent(request, ask)


class OneScan(APIView):
    """One scan: how far it is, and what it says of each column."""

    @extend_schema(operation_id="scans_show", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(shape(selectors.scan_seen_by(actor_of(request), pk)))


class DatasetFindings(APIView):
    """The findings of a dataset, the latest scan's and those that are gone."""

    @extend_schema(operation_id="dataset_findings_list", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        asset = asset_seen_by(actor_of(request), pk, Asset.Kind.DATASET)
        rows, after = page(request, Finding.objects.filter(dataset_id=asset.lineage_dataset_id or 0))
        return Response({"results": [finding_shape(row) for row in rows], "next": after})


def label_shape(label: Label, seen: Mapping[int, Asset]) -> dict[str, Any]:
    """Return a label; where it comes from is told to those who may see that dataset."""
    source = seen.get(label.finding.dataset_id)
    origin = {"dataset": str(source.pk), "name": source.name, "column": label.finding.column} if source else None
    return {
        "column": label.column or None,
        "entity": label.finding.entity,
        "inherited": label.inherited,
        "from": origin,
        "finding": str(label.finding.pk) if source else None,
    }


def flag_shape(flag: Flag, seen: Mapping[int, Asset]) -> dict[str, Any]:
    """Return a flag; which column raised it is told to those who may see that dataset."""
    source = seen.get(flag.finding.dataset_id)
    return {
        "id": str(flag.pk),
        "model": {"id": str(flag.asset_id), "name": flag.asset.name},
        "entity": flag.finding.entity,
        "by_column": flag.by_column,
        "approved": flag.approved,
        "finding": str(flag.finding_id) if source else None,
        "dataset": str(source.pk) if source else None,
        "column": flag.finding.column if source else None,
        "raised_at": flag.raised_at.isoformat(),
        "cleared_at": flag.cleared_at and flag.cleared_at.isoformat(),
    }


def _labels(request: Request, asset: Asset) -> Response:
    found = labels_of(place_of(asset), now_of(request))
    seen = selectors.datasets_seen_by(actor_of(request), (each.finding.dataset_id for each in found.labels))
    return Response({"results": [label_shape(each, seen) for each in found.labels], "next": None, "cut": found.cut})


class DatasetLabels(APIView):
    """What the columns of a dataset hold: found in them, or in what they were made from without masking."""

    @extend_schema(operation_id="dataset_labels_list", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        return _labels(request, asset_seen_by(actor_of(request), pk, Asset.Kind.DATASET))


class ModelLabels(APIView):
    """What a model inherits from the data it learned from."""

    @extend_schema(operation_id="model_labels_list", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        return _labels(request, asset_seen_by(actor_of(request), pk, Asset.Kind.MODEL))


class Flags(APIView):
    """Approved models that learned from personal data; `standing=1` leaves out what is cleared."""

    @extend_schema(operation_id="flags_list", parameters=[OpenApiParameter("standing")], responses={200: dict})
    def get(self, request: Request) -> Response:
        flags = selectors.flags_seen_by(actor_of(request))
        flags = flags.filter(cleared_at=None) if request.query_params.get("standing") else flags
        rows, after = page(request, flags, order=("-raised_at", "pk"))
        seen = selectors.datasets_seen_by(actor_of(request), (each.finding.dataset_id for each in rows))
        return Response({"results": [flag_shape(each, seen) for each in rows], "next": after})


class JudgeFinding(APIView):
    """Confirm or dispute a finding."""

    @extend_schema(operation_id="findings_judge", request=JudgementBody, responses={200: dict})
    def post(self, request: Request, pk: UUID) -> Response:
        judgement = Judgement(**read(JudgementBody, request))
        actor, now = actor_of(request), now_of(request)
        return Response(finding_shape(services.judge_finding(actor=actor, finding_id=pk, judgement=judgement, now=now)))


class Waivers(APIView):
    """The waivers one may see; propose one."""

    @extend_schema(operation_id="waivers_list", responses={200: dict})
    def get(self, request: Request) -> Response:
        rows, after = page(request, selectors.waivers_for(actor_of(request)))
        return Response({"results": [waiver_shape(row) for row in rows], "next": after})

    @extend_schema(operation_id="waivers_propose", request=WaiverBody, responses={201: dict})
    def post(self, request: Request) -> Response:
        wanted = read(WaiverBody, request)

        def propose() -> Response:
            waiver = services.propose_waiver(
                actor=actor_of(request), finding_id=wanted["finding"], reason=wanted["reason"],
                expires_at=wanted["expires_at"], now=now_of(request),
            )  # fmt: skip
            return Response(waiver_shape(waiver), status=201)

        return idempotent(request, propose)


class OneWaiver(APIView):
    """One waiver."""

    @extend_schema(operation_id="waivers_show", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(waiver_shape(selectors.waiver_seen_by(actor_of(request), pk)))


class DecideWaiver(APIView):
    """Approve or refuse a waiver."""

    @extend_schema(operation_id="waivers_decide", request=RulingBody, responses={200: dict})
    def post(self, request: Request, pk: UUID) -> Response:
        wanted = read(RulingBody, request)
        ruling = Ruling(wanted["verdict"] == "approve", wanted["revision"], wanted["reason"])
        actor, now = actor_of(request), now_of(request)
        return Response(waiver_shape(services.decide_waiver(actor=actor, waiver_id=pk, ruling=ruling, now=now)))


class WithdrawWaiver(APIView):
    """Take a waiver back."""

    @extend_schema(operation_id="waivers_withdraw", request=RevisionBody, responses={200: dict})
    def post(self, request: Request, pk: UUID) -> Response:
        revision = read(RevisionBody, request)["revision"]
        actor, now = actor_of(request), now_of(request)
        return Response(waiver_shape(services.withdraw_waiver(actor=actor, waiver_id=pk, revision=revision, now=now)))
