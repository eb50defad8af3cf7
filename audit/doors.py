"""Pieces every door shares: who asks and when, strict bodies, keyset pages, repeated requests."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DataError, transaction
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.module_loading import import_string
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.actor import ANONYMOUS, Actor
from audit.refusals import Conflict, Malformed, Refused
from jobs import selectors as clock
from jobs.models import Repeat

PAGE, LONGEST_PAGE = 50, 500
UNFIT = (ValueError, TypeError, OverflowError, RecursionError, ValidationError, DataError)
"""What a cursor that was not given out here can run into."""
STUCK = timedelta(seconds=60)
M = TypeVar("M", bound=Model)


def actor_of(request: HttpRequest | Request) -> Actor:
    """Return who asks; the anonymous actor when nobody is signed in."""
    return cast("Actor", getattr(request, "actor", ANONYMOUS))


def now_of(request: HttpRequest | Request) -> datetime:
    """Return the moment of this request, read once from the database's clock."""
    return cast("datetime", getattr(request, "now", None) or clock.now())


def say(refusal: Refused) -> str:
    """Return the refusal as a sentence in the reader's language."""
    return cast("str", import_string(settings.ATTESTRY_PORTS["say"])(refusal))


def met(request: HttpRequest, refusal: Refused) -> str:
    """Return the sentence for a form that was refused, and note the refusal for whoever remembers denials."""
    request.met = refusal  # type: ignore[attr-defined]
    return say(refusal)


class Body(serializers.Serializer[Any]):
    """A request body that refuses fields it does not know."""

    def to_internal_value(self, data: Any) -> Any:
        """Understand the body; unknown fields and anything but an object are refused by name."""
        if isinstance(data, Mapping):
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                raise Malformed("request.unknown_fields", fields=", ".join(unknown)[:200])
        return super().to_internal_value(data)


def read(body: type[Body], request: Request) -> dict[str, Any]:
    """Return the request's body as validated values; refused with the fields that are wrong."""
    form = body(data=request.data)
    form.is_valid(raise_exception=True)
    return cast("dict[str, Any]", form.validated_data)


class NoBody(Body):
    """A request that says all in its address."""


def read_nothing(request: Request) -> None:
    """Refuse fields in a request that has none to give; an empty body is fine."""
    read(NoBody, request)


def _limit(request: HttpRequest | Request) -> int:
    raw = request.GET.get("limit", str(PAGE))
    if not raw.isascii() or not raw.isdigit() or len(raw) > 3 or not 1 <= int(raw) <= LONGEST_PAGE:
        raise Malformed("request.bad_limit", longest=LONGEST_PAGE)
    return int(raw)


def _after(cursor: str, order: Sequence[str]) -> Q:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        assert isinstance(values, list) and len(values) == len(order)
    except (ValueError, AssertionError) as error:
        raise Malformed("request.bad_cursor") from error
    condition, same = Q(), Q()
    for field, value in zip(order, values, strict=True):
        name = field.removeprefix("-")
        side = "lt" if field.startswith("-") else "gt"
        condition |= same & Q(**{f"{name}__{side}": value})
        same &= Q(**{name: value})
    return condition


def page(
    request: HttpRequest | Request, rows: QuerySet[M, M], order: Sequence[str] = ("-created_at", "pk")
) -> tuple[list[M], str | None]:
    """Return one page of `rows` and the cursor of the next, by keyset: cost does not grow with depth.

    `order` names plain, never-null columns, the last of them unique; `cursor` and `limit` come from the query.
    """
    limit = _limit(request)
    cursor = request.GET.get("cursor", "")
    try:
        wanted = rows.filter(_after(cursor, order)) if cursor else rows
        found = list(wanted.order_by(*order)[: limit + 1])
    except UNFIT as error:
        if not cursor:
            raise
        raise Malformed("request.bad_cursor") from error
    if len(found) <= limit:
        return found, None
    last = [str(getattr(found[limit - 1], field.removeprefix("-"))) for field in order]
    return found[:limit], base64.urlsafe_b64encode(json.dumps(last).encode()).decode()


def idempotent(request: Request, call: Callable[[], Response]) -> Response:
    """Answer a repeated POST with its first answer, by `Idempotency-Key`; without the header just do it.

    The same key with another body is refused, and so is one whose first request still runs. A first request that
    died (nothing answered for a minute) may be tried again.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return call()
    if len(key) > 200:
        raise Malformed("request.bad_idempotency_key")
    asked = hashlib.sha256(f"{request.method} {request.path}\n".encode() + _raw(request)).hexdigest()
    repeat = _first(actor_of(request), key, asked, now_of(request))
    if repeat.status is not None:
        return Response(json.loads(repeat.answer), status=repeat.status)
    try:
        response = call()
    except BaseException:
        Repeat.objects.filter(pk=repeat.pk).delete()
        raise
    Repeat.objects.filter(pk=repeat.pk).update(
        status=response.status_code, answer=json.dumps(response.data, cls=DjangoJSONEncoder)
    )
    return response


def _raw(request: Request) -> bytes:
    return json.dumps(request.data, sort_keys=True, default=str).encode()


def _first(actor: Actor, key: str, asked: str, now: datetime) -> Repeat:
    with transaction.atomic():
        repeat, made = Repeat.objects.get_or_create(
            principal_id=actor.principal_id, key=key, defaults={"asked": asked, "at": now}
        )
        if made or (repeat.status is not None and repeat.asked == asked):
            return repeat
        if repeat.asked != asked:
            raise Conflict("request.idempotency_key_reused")
        taken = Repeat.objects.filter(pk=repeat.pk, status=None, at=repeat.at, at__lt=now - STUCK).update(at=now)
        if not taken:
            raise Conflict("request.still_running")
    return repeat
