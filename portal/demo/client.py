"""The demo's way to the portal: its REST interface, as somebody, with nothing but the standard library."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

TIMEOUT = 15.0
PATIENCE = 180.0
AWAY = {502, 503, 504}


class Said(Exception):
    """The portal refused: its status, its stable code and its sentence."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        self.problem = problem
        super().__init__(f"{status} {self.code}: {problem.get('detail', '')}")


@dataclass(frozen=True)
class Portal:
    """The portal at `url`, spoken to with somebody's token."""

    url: str
    token: str

    def get(self, path: str, **query: str) -> Any:
        """What lies at `path`."""
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path)

    def rows(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Every row of a list, page after page."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(path, **query)
            found += page["results"]
            cursor = page.get("next")
            if not cursor:
                return found
            query["cursor"] = cursor

    def post(self, path: str, body: dict[str, Any], once: str = "") -> Any:
        """Send `body`; with `once`, sending it again has no further effect."""
        return self._ask("POST", path, body, {"Idempotency-Key": once} if once else {})

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """Put `body` in place of what lies at `path`."""
        return self._ask("PUT", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """Change what `body` names at `path`."""
        return self._ask("PATCH", path, body)

    def _ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """One request; repeated for three minutes while the portal is away or busy."""
        data = None if body is None else json.dumps(body).encode()
        told = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})}
        until = time.monotonic() + PATIENCE
        while True:
            try:
                request = Request(f"{self.url}{path}", data=data, headers=told, method=method)  # noqa: S310 - ours
                with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                    text = answer.read()
                    return json.loads(text) if text else None
            except HTTPError as error:
                if error.code not in AWAY or time.monotonic() > until:
                    raise Said(error.code, _problem(error)) from None
            except (URLError, HTTPException, OSError):
                if time.monotonic() > until:
                    raise
            time.sleep(1.0)


def _problem(error: HTTPError) -> dict[str, Any]:
    try:
        found = json.loads(error.read())
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def healthy(registry: str) -> bool:
    """Whether MLflow answers."""
    try:
        with urlopen(f"{registry}/health", timeout=TIMEOUT) as answer:  # noqa: S310 - our own child
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False


def wait(look: Callable[[], Any], what: str, seconds: float = 120.0) -> Any:
    """The first thing `look` finds; raises after `seconds` with `what` was waited for."""
    until = time.monotonic() + seconds
    pause = 0.2
    while not (found := look()):
        if time.monotonic() > until:
            raise TimeoutError(f"Waited {seconds:.0f} s for {what}.")
        time.sleep(pause)
        pause = min(pause * 1.5, 2.0)
    return found
