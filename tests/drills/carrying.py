"""The drill of SQLite's log: two processes commit as fast as they can while what they commit is carried over.

    python -m tests.drills.carrying [--seconds 60] [--bare]

Counts what was committed and is not there, and asks SQLite whether its file is whole. `--bare` makes checkpoints one
after the other with no care, which loses commits up to SQLite 3.51.2. Exit 0, or 1 with what is wrong.
"""

import argparse
import multiprocessing
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

CARRY = """
import sys, time
import django
django.setup()
from audit.carrying import Carrier
carrier, times, end = Carrier(), 0, float(sys.argv[1])
while time.time() < end:
    times += carrier.carry()
print(times)
"""


def connected(file: Path) -> sqlite3.Connection:
    """A connection as the portal's are, but for waiting for the disk."""
    found = sqlite3.connect(file, timeout=20, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=OFF", "wal_autocheckpoint=0"):
        found.execute(f"PRAGMA {pragma}")
    return found


def write(file: Path, who: int, end: float, told: Any) -> None:
    """Commit rows with short rests, in which the log may be carried over to its end."""
    live, number, body = connected(file), 0, os.urandom(9000)
    while time.time() < end:
        live.execute("BEGIN IMMEDIATE")
        live.execute("INSERT INTO written VALUES (?, ?, ?)", (who, number, body))
        live.execute("COMMIT")
        number += 1
        time.sleep(random.random() * 0.001)
    told.put((who, number))


def carry(file: Path, end: float, *, bare: bool) -> int:
    """Carry over until the end; returns how often."""
    if not bare:
        env = {**os.environ, "ATTESTRY_DATA_DIR": str(file.parent), "DATABASE_URL": f"sqlite:{file}"}
        env["DJANGO_SETTINGS_MODULE"] = "portal.settings"
        done = subprocess.run([sys.executable, "-c", CARRY, str(end)], env=env, stdout=subprocess.PIPE, check=True)
        return int(done.stdout)
    times = 0
    with closing(connected(file)) as live:
        while time.time() < end:
            live.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            times += 1
    return times


def drill(seconds: float, *, bare: bool = False) -> tuple[dict[str, int], list[str]]:
    """Run it; returns what was done, and what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "attestry.sqlite3"
        with closing(connected(file)) as live:
            live.execute("CREATE TABLE written (who INT, number INT, body BLOB)")
            end, told = time.time() + seconds, multiprocessing.Queue()
            writers = [multiprocessing.Process(target=write, args=(file, who, end, told)) for who in range(2)]
            for one in writers:
                one.start()
            times = carry(file, end, bare=bare)
            counts = dict(told.get() for _ in writers)
            for one in writers:
                one.join()
            return {"committed": sum(counts.values()), "carried": times}, list(_wrong(live, counts))


def _wrong(live: sqlite3.Connection, counts: dict[int, int]) -> Any:
    try:
        for who, number in counts.items():
            ((kept,),) = live.execute("SELECT count(DISTINCT number) FROM written WHERE who = ?", (who,))
            if kept != number:
                yield f"writer {who} committed {number} rows, {kept} are there"
        for (verdict,) in live.execute("PRAGMA integrity_check(3)"):
            if verdict != "ok":
                yield verdict
    except sqlite3.DatabaseError as error:
        yield str(error)


def main() -> int:
    """Run the drill from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--bare", action="store_true")
    asked = parser.parse_args()
    done, wrong = drill(asked.seconds, bare=asked.bare)
    print(f"SQLite {sqlite3.sqlite_version}: {done}", *(wrong or ["nothing wrong"]), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
