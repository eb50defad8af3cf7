"""Recorded events again and again, and those who send them: for `bench.lineage_ingest`."""

import json
import os
import queue
import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from tests.lineage.conftest import HOUSE, events_in
from tests.running import Portal

RETRY = 2
"""Seconds after which a busy server wants to be asked again (Retry-After)."""
WAITING = "attestry_lineage_waiting_"
TICK = os.sysconf("SC_CLK_TCK")


def recorded() -> list[dict[str, Any]]:
    """The recorded events that name a run, from the folder beside the project."""
    folder = next(
        (above / "shared" / "events" for above in HOUSE.parents if (above / "shared" / "events").is_dir()), None
    )
    if folder is None:
        print("not measured: the recordings of real producers (shared/events) are not on this machine", file=sys.stderr)
        raise SystemExit(0)
    files = sorted(path for path in folder.rglob("*json") if path.name != "INDEX.json")
    return [event for path in files for event in events_in(path) if runs(event)]


def runs(event: dict[str, Any]) -> bool:
    run = event.get("run")
    return isinstance(run, dict) and isinstance(run.get("runId"), str) and isinstance(event.get("job"), dict)


def endless(events: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The events as JSON again and again, every time under new run ids."""
    texts = [json.dumps(event) for event in events]
    names = sorted({event["run"]["runId"] for event in events}, key=len, reverse=True)
    while True:
        fresh = {name: str(uuid4()) for name in names}
        for event, text in zip(events, texts, strict=True):
            yield text.replace(event["run"]["runId"], fresh[event["run"]["runId"]])


def filled(size: int) -> Iterator[str]:
    """The same, each filled up to `size` bytes with other recorded events as a facet, as a logical plan would."""
    events = recorded()
    for number, text in enumerate(endless(events)):
        event = json.loads(text)
        rest: list[Any] = []
        facets = event["run"].setdefault("facets", {})
        facets["plan"] = {"_producer": "https://example.org/bench", "parts": rest}
        room = size - len(json.dumps(event))
        while room > 0:
            more = events[(number + len(rest) + 1) % len(events)].get("job", {})
            rest.append({**more, "part": f"{number}-{len(rest)}"})
            room -= len(json.dumps(rest[-1])) + 2
        yield json.dumps(event)


class Wire:
    """A kept connection that costs the sender little: one write, and a read of the answer."""

    def __init__(self, portal: Portal, token: str) -> None:
        self.portal, self.token = portal, token
        self.socket: socket.socket | None = None

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Send `body` and return status and body of the answer."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.portal.port}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.portal.port), timeout=60)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(head.encode() + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        head_, _, rest = answer.partition(b"\r\n\r\n")
        lines = head_.decode("latin-1").lower().split("\r\n")
        length = next((int(line.partition(":")[2]) for line in lines if line.startswith("content-length:")), 0)
        while len(rest) < length:
            rest += self._more()
        return int(lines[0].split()[1]), rest

    def _more(self) -> bytes:
        assert self.socket is not None
        found = self.socket.recv(65536)
        if not found:
            raise ConnectionError("the server hung up")
        return found

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()


class Lag:
    """How far the tables are behind, as `/metrics` says."""

    def __init__(self, portal: Portal, token: str) -> None:
        self.reader = portal.reader(token)

    def now(self) -> tuple[int, float]:
        """How many events wait, and for how many seconds the oldest has."""
        status, page = self.reader.ask("GET", "/metrics")
        if status != 200:
            raise SystemExit(f"/metrics: {status}")
        said = dict(line.rsplit(" ", 1) for line in page.decode().splitlines() if line.startswith(WAITING))
        return int(float(said[f"{WAITING}events"])), float(said[f"{WAITING}seconds"])

    def none(self) -> None:
        """Wait until there is none."""
        while self.now()[0]:
            time.sleep(0.02)


class Load:
    """So many connections that send, each one event or batch after the other, until time is up."""

    def __init__(self, portal: Portal, token: str, lag: Lag, batch: int) -> None:
        self.portal, self.token, self.lag, self.batch = portal, token, lag, batch
        self.path = "/api/v1/lineage" if batch == 1 else "/api/v1/lineage/batch"
        self.events = endless(recorded())
        self.lock = threading.Lock()
        self.ready: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.took: list[float] = []
        self.wrong: list[tuple[int, bytes]] = []
        self.sent = self.busy = 0

    def body(self) -> bytes:
        texts = [next(self.events) for _ in range(self.batch)]
        return (texts[0] if self.batch == 1 else f"[{','.join(texts)}]").encode()

    def next(self) -> bytes:
        try:
            return self.ready.get_nowait()
        except queue.Empty:
            with self.lock:
                return self.body()

    def send(self, until: float) -> None:
        wire = Wire(self.portal, self.token)
        while time.perf_counter() < until:
            self._one(wire, self.next())
        wire.close()

    def _one(self, wire: Wire, body: bytes) -> None:
        """Send it until it is kept; a busy server is asked again when it said."""
        while True:
            begun = time.perf_counter()
            status, answer = wire.post(self.path, body)
            took = (time.perf_counter() - begun) * 1000
            with self.lock:
                self.took.append(took)
                self.busy += status == 503
                if status in {201, 204}:
                    self.sent += self.batch
                elif status != 503:
                    self.wrong.append((status, answer[:200]))
            if status != 503:
                return
            time.sleep(RETRY)

    def run(self, connections: int, seconds: float) -> dict[str, Any]:
        """Events a second until they are in the tables, how long answers took, and what processor time went where."""
        for _ in range(int(2500 * seconds / self.batch) - self.ready.qsize()):
            self.ready.put(self.body())
        self.took, self.sent, self.busy = [], 0, 0
        before, begun = spent(self.portal), time.perf_counter()
        threads = [threading.Thread(target=self.send, args=(begun + seconds,)) for _ in range(connections)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        answered = time.perf_counter() - begun
        self.lag.none()
        took = time.perf_counter() - begun
        if self.wrong:
            raise SystemExit(f"{len(self.wrong)} events were not kept, first {self.wrong[0]}")
        after = spent(self.portal)
        cpu = {name: round((after[name] - before.get(name, 0)) * 1000 / self.sent, 3) for name in after}
        p50, p95 = (statistics.quantiles(self.took, n=20)[at] for at in (9, 18))
        lagged = took - answered
        return {"rate": self.sent / took, "p50": p50, "p95": p95, "lag": lagged, "busy": self.busy, "cpu": cpu}


def spent(portal: Portal) -> dict[str, float]:
    """Seconds of processor time that the parts of a portal, its database and this process have used."""
    found: dict[str, float] = {"sender": time.process_time()}
    for pid, parent, words, seconds in processes():
        part = _part(portal, pid, parent, words)
        if part:
            found[part] = found.get(part, 0) + seconds
    return found


def processes() -> list[tuple[int, int, str, float]]:
    """Every process: its id, its parent's, its command line, and its processor time."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found.append((int(entry.name), int(fields[1]), words, (int(fields[11]) + int(fields[12])) / TICK))
    return found


def _part(portal: Portal, pid: int, parent: int, words: str) -> str:
    """The part of `portal` that a process is, if it is one; children of one are the same part."""
    url = portal.env.get("DATABASE_URL", "")
    cluster = unquote(url.partition("?host=")[2])
    if cluster and (f"-D {cluster}/" in words or f"-D {cluster}/" in _words(parent)):
        return "postgresql"
    for number in (pid, parent):
        ours = next((part for part in ("web", "worker") if f"portal.cli {part}" in _words(number)), "")
        if ours and _belongs(number, portal):
            return ours
    return ""


def _words(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _belongs(pid: int, portal: Portal) -> bool:
    try:
        return f"={portal.data}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes() + b"\0"
    except OSError:
        return False
