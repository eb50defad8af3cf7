"""The main job's speed: four pages beside a bare Django view on the same server, and lineage events a second.

    python -m bench.spine --json [--scale N] [--on sqlite|postgresql]

Starts a portal with its demo in a temporary folder, signs in as a compliance officer, and asks each page and the bare
view (`/healthz`: middleware and a constant) in turn, over one kept connection. Prints one JSON object a claim, last.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from urllib.parse import urlencode
from uuid import uuid4

from tests.running import Portal, Reader, running
from tests.services import postgresql

ROUNDS = 5


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def interleaved(ask: Callable[[], None], bare: Callable[[], None], n: int) -> tuple[float, float]:
    """The medians, over the rounds, of each side's p95 in milliseconds; the sides take turns."""
    ours, peers = [], []
    for _ in range(ROUNDS):
        mine, theirs = [], []
        for _ in range(n):
            for side, times in ((ask, mine), (bare, theirs)):
                start = time.perf_counter()
                side()
                times.append((time.perf_counter() - start) * 1000)
        ours.append(p95(mine))
        peers.append(p95(theirs))
    return statistics.median(ours), statistics.median(peers)


def pages(reader: Reader) -> dict[str, str]:
    """What is measured: name -> path, with the ids of this portal."""
    promotion = reader.json("GET", "/api/v1/promotions?limit=1")["results"][0]
    dataset = reader.json("GET", "/api/v1/datasets?limit=1")["results"][0]
    model = reader.json("GET", "/api/v1/models?limit=1")["results"][0]
    around = {"type": "model", "namespace": model["namespace"], "name": f"models:/{model['name']}"}
    return {
        "inbox page": "/approvals",
        "decision page": f"/approvals/{promotion['key']}",
        "dataset page": f"/datasets/{dataset['id']}",
        "lineage page": f"/lineage?{urlencode(around)}",
    }


def event() -> dict[str, object]:
    """A small run event under a new run id."""
    return {
        "eventType": "COMPLETE",
        "eventTime": "2026-01-01T00:00:00Z",
        "producer": "https://example.org/bench",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid4())},
        "job": {"namespace": "bench", "name": "copy"},
        "inputs": [{"namespace": "file", "name": "/bench/in.csv"}],
        "outputs": [{"namespace": "file", "name": "/bench/out.csv"}],
    }


def rate(send: Callable[[], None], n: int) -> float:
    start = time.perf_counter()
    for _ in range(n):
        send()
    return n / (time.perf_counter() - start)


def claims(portal: Portal, scale: int) -> list[dict[str, object]]:
    officer = portal.reader()
    officer.sign_in(*portal.person("compliance"))
    ingest = portal.reader(portal.token("ingest"))
    found = []
    for name, path in pages(officer).items():
        ours, peer = interleaved(lambda path=path: get(officer, path), lambda: get(officer, "/healthz"), 20 * scale)
        found.append(claim(f"{name} p95", "ms", ours, peer, peer / ours, 20 * scale * ROUNDS))
    n = 100 * scale
    mine = [rate(lambda: ingest.json("POST", "/api/v1/lineage", event()), n) for _ in range(ROUNDS)]
    bare = [rate(lambda: get(ingest, "/healthz"), n) for _ in range(ROUNDS)]
    ours, peer = statistics.median(mine), statistics.median(bare)
    found.append(claim("POST /api/v1/lineage, one connection", "requests/s", ours, peer, ours / peer, n * ROUNDS))
    return found


def get(reader: Reader, path: str) -> None:
    status, page = reader.ask("GET", path)
    assert status == 200, (path, status, page[:300])


def claim(name: str, unit: str, ours: float, peer: float, ratio: float, n: int) -> dict[str, object]:
    return {
        "claim": name,
        "unit": unit,
        "ours": round(ours, 2),
        "peer": round(peer, 2),
        "peer_name": "bare Django view on the same server",
        "ratio": round(ratio, 3),
        "n": n,
    }


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--scale", type=int, default=1)
    arguments.add_argument("--on", choices=["sqlite", "postgresql"], default="sqlite")
    chosen = arguments.parse_args()
    with (
        postgresql() if chosen.on == "postgresql" else nullcontext("") as url,
        running({"DATABASE_URL": url}) as portal,
    ):
        for each in claims(portal, chosen.scale):
            print(json.dumps(each))
