"""OpenLineage events a second, over HTTP with authentication, redaction and the log on, beside Feast's own consumer.

    python -m bench.lineage_ingest --json [--scale N] [--on sqlite|postgresql] [--mode single|batch] [--connections N]
    python -m bench.lineage_ingest --sustain MINUTES [--rate 250] [--size 16384] [--on sqlite|postgresql]

Starts a portal with its demo in a temporary folder and sends it the recorded events of real producers (`shared/events`
beside the project) again and again under new run ids, over 1 and 100 connections, one by one and in batches of 100.
The clock runs until the last of them is answered, in the log and in the tables. The peer gets the same events in its
own process, without HTTP: `FEAST_PYTHON` names a Python that has `feast==0.67.0`; without it only our side is measured.
Prints one JSON object a claim, with how long answers took, how long the tables were behind at the end, and how many
milliseconds of processor time an event cost in each process.

`--sustain` sends so many events of so many bytes a second, on a clock of its own, whether the last ones are answered or
not, and then looks for each of them: what an answer took, how far the tables were behind, and how many are lost.
"""

import argparse
import json
import os
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.audit_append import claim
from bench.lineage_load import Lag, Load, endless, recorded
from bench.lineage_sustain import sustained
from tests.running import Portal, running
from tests.services import postgresql

BATCH, ROUNDS, SECONDS = 100, 3, 10
"""Seconds are many beside the two that a busy server asks for: what is waited for at the end is counted too."""
PEER = Path(__file__).parent / "things" / "feast_consumer.py"


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
    token, lag = portal.token("ingest"), Lag(portal, portal.token("auditor"))
    for mode, connections in modes:
        load = Load(portal, token, lag, BATCH if mode == "batch" else 1)
        load.run(connections, 1)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(load.run(connections, seconds))
            peer = feast(seconds)
            theirs += [peer] if peer is not None else []
        middle = sorted(ours, key=lambda one: float(one["rate"]))[ROUNDS // 2]
        rate, peer = middle["rate"], statistics.median(theirs) if theirs else 0.0
        name = f"lineage ingest on {where}, {mode}, {connections} connection{'s' if connections > 1 else ''}"
        found = claim(name, "events/s", rate, peer, "Feast 0.67 in process" if peer else "not installed",
                      rate / peer if peer else 0.0, int(rate * seconds * ROUNDS))  # fmt: skip
        times = {"p50_ms": round(middle["p50"], 1), "p95_ms": round(middle["p95"], 1), "lag_s": round(middle["lag"], 2)}
        yield {**found, **times, "told_busy": middle["busy"], "cpu_ms": middle["cpu"]}


def _chosen() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--scale", type=int, default=1)
    arguments.add_argument("--on", choices=["sqlite", "postgresql"], action="append")
    arguments.add_argument("--mode", choices=["single", "batch"], action="append")
    arguments.add_argument("--connections", type=int, action="append")
    arguments.add_argument("--sustain", type=float, metavar="MINUTES")
    arguments.add_argument("--rate", type=int, default=250)
    arguments.add_argument("--size", type=int, default=16384)
    return arguments.parse_args()


if __name__ == "__main__":
    chosen = _chosen()
    if not os.environ.get("FEAST_PYTHON") and not chosen.sustain:
        print("not measured: Feast (FEAST_PYTHON names no Python that has it)", flush=True)
    recorded()
    pairs = [(mode, many) for mode in chosen.mode or ["single", "batch"] for many in chosen.connections or [1, 100]]
    for database in chosen.on or ["sqlite", "postgresql"]:
        with ExitStack() as stack:
            url = stack.enter_context(postgresql(lasting=True)) if database == "postgresql" else ""
            portal = stack.enter_context(running({"DATABASE_URL": url}))
            if chosen.sustain:
                print(json.dumps(sustained(portal, database, chosen.sustain, chosen.rate, chosen.size)), flush=True)
                continue
            for each in claims(portal, database, pairs, SECONDS * chosen.scale):
                print(json.dumps(each), flush=True)
