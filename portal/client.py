"""A small client of a portal's REST interface, for the command line. Standard library only: it must start fast."""

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPResponse
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

OK, ERROR, USAGE, REFUSED, PENDING, CHECKS, SIGNED_OUT = range(7)
"""Exit codes of the command line."""

TRIES = 4
T = TypeVar("T")
BUSY = {502, 503, 504}


class Failed(Exception):
    """A command cannot go on: a sentence for people, an exit code for scripts, and the portal's own words if any."""

    def __init__(self, sentence: str, code: int = ERROR, problem: Mapping[str, Any] | None = None) -> None:
        """Say why in `sentence`; `problem` is the portal's problem+json when it was the portal that refused."""
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.problem = dict(problem or {})


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nothing: the token is for the portal alone, and its interface never redirects."""


class Portal:
    """One portal, spoken to with one bearer token."""

    def __init__(self, url: str, token: str, timeout: float = 60) -> None:
        """Refuse an address that is not http(s)."""
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise Failed(f"ATTESTRY_URL must be an address such as https://attestry.example.org, not {url!r}.", USAGE)
        self.url = url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._open = urllib.request.build_opener(_NoRedirects).open

    def get(self, path: str, **query: str | int | None) -> Any:
        """Return the JSON at `path`."""
        return json.loads(self.fetch(path, **query))

    def fetch(self, path: str, **query: str | int | None) -> bytes:
        """Return the bytes at `path`."""
        given = urlencode({name: value for name, value in query.items() if value not in (None, "")})
        return self._send("GET", f"{path}?{given}" if given else path, None, _whole)

    def stream(self, path: str) -> HTTPResponse:
        """Open the bytes at `path`, to be read piece by piece and closed by whoever asked."""
        return self._send("GET", path, None, lambda response: response)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send `body`, once however often the line breaks: every try carries the same Idempotency-Key."""
        answer = self._send("POST", path, json.dumps(body).encode(), _whole)
        return json.loads(answer) if answer else {}

    def _send(self, method: str, path: str, body: bytes | None, take: Callable[[HTTPResponse], T]) -> T:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json", "User-Agent": "attestry"}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)  # noqa: S310
        for attempt in range(TRIES):
            try:
                return take(self._open(request, timeout=self._timeout))
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in BUSY or attempt == TRIES - 1:
                        raise failure(error.code, error.read()) from None
            except (urllib.error.URLError, OSError) as error:
                if attempt == TRIES - 1:
                    reason = getattr(error, "reason", error)
                    raise Failed(f"Attestry at {self.url} does not answer ({reason}).") from None
            time.sleep(0.5 * 2**attempt)
        raise AssertionError("unreachable")


def _whole(response: HTTPResponse) -> bytes:
    with response:
        return response.read()


def failure(status: int, body: bytes) -> Failed:
    """Turn an answer that is not a success into what the command line says and exits with."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = {}
    problem = problem if isinstance(problem, dict) else {}
    sentence = str(problem.get("detail") or f"Attestry answered with status {status}.")
    errors = problem.get("errors")
    if isinstance(errors, dict):
        sentence += "".join(f"\n  {field}: {_words(words)}" for field, words in errors.items())
    code = SIGNED_OUT if status == 401 else REFUSED if 400 <= status < 500 else ERROR
    return Failed(sentence, code, problem)


def _words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def from_environment(environment: Mapping[str, str] = os.environ) -> Portal:
    """The portal that ATTESTRY_URL and ATTESTRY_TOKEN name."""
    url, token = environment.get("ATTESTRY_URL", ""), environment.get("ATTESTRY_TOKEN", "")
    if not url:
        raise Failed("Set ATTESTRY_URL to the portal's address, for example http://127.0.0.1:8000.", USAGE)
    if not token:
        raise Failed("Set ATTESTRY_TOKEN to a token of yours: make one on your account page.", SIGNED_OUT)
    return Portal(url, token)


def poll(look: Callable[[], Any], done: Callable[[Any], bool], seconds: float, sleep: Callable[[float], None]) -> Any:
    """Look again, ever more slowly (every 0.25 s to 5 s), until `done`; after `seconds` return what was seen last."""
    pause, waited = 0.25, 0.0
    while True:
        seen = look()
        if done(seen) or waited >= seconds:
            return seen
        pause = min(pause, seconds - waited)
        sleep(pause)
        waited += pause
        pause = min(5.0, pause * 1.4)
