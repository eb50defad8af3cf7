"""Refusals as HTTP: problem+json for machines, a page for people. The only file with HTTP error numbers."""

import logging
import sys
from http import HTTPStatus
from typing import Any, cast

from django.core.exceptions import RequestDataTooBig
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response

from audit.refusals import Conflict, Forbidden, Invalid, Malformed, NotSeen, NotSignedIn, Refused, Unavailable
from portal.denials import remembered
from portal.reading import FileSent
from portal.sentences import say

log = logging.getLogger("attestry.errors")
STATUS: dict[type[Refused], int] = {
    Malformed: 400,
    NotSignedIn: 401,
    Forbidden: 403,
    NotSeen: 404,
    Conflict: 409,
    Invalid: 422,
    Refused: 422,
    Unavailable: 503,
}
OTHER = {
    "request.method": 405,
    "request.too_large": 413,
    "request.media_type": 415,
    "request.charset": 415,
    "request.no_files": 413,
    "access.too_many_tries": 429,
    "broken": 500,
}
PROBLEM = "application/problem+json"
MACHINES = ("/api/", "/access/v1/", "/.well-known/", "/metrics")


def for_machines(request: HttpRequest) -> bool:
    """Return whether the path is answered with JSON rather than pages."""
    return request.path.startswith(MACHINES)


def status_of(refusal: Refused) -> int:
    """Return the HTTP status of a refusal."""
    return OTHER.get(refusal.code) or next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)


def problem(refusal: Refused) -> dict[str, Any]:
    """Return the refusal as an RFC 9457 problem: stable `code`, and `detail` in the reader's language."""
    status = status_of(refusal)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": refusal.code,
        "detail": say(refusal),
    }
    return body | {"params": {k: v if isinstance(v, int | list | dict) else str(v) for k, v in refusal.params.items()}}


def respond(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """Answer a refusal outside the REST framework: problem+json on machine paths, a page elsewhere."""
    refusal = remembered(request, refusal)
    status = status_of(refusal)
    if for_machines(request):
        response: HttpResponse = JsonResponse(problem(refusal), status=status, content_type=PROBLEM)
    elif isinstance(refusal, Unavailable):
        # no request: whatever the page's frame would look up may be what is away
        shown = {"refusal": refusal, "sentence": say(refusal), "heading": _("Not available right now"), "away": True}
        response = HttpResponse(render_to_string("refused.html", shown), status=status)
    else:
        response = render(request, "refused.html", {"refusal": refusal, "sentence": say(refusal)}, status=status)
    return cast("HttpResponse", _with_headers(response, status))


def _with_headers(response: HttpResponse | Response, status: int) -> Any:
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "2"
    return response


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer whatever a REST view raised; what we do not know stays an error and is logged by Django."""
    refusal = error if isinstance(error, Refused) else translate(error)
    if refusal is None:
        return None
    if "request" in context:
        refusal = remembered(context["request"], refusal)
    body = problem(refusal)
    if isinstance(error, exceptions.ValidationError):
        body["errors"] = error.detail
    return cast("Response", _with_headers(Response(body, status=body["status"], content_type=PROBLEM), body["status"]))


def translate(error: Exception) -> Refused | None:
    """Return the refusal that says what the framework's exception means, or `None`."""
    match error:
        case exceptions.ValidationError():
            return Malformed("request.fields")
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return NotSignedIn("access.not_signed_in")
        case exceptions.PermissionDenied():
            return Forbidden("access.not_allowed", action="")
        case Http404() | exceptions.NotFound():
            return NotSeen("not_seen")
        case exceptions.MethodNotAllowed():
            return Refused("request.method", method=str(error.args[0] if error.args else ""))
        case RequestDataTooBig():
            return Refused("request.too_large")
        case FileSent():
            return Refused("request.no_files")
        case _:
            return _translate_parsing(error)


def _translate_parsing(error: Exception) -> Refused | None:
    match error:
        case exceptions.UnsupportedMediaType():
            return Refused("request.media_type")
        case exceptions.ParseError():
            return Malformed("request.malformed", detail=str(error.detail)[:200])
        case OperationalError() | InterfaceError():
            log.exception("The database could not do this now.")
            return Unavailable("request.busy")
        case DataError():
            log.exception("The database could not take a value of the request.")
            return Malformed("request.malformed", detail="a value cannot be stored or compared")
        case RecursionError():
            return Malformed("request.malformed", detail="nested too deeply")
        case _:
            return None


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that does not exist."""
    return respond(request, NotSeen("not_seen"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request Django itself found suspicious or too large."""
    if isinstance(exception, FileSent):
        return respond(request, Refused("request.no_files"))
    too_large = isinstance(exception, RequestDataTooBig)
    return respond(request, Refused("request.too_large") if too_large else Malformed("request.malformed", detail=""))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself forbade."""
    return respond(request, Forbidden("access.not_allowed", action=""))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose CSRF token is missing or old."""
    return respond(request, Forbidden("request.csrf"))


def broken(request: HttpRequest) -> HttpResponse:
    """Answer when we failed, or when a database that is away made us: also before anybody knows who asks."""
    failed = sys.exc_info()[1]
    refusal = translate(failed) if isinstance(failed, Exception) else None
    if isinstance(refusal, Unavailable):
        return respond(request, refusal)
    return respond(request, Refused("broken"))
