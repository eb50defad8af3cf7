"""A whole portal of its own, started with `attestry up --demo` in a temporary folder, for claims and for the story."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

HOUSE = Path(__file__).resolve().parent.parent
IDLE = 2.0
"""Seconds after which the server may have closed a kept connection."""
READY, TOLD = "Attestry is ready", "The demo is ready"


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Reader:
    """Somebody's kept connection: with a session cookie, a token, or neither."""

    def __init__(self, port: int, token: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.cookies: dict[str, str] = {}
        self.asked = 0.0
        self.token = token

    def ask(self, verb: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        """One request and its whole answer; a dict becomes JSON, bytes go as they are."""
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if isinstance(body, dict | list):
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        if time.monotonic() - self.asked > IDLE:
            self.connection.close()
        self.asked = time.monotonic()
        try:
            self.connection.request(verb, path, body, headers)
            answer = self.connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, data

    def json(self, verb: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer as JSON; anything but a success raises with what was said."""
        status, data = self.ask(verb, path, body, **headers)
        if status >= 400:
            raise RuntimeError(f"{verb} {path}: {status} {data[:500]!r}")
        return json.loads(data) if data else None

    def sign_in(self, email: str, password: str) -> None:
        """Get a session as a browser does."""
        _, page = self.ask("GET", "/account/login")
        found = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found, page[:500]
        form = {"csrfmiddlewaretoken": found[1].decode(), "login": email, "password": password}
        status, page = self.ask(
            "POST", "/account/login", urlencode(form).encode(), **{"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert status == 302, (status, page[:500])


class Portal:
    """A portal as its own process group: where it is, who is there, and how to end it."""

    def __init__(self, data: Path, env: dict[str, str] | None = None) -> None:
        self.data, self.port = data, free_port()
        # what this process was told about a portal of its own is not meant for that one
        ours = ("ATTESTRY_", "DATABASE_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.env = {**clean, **(env or {}), "ATTESTRY_DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"}
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self.listener: threading.Thread | None = None
        self.readers: list[Reader] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def attestry(self, *arguments: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        """Run `attestry ...` against this portal's data."""
        return subprocess.run(
            [sys.executable, "-m", "portal.cli", *arguments],
            cwd=HOUSE, env={**self.env, **env}, text=True, capture_output=True, check=check, timeout=120,
        )  # fmt: skip

    def start(self, until: str = TOLD, seconds: float = 240, *, demo: bool = True) -> None:
        """Start everything and wait until it has said `until`."""
        command = [sys.executable, "-m", "portal.cli", "up", "--port", str(self.port), *(["--demo"] if demo else [])]
        self.process = subprocess.Popen(
            command, cwd=HOUSE, env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        self.listener = threading.Thread(target=self._listen, args=(self.process,), daemon=True)
        self.listener.start()
        self.wait_for(until, seconds)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip())

    def wait_for(self, words: str, seconds: float) -> None:
        """Wait until it says `words`; fails with its last lines when it ends or time runs out."""
        deadline = time.monotonic() + seconds
        while not any(words in line for line in self.lines):
            ended = self.process is not None and self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise RuntimeError("\n".join([f"never said {words!r}:", *self.lines[-400:]]))
            time.sleep(0.1)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell the supervisor to stop and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(60)
        if self.listener is not None:
            self.listener.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        for reader in self.readers:
            reader.connection.close()
        return code

    def passwords(self) -> dict[str, str]:
        """E-mail address -> password of the people the demo made."""
        people = json.loads((self.data / "people.json").read_text())
        return {email: about["password"] for email, about in people.items()}

    def person(self, title: str, number: int = 0) -> tuple[str, str]:
        """E-mail address and password of the person with that title."""
        people = json.loads((self.data / "people.json").read_text())
        found = [email for email, about in people.items() if title in about["title"]]
        return found[number], people[found[number]]["password"]

    def reader(self, token: str = "") -> Reader:
        self.readers.append(Reader(self.port, token))
        return self.readers[-1]

    def token(self, role: str) -> str:
        """A service account's token, made on the server."""
        return self.attestry("token", "create", "--name", f"bench-{role}", "--role", role).stdout.strip()


@contextmanager
def running(env: dict[str, str] | None = None) -> Iterator[Portal]:
    """A portal whose demo has been told, ended with everything it started."""
    with tempfile.TemporaryDirectory(prefix="attestry-") as folder:
        portal = Portal(Path(folder) / "data", env)
        try:
            portal.start()
            yield portal
        finally:
            if portal.process is not None and portal.process.poll() is None:
                portal.stop()
