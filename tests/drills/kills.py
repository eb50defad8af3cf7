"""The kill drill: SIGKILL of web and worker at random moments while the demo runs; nothing acknowledged may be lost.

    python -m tests.drills.kills [--times 20] [--seed N] [--on sqlite|postgresql]

Starts portals with their demo until so many kills were done. Beside the demo a client sends lineage events and keeps a
ledger of those acknowledged. In the end of each demo: every acknowledged event is there, the log verifies, version 1 is
applied once and version 2 in review. Exit 0, or 1 with what was lost.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from http.client import HTTPException
from pathlib import Path
from typing import Any

from bench.spine import event
from portal.supervisor import MARK
from tests.running import READY, TOLD, Portal
from tests.services import postgresql


class Ledger(threading.Thread):
    """Sends events as fast as it is answered, and remembers what was acknowledged."""

    def __init__(self, portal: Portal) -> None:
        super().__init__(daemon=True)
        self.portal, self.acknowledged, self.stopped = portal, list[dict[str, Any]](), threading.Event()

    def run(self) -> None:
        reader = self.portal.reader(self.portal.token("ingest"))
        while not self.stopped.is_set():
            one = event()
            try:
                status, _ = reader.ask("POST", "/api/v1/lineage", one)
                if status == 201:
                    self.acknowledged.append(one)
            except (OSError, HTTPException):
                time.sleep(0.2)
            time.sleep(0.05)


def processes(portal: Portal, kind: str) -> list[int]:
    """Ids of this portal's `attestry web` or `attestry worker` processes."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            ours = f"{MARK}={portal.data}".encode() in (process / "environ").read_bytes().split(b"\0")
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if ours and b"portal.cli" in words and kind.encode() in words:
            found.append(int(process.name))
    return sorted(found)


def demo(data: Path, times: int, chance: random.Random, url: str = "") -> tuple[int, list[str]]:
    """Play one demo with at most so many kills; returns how many were done and what was found wrong."""
    portal, kills = Portal(data, {"DATABASE_URL": url}), 0
    try:
        portal.start(until=READY)
        ledger = Ledger(portal)
        ledger.start()
        while kills < times and not any(TOLD in line for line in portal.lines):
            time.sleep(chance.uniform(1, 12))
            victims = processes(portal, chance.choice(["web", "worker"]))
            if victims and not any(TOLD in line for line in portal.lines):
                os.kill(chance.choice(victims), signal.SIGKILL)
                kills += 1
        portal.wait_for(TOLD, 600)
        ledger.stopped.set()
        ledger.join(30)
        return kills, wrong(portal, ledger.acknowledged)
    finally:
        if portal.process is not None and portal.process.poll() is None:
            portal.stop()


def wrong(portal: Portal, acknowledged: list[dict[str, Any]]) -> list[str]:
    """What does not hold after the demo; empty when all is well."""
    found = []
    again = portal.reader(portal.token("ingest"))
    lost = [one for one in acknowledged if again.json("POST", "/api/v1/lineage", one)["status"] != "duplicate"]
    if lost:
        found.append(f"{len(lost)} of {len(acknowledged)} acknowledged events are gone")
    time.sleep(3)
    verified = portal.attestry("audit", "verify", "--database", check=False)
    if verified.returncode:
        found.append(f"the log does not verify: {verified.stdout} {verified.stderr}")
    auditor = portal.reader(portal.token("auditor"))
    states = {row["version"]: row["state"] for row in auditor.json("GET", "/api/v1/promotions")["results"]}
    if states != {"1": "applied", "2": "in_review"}:
        found.append(f"the requests stand at {states}")
    applied = auditor.json("GET", "/api/v1/audit/entries?limit=500&action=promotion.applied")["results"]
    if len(applied) != 1:
        found.append(f"promotion.applied stands {len(applied)} times in the log")
    print(json.dumps({"acknowledged": len(acknowledged), "lost": len(lost), "states": states, "wrong": found}))
    return found


def database(kind: str) -> AbstractContextManager[str]:
    """The DATABASE_URL to play on: a throwaway PostgreSQL, or empty for a SQLite file in the data directory."""
    return postgresql() if kind == "postgresql" else nullcontext("")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--times", type=int, default=20)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--on", choices=["sqlite", "postgresql"], default="sqlite")
    chosen = arguments.parse_args()
    chance, left, found = random.Random(chosen.seed), chosen.times, list[str]()
    while left > 0:
        with tempfile.TemporaryDirectory(prefix="attestry-kills-") as folder, database(chosen.on) as url:
            kills, problems = demo(Path(folder) / "data", left, chance, url)
        left -= kills
        found += problems
        print(json.dumps({"kills": kills, "left": left, "wrong": problems}), flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
