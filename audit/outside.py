"""One question to somebody outside whom the operator named: never a redirect, never longer than it should be."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 1 << 20
PATIENCE = 10.0
"""Bytes of an answer that are read, and seconds it may take."""


class NoAnswer(Exception):
    """They could not be reached, or did not speak HTTP."""


@dataclass(frozen=True)
class Answer:
    """What they said."""

    status: int
    kind: str
    body: bytes


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


def post(url: str, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Send `body` to `url` and return the answer, whatever its status; `NoAnswer` when there is none."""
    said = {"Content-Type": kind, "User-Agent": "attestry", **(headers or {})}
    request = urllib.request.Request(url, data=body, headers=said)  # noqa: S310
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=PATIENCE) as response:
            return Answer(response.status, response.headers.get_content_type(), response.read(LONGEST))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers.get_content_type(), error.read(LONGEST))
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise NoAnswer(type(error).__name__) from error
