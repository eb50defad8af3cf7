"""The scan drill: SIGKILL of the worker at random moments while it scans; no scan may end as clean, none be lost.

    python -m tests.drills.scans [--scans 3] [--kills 12] [--seed N] [--on sqlite|postgresql]

Asks for scans of tables in which every row is personal, and runs a worker that is killed again and again, sometimes
after the scan's child. In the end every scan has a verdict that a whole scan gives, each finding is there
once and its scan concluded once in the log, and no child is left behind. Exit 0, or 1 with what was wrong.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from tests.running import HOUSE
from tests.services import postgresql

ROWS = 300_000
FOUND = {("mail", "EMAIL_ADDRESS"), ("card", "CREDIT_CARD")}
CARDS = ("4111111111111111", "5500005555555559", "378282246310005", "6011000990139424")
PATIENCE = 240
ENDED = "scan.concluded"


def table(path: Path) -> None:
    """A table in which every row is personal."""
    rows = (f"{at},p{at}@example.org,{CARDS[at % len(CARDS)]},{at}.5\n" for at in range(ROWS))
    path.write_text("id,mail,card,amount\n" + "".join(rows))


class Worker:
    """A worker that is killed and started again."""

    def __init__(self, data: Path) -> None:
        self.command = [sys.executable, "-m", "portal.cli", "worker", "--data-dir", str(data)]
        self.log = data / "worker.log"
        self.process = self.started()

    def started(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(self.command, cwd=HOUSE, stdout=log, stderr=log)

    def kill(self, *, child_too: bool) -> None:
        """End it without a word, or first the child of its scan; another one begins at once."""
        for child in scanning() if child_too else []:
            os.kill(child, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.process = self.started()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def scanning() -> Iterator[int]:
    """The children of scans that any process runs out of this house."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            here = (process / "cwd").readlink() == HOUSE
        except OSError:
            continue
        if here and b"governance.pii.examine" in words:
            yield int(process.name)


def asked(folder: Path, count: int) -> list[Any]:
    """Datasets with a table each, and a scan owed of each."""
    from audit.actor import system
    from governance.access import selectors as access
    from governance.catalog.models import Asset
    from governance.catalog.selectors import asset_key
    from governance.pii import services
    from jobs import selectors as clock
    from lineage.models import Dataset
    from lineage.naming import key

    found, now, scope = [], clock.now(), access.root()
    for at in range(count):
        path = folder / f"people{at}.csv"
        table(path)
        name = str(path)
        row = Dataset.objects.create(
            key=key("dataset", "file", name), namespace="file", name=name, scope_id=scope.pk,
            first_seen=now, last_seen=now,
        )  # fmt: skip
        asset = Asset.objects.create(
            kind="dataset", key=asset_key("dataset", "file", name), namespace="file", name=name, scope=scope,
            lineage_dataset_id=row.pk,
        )  # fmt: skip
        found.append(services.request_scan(actor=system(), asset_id=asset.pk, now=clock.now()))
    return found


def drill(folder: Path, scans: int, kills: int, chance: random.Random) -> tuple[int, list[str]]:
    """Ask for scans and kill the worker while it does them; returns how often, and what was wrong in the end."""
    from governance.pii.models import Scan
    from jobs.models import Job

    wanted = [each.pk for each in asked(folder, scans)]
    worker, done, until = Worker(folder), 0, time.monotonic() + PATIENCE
    try:
        open_ones, owed = Scan.objects.filter(pk__in=wanted, state__in=Scan.OPEN), Job.objects.filter(kind="pii.scan")
        while (open_ones.exists() or owed.exclude(state="done").exists()) and time.monotonic() < until:
            if done < kills and (any(scanning()) or chance.random() < 0.02):
                time.sleep(chance.uniform(0, 4))
                worker.kill(child_too=chance.random() < 0.3)
                done += 1
            time.sleep(0.1)
    finally:
        worker.stop()
    time.sleep(1)
    return done, wrong(wanted)


def wrong(wanted: list[Any]) -> list[str]:
    """What does not hold after the drill; empty when all is well."""
    from audit.models import Entry
    from governance.pii.models import ColumnVerdict, Finding, Scan
    from jobs.models import Job

    found = []
    for scan in Scan.objects.filter(pk__in=wanted):
        seen = sorted(Finding.objects.filter(dataset_id=scan.dataset_id).values_list("column", "entity"))
        columns = ColumnVerdict.objects.filter(scan=scan).count()
        concluded = sum(scan.subject.encode() in bytes(each.body) for each in Entry.objects.filter(action=ENDED))
        if (scan.state, scan.verdict, scan.rows) != ("done", "findings", ROWS):
            found.append(f"a scan stands at {scan.state} {scan.verdict} {scan.rows} {scan.why}")
        if seen != sorted(FOUND) or columns != 4 or concluded != 1:
            found.append(f"findings {seen}, {columns} columns, concluded {concluded} times")
    left = list(Job.objects.filter(kind="pii.scan").exclude(state="done").values_list("state", flat=True))
    return found + ([f"jobs {left}"] if left else []) + [f"a child {pid} is left" for pid in scanning()]


@contextmanager
def house(folder: Path, url: str) -> Iterator[None]:
    """A founded house of its own in this process and those it starts."""
    os.environ |= {"ATTESTRY_DATA_DIR": str(folder), "ATTESTRY_SCAN_ROOTS": str(folder), "DATABASE_URL": url}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    migrate = [sys.executable, "-m", "portal.cli", "migrate", "--data-dir", str(folder)]
    subprocess.run(migrate, cwd=HOUSE, check=True, capture_output=True)
    import django
    from django.db import connections

    django.setup()
    try:
        yield
    finally:
        connections.close_all()


def database(kind: str) -> AbstractContextManager[str]:
    """The DATABASE_URL to play on: a throwaway PostgreSQL, or empty for a SQLite file in the data directory."""
    return postgresql() if kind == "postgresql" else nullcontext("")


def main() -> int:
    """Run the drill from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=3)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--on", choices=["sqlite", "postgresql"], default="sqlite")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attestry-scans-") as place, database(chosen.on) as url:
        with house(Path(place), url):
            kills, problems = drill(Path(place), chosen.scans, chosen.kills, random.Random(chosen.seed))
        print(json.dumps({"scans": chosen.scans, "kills": kills, "wrong": problems}), flush=True)
    return 1 if problems or not kills else 0


if __name__ == "__main__":
    sys.exit(main())
