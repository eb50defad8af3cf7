"""Reports for machines."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import http_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.doors import Body, actor_of, idempotent, now_of, page, read
from governance.reports import rules, selectors, services
from governance.reports.models import Report
from governance.reports.rules import Asking
from jobs import selectors as jobs


class ReportBody(Body):
    """What to report about whom, as of when, in which format."""

    kind = serializers.ChoiceField(choices=rules.KINDS)
    subject = serializers.UUIDField()
    as_of = serializers.DateTimeField(required=False, allow_null=True, default=None)
    format = serializers.ChoiceField(choices=rules.FORMATS, required=False, default="json")


def shape(report: Report) -> dict[str, Any]:
    """Return a report's metadata as its JSON."""
    ready = report.state == Report.State.READY
    return {
        "id": str(report.pk),
        "kind": report.kind,
        "subject": str(report.subject),
        "title": report.title,
        "format": report.format,
        "as_of": report.as_of.isoformat(),
        "state": report.state,
        "error": report.error or None,
        "digest": report.digest or None,
        "size": report.size if ready else None,
        "requested_by": str(report.principal_id),
        "created_at": report.created_at.isoformat(),
        "finished_at": report.finished_at.isoformat() if report.finished_at else None,
        "job": str(report.job_id) if report.job_id else None,
        "content": f"/api/v1/reports/{report.pk}/content" if ready else None,
    }


class Reports(APIView):
    """Asks for a report; lists those that were asked for."""

    @extend_schema(operation_id="reports_ask", request=ReportBody, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        """Owe a report, and answer with the job that makes it."""

        def do() -> Response:
            asked = read(ReportBody, request)
            asking = Asking(asked["kind"], asked["subject"], asked["as_of"], asked["format"])
            report = services.ask(actor=actor_of(request), asking=asking, now=now_of(request))
            return Response(shape(report), status=202, headers={"Location": f"/api/v1/reports/{report.pk}"})

        return idempotent(request, do)

    @extend_schema(operation_id="reports_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """List reports, newest first."""
        rows, cursor = page(request, selectors.reports_for(actor_of(request)))
        return Response({"results": [shape(row) for row in rows], "next": cursor})


class OneReport(APIView):
    """How far a report is."""

    @extend_schema(operation_id="reports_show", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return the report's metadata, the progress of its job, and who asked for it."""
        report = selectors.report_seen_by(actor_of(request), pk)
        job = jobs.job(report.job_id) if report.job_id else None
        progress = {"progress": job.progress if job else 1.0, "people": selectors.people_in(report)}
        return Response(shape(report) | progress)


class Content(APIView):
    """The report itself."""

    @extend_schema(operation_id="reports_content", responses=OpenApiTypes.BINARY)
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Return the bytes of the report; that it was taken away is in the log before they are sent.

        With `Range: bytes=N-` a download that was cut off goes on; `If-Range` with the ETag makes sure it is the same.
        """
        return content(services.deliver(actor=actor_of(request), pk=pk, now=now_of(request)), request.headers)


def content(report: Report, headers: Mapping[str, str]) -> HttpResponseBase:
    """Answer with the bytes of a delivered report, or with the part of them that is asked for."""
    etag = f'"{report.digest}"'
    part = rules.part_of(headers.get("Range", ""), report.size) if headers.get("If-Range", etag) == etag else None
    span = range(report.size) if part is None else part
    response: HttpResponseBase
    if part is not None and not part:
        response = HttpResponse(status=416, headers={"Content-Range": f"bytes */{report.size}"})
    else:
        response = StreamingHttpResponse(selectors.body_of(report, span), content_type=rules.TYPES[report.format])
        response.headers["Content-Length"] = str(len(span))
    if part:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{report.size}"
    response.headers["Accept-Ranges"] = "bytes"
    name = rules.filename(report.kind, report.title, "", report.format)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["ETag"] = etag
    if report.finished_at:
        response.headers["Last-Modified"] = http_date(report.finished_at.timestamp())
    return response
