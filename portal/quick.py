"""The quick way for events of machines: kept and answered without the frame around everything else.

That frame (sessions, forms, languages, addresses, the REST framework) took several times as long as keeping an event,
and has nothing to do for a machine that shows a token. The quick way asks what the frame would ask: whose token it is,
may they, and what did they send. It only ever says that events were kept. Whatever else there is to say is left, with
the request as it came, to the frame.

Who showed a token a moment ago is not looked up again before their events are read: whether it still counts is asked,
together with what its holder may, in the transaction that keeps them (`lineage.services`).
"""

import json
import time
from datetime import datetime, timedelta
from functools import cache, lru_cache
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_started
from django.db import connection
from django.http.request import split_domain_port, validate_host

from audit.actor import Actor
from governance.signin import selectors as signin
from governance.signin.rules import digest_of
from lineage import api, reading
from lineage.together import PATIENCE
from portal.middleware import PERMISSIONS, USED_AGAIN
from portal.reading import TextRequest

ONE, MANY = "/api/v1/lineage", "/api/v1/lineage/batch"
PLAIN = frozenset({"application/json", "application/json; charset=utf-8"})
LATELY = 5.0
"""Seconds for which a token is known again."""
HOLDERS = 1000
"""At most so many tokens are."""
_lately: dict[str, tuple[Actor, datetime, float]] = {}
"""By a token's digest: who showed it, the database's now at that moment, and our own clock's."""
Answer = tuple[str, bytes]


class Application(WSGIHandler):
    """Django's application, with the quick way in front; reads requests as UTF-8."""

    request_class = TextRequest

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request."""
        said = environ.get
        answer = kept(environ) if said("PATH_INFO") in {ONE, MANY} else None
        if answer is None:
            return super().__call__(environ, start_response)
        status, body = answer
        what = [("Content-Type", "application/json")] if body else []
        start_response(status, [*headers(), *what, ("Content-Length", str(len(body)))])
        return [body]


def kept(asked: dict[str, Any]) -> Answer | None:
    """Keep the events of a request and return the answer; `None`, with the request as it came, when it is not plain.

    What goes wrong on the way goes wrong again in the frame, which says it; what was kept before is a duplicate there.
    """
    said = asked.get
    secret = _secret(said("HTTP_AUTHORIZATION", ""))
    length = said("CONTENT_LENGTH") or ""
    plain = said("REQUEST_METHOD") == "POST" and said("CONTENT_TYPE") in PLAIN and _ours(said("HTTP_HOST", ""))
    if not (secret and plain and length.isascii() and length.isdigit() and int(length) < reading.LARGEST):
        return None
    body = asked["wsgi.input"].read(int(length))
    asked["wsgi.input"] = BytesIO(body)
    try:
        request_started.send(sender=Application, environ=asked)  # who looks after connections hears of it
        live: Any = connection
        live.health_check_done = True  # one that broke is found by using it, and the frame opens another
        return _kept(asked["PATH_INFO"], reading.unpack(body, _encoding(said("HTTP_CONTENT_ENCODING", ""))), secret)
    except Exception:  # noqa: BLE001 - whatever it is, the frame meets it again and says it
        return None


def _kept(path: str, body: bytes, secret: str) -> Answer | None:
    found = _whose(secret)
    if found is None:
        return None
    actor, now = found
    if path == ONE:
        return "201 Created", json.dumps(api.take(body, actor, now)).encode()
    # where there was no place in time the frame says so, without another wait
    return None if api.take_many(body, actor, now, PATIENCE) else ("204 No Content", b"")


def _whose(secret: str) -> tuple[Actor, datetime] | None:
    """Return who shows this token, or did a moment ago, and the database's now; nothing when its use is to be noted."""
    known = digest_of(secret)
    if (found := _lately.get(known)) and (since := time.monotonic() - found[2]) < LATELY:
        actor, at, _ = found
        return actor, at + timedelta(seconds=since)
    shown = signin.shown(secret)
    if shown.last_used_at is None or shown.last_used_at < shown.at - USED_AGAIN:
        return None
    if len(_lately) >= HOLDERS:
        _lately.clear()
    _lately[known] = shown.actor, shown.at, time.monotonic()
    return shown.actor, shown.at


@cache
def headers() -> list[tuple[str, str]]:
    """The headers that every answer to a machine has."""
    found = [
        ("Cache-Control", "no-store, private"),
        ("Content-Security-Policy", settings.CONTENT_SECURITY_POLICY),
        ("Permissions-Policy", PERMISSIONS),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", settings.SECURE_REFERRER_POLICY),
        ("Cross-Origin-Opener-Policy", settings.SECURE_CROSS_ORIGIN_OPENER_POLICY),
    ]
    lasting = settings.SECURE_HSTS_SECONDS
    return [*found, ("Strict-Transport-Security", f"max-age={lasting}")] if lasting else found


def _secret(header: str) -> str:
    scheme, _, secret = header.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _encoding(header: str) -> str:
    return header.strip().lower()


@lru_cache(maxsize=64)
def _ours(host: str) -> bool:
    """Whether a request that names this host is meant for us."""
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
