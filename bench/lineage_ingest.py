"""OpenLineage events a second, over HTTP with authentication, redaction and the log on, beside Feast's own consumer.

    python -m bench.lineage_ingest --json [--scale N] [--on sqlite|postgresql] [--mode single|batch] [--connections N]

Starts a portal with its demo in a temporary folder and sends it the recorded events of real producers (`shared/events`
beside the project) again and again under new run ids, over 1 and 100 connections, one by one and in batches of 100.
An event counts when it is answered, and an answer comes when it is projected. The peer gets the same events in its own
process, without HTTP: `FEAST_PYTHON` names a Python that has `feast==0.67.0`; without it only our side is measured.
Prints one JSON object a claim.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.audit_append import claim
from tests.lineage.conftest import HOUSE, events_in
from tests.running import Portal, running
from tests.services import postgresql

BATCH, ROUNDS, SECONDS = 100, 3, 4
PEER = Path(__file__).parent / "things" / "feast_consumer.py"


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


class Load:
    """So many connections that send, each one event or batch after the other, until time is up."""

    def __init__(self, portal: Portal, token: str, batch: int) -> None:
        self.portal, self.token, self.batch = portal, token, batch
        self.events = endless(recorded())
        self.lock = threading.Lock()
        self.took: list[float] = []
        self.wrong: list[tuple[int, bytes]] = []
        self.sent = 0

    def body(self) -> bytes:
        with self.lock:
            texts = [next(self.events) for _ in range(self.batch)]
        return (texts[0] if self.batch == 1 else f"[{','.join(texts)}]").encode()

    def send(self, until: float) -> None:
        reader = self.portal.reader(self.token)
        path = "/api/v1/lineage" if self.batch == 1 else "/api/v1/lineage/batch"
        while time.perf_counter() < until:
            body = self.body()
            begun = time.perf_counter()
            status, answer = reader.ask("POST", path, body, **{"Content-Type": "application/json"})
            took = (time.perf_counter() - begun) * 1000
            with self.lock:
                self.took.append(took)
                self.sent += self.batch
                if status not in {201, 204}:
                    self.wrong.append((status, answer[:200]))

    def run(self, connections: int, seconds: float) -> tuple[float, float]:
        """Events a second and the p95 of an answer in milliseconds."""
        self.took, self.sent = [], 0
        begun = time.perf_counter()
        threads = [threading.Thread(target=self.send, args=(begun + seconds,)) for _ in range(connections)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        if self.wrong:
            raise SystemExit(f"{len(self.wrong)} events were not kept, first {self.wrong[0]}")
        return self.sent / (time.perf_counter() - begun), statistics.quantiles(self.took, n=20)[-1]


def feast(seconds: float) -> float | None:
    """Events a second of Feast's consumer, in a process of its own on the same events; None where it is missing."""
    python = os.environ.get("FEAST_PYTHON")
    if not python:
        return None
    events = endless(recorded())
    lines = "\n".join(next(events) for _ in range(int(200 * seconds)))
    done = subprocess.run([python, str(PEER), str(seconds)], input=lines, text=True, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return float(done.stdout.strip().splitlines()[-1])


def claims(portal: Portal, where: str, modes: Sequence[tuple[str, int]], seconds: float) -> Iterator[dict[str, Any]]:
    token = portal.token("ingest")
    for mode, connections in modes:
        load = Load(portal, token, BATCH if mode == "batch" else 1)
        load.run(connections, 1)
        ours, theirs, slow = [], [], []
        for _ in range(ROUNDS):
            rate, p95 = load.run(connections, seconds)
            ours.append(rate)
            slow.append(p95)
            peer = feast(seconds)
            theirs += [peer] if peer is not None else []
        rate, peer = statistics.median(ours), statistics.median(theirs) if theirs else 0.0
        name = f"lineage ingest on {where}, {mode}, {connections} connection{'s' if connections > 1 else ''}"
        found = claim(name, "events/s", rate, peer, "Feast 0.67 in process" if peer else "not installed",
                      rate / peer if peer else 0.0, int(rate * seconds * ROUNDS))  # fmt: skip
        yield {**found, "p95_ms": round(statistics.median(slow), 1)}


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--scale", type=int, default=1)
    arguments.add_argument("--on", choices=["sqlite", "postgresql"], action="append")
    arguments.add_argument("--mode", choices=["single", "batch"], action="append")
    arguments.add_argument("--connections", type=int, action="append")
    chosen = arguments.parse_args()
    if not os.environ.get("FEAST_PYTHON"):
        print("not measured: Feast (FEAST_PYTHON names no Python that has it)", file=sys.stderr)
    recorded()
    pairs = [(mode, many) for mode in chosen.mode or ["single", "batch"] for many in chosen.connections or [1, 100]]
    for database in chosen.on or ["sqlite", "postgresql"]:
        with ExitStack() as stack:
            url = stack.enter_context(postgresql()) if database == "postgresql" else ""
            portal = stack.enter_context(running({"DATABASE_URL": url}))
            for each in claims(portal, database, pairs, SECONDS * chosen.scale):
                print(json.dumps(each), flush=True)
