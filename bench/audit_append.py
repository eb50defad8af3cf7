"""What an entry in the log costs the transaction that offers it, beside peers and beside no log at all.

    python -m bench.audit_append --json [--scale N] [--on postgresql|sqlite]

Eight processes write rows of a business table (one to four on SQLite), on a throwaway database: plainly, with our log
and its sequencer running, with django-auditlog, with django-pghistory (PostgreSQL only). The sides take turns. Peers
run on Django settings of their own; one that is not installed is said to be missing (`pip install attestry[bench]`).
Prints one JSON object a claim.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests import services

ROOT = Path(__file__).resolve().parent.parent
PEERS = {"django-auditlog": "auditlog", "django-pghistory": "pghistory"}
ROUNDS, SECONDS = 3, 3
WRITERS = {"postgresql": [(8, 0.01), (8, 0.0), (1, 0.0)], "sqlite": [(1, 0.01), (1, 0.0), (4, 0.01), (4, 0.0)]}
"""How many write at once, and the seconds of other work in a transaction. What one writer waits longer is the cost of
an entry; what each of eight waits longer is also the others' turns on the same cores."""
Results = dict[str, list[dict[str, Any]]]


class Side:
    """The processes of one side."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        if not self._answer()["ready"]:
            raise SystemExit("the tables could not be made")

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("a side of the comparison ended before it answered")
        return json.loads(line)

    def run(self, kind: str, writers: int, seconds: float, work: float) -> dict[str, Any]:
        assert self.process.stdin
        order = {"run": kind, "writers": writers, "seconds": seconds, "work": work}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return self._answer()


@contextmanager
def side(name: str, database: str) -> Iterator[Side]:
    with ExitStack() as stack:
        home = stack.enter_context(services.folder())
        url = stack.enter_context(services.postgresql()) if database == "postgresql" else f"sqlite:{home}/bench.sqlite3"
        environment = {**os.environ, "DATABASE_URL": url, "BENCH_SIDE": name, "ATTESTRY_DATA_DIR": str(home)}
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.things"], cwd=ROOT, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            yield Side(process)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(30)


def middle(results: list[dict[str, Any]], key: str) -> float:
    return statistics.median(each[key] for each in results)


def rounds(ours: Side, theirs: dict[str, Side], writers: int, seconds: float, work: float) -> Results:
    """A plain insert, ours and every peer in turn, several times over: whatever else the machine does, all get some."""
    found: Results = {name: [] for name in ("plain", "audited", *theirs)}
    for _ in range(ROUNDS):
        found["plain"].append(ours.run("plain", writers, seconds, work))
        found["audited"].append(ours.run("audited", writers, seconds, work))
        for name, peer in theirs.items():
            found[name].append(peer.run("plain", writers, seconds, work))
    return found


def compare(found: Results, where: str) -> list[dict[str, Any]]:
    """Ours beside a plain insert and the peers: rate, added cost and time to checkpoint."""
    with_log, plain = found["audited"], found["plain"]
    n = sum(each["n"] for each in with_log)
    rates = middle(with_log, "rate"), middle(plain, "rate")
    added = middle(with_log, "p50") - middle(plain, "p50")
    return [
        claim(f"audited transactions {where} vs plain insert", "tx/s", *rates, "plain insert", rates[0] / rates[1], n),
        claim(f"median added cost {where}", "ms", added, 1.0, "target", 1.0 / max(added, 0.001), n),
        limit(f"time to checkpoint p99 {where}", "s", max(each["sealed_p99"] for each in with_log), 2.0, n),
        limit(f"time to checkpoint p50 {where}", "s", middle(with_log, "sealed_p50"), 2.0, n),
        *(beside(rates[0], middle(each, "rate"), peer, where, n) for peer, each in found.items() if peer in PEERS),
    ]


def beside(mine: float, rate: float, peer: str, where: str, n: int) -> dict[str, Any]:
    return claim(f"audited transactions {where} vs {peer}", "tx/s", mine, rate, peer, mine / rate, n)


def limit(name: str, unit: str, ours: float, target: float, n: int) -> dict[str, Any]:
    return claim(name, unit, ours, target, "target", target / ours, n)


def claim(  # noqa: PLR0913, PLR0917 - the parts of a claim
    name: str, unit: str, ours: float, peer: float, peer_name: str, ratio: float, n: int
) -> dict[str, Any]:
    return {
        "claim": name,
        "unit": unit,
        "ours": round(ours, 3),
        "peer": round(peer, 3),
        "peer_name": peer_name,
        "ratio": round(ratio, 3),
        "n": n,
    }


def claims(database: str, scale: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        ours = stack.enter_context(side("ours", database))
        theirs = {name: stack.enter_context(side(name, database)) for name in peers(database)}
        for writers, work in WRITERS[database]:
            words = f"with {1000 * work:.0f} ms of other work" if work else "without other work"
            found = rounds(ours, theirs, writers, SECONDS * scale, work)
            yield from compare(found, f"on {database}, {writers} writer{'s' * (writers > 1)}, {words}")
            if (database, writers, work) == ("postgresql", 8, 0.0):
                fast = middle(found["audited"], "rate")
                yield claim("audited transactions, 8 writers", "tx/s", fast, 1500, "target", fast / 1500, 0)


def peers(database: str) -> Iterator[str]:
    """The peers that can be measured here."""
    for name, module in PEERS.items():
        if find_spec(module) is None or (name == "django-pghistory" and database != "postgresql"):
            print(f"not measured: {name} (not installed, or not for this database)", file=sys.stderr)
        else:
            yield name


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--scale", type=int, default=1)
    arguments.add_argument("--on", choices=["postgresql", "sqlite"], action="append")
    chosen = arguments.parse_args()
    for database in chosen.on or ["postgresql", "sqlite"]:
        for each in claims(database, chosen.scale):
            print(json.dumps(each), flush=True)
