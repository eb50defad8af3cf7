"""What somebody was not allowed to do, remembered: after the roll-back, in a transaction of its own."""

import logging
import re
from typing import Any

from django.db import DatabaseError, transaction
from django.http import HttpRequest
from rest_framework.request import Request

from audit import log
from audit.doors import actor_of, now_of
from audit.refusals import Forbidden, Refused, Unavailable

logger = logging.getLogger("attestry.denials")
SENSITIVE = {"approve", "waive", "classify", "manage_access", "audit", "export", "policy", "admin", "read_pii"}
"""Verbs whose refusal is remembered even when somebody only looked."""
SAFE = {"GET", "HEAD", "OPTIONS"}
FORM = "request.csrf"
_ID = re.compile(r"[0-9a-f-]{36}|[A-Z]{2,5}-\d{1,9}|\d{1,18}")


def remembered(request: HttpRequest | Request, refusal: Refused) -> Refused:
    """Record a refused sensitive action, and return what to answer: the refusal, or that it could not be recorded.

    Sensitive is whatever would have changed something, and looking at what few may see. Ids go in, nothing they typed.
    """
    if not _worth(request, refusal):
        return refusal
    try:
        with transaction.atomic():
            log.append(
                actor=actor_of(request),
                action="access.refused",
                subjects=[],
                at=now_of(request),
                about=_about(request, refusal),
                outcome="denied",
            )
    except DatabaseError:
        logger.exception("A refusal could not be recorded.")
        return Unavailable("audit.refusal_unrecorded")
    return refusal


def _worth(request: HttpRequest | Request, refusal: Refused) -> bool:
    if not isinstance(refusal, Forbidden) or refusal.code == FORM or actor_of(request).kind == "anonymous":
        return False
    return request.method not in SAFE or refusal.params.get("action") in SENSITIVE


def _about(request: HttpRequest | Request, refusal: Refused) -> dict[str, Any]:
    match = request.resolver_match
    told = {name: str(value) for name, value in (match.kwargs if match else {}).items() if _ID.fullmatch(str(value))}
    return {
        "code": refusal.code,
        "wanted": str(refusal.params.get("action", "")),
        "door": f"{request.method} /{match.route if match else ''}",
        "ids": told,
    }
