"""How fast the log is checked, exported and proved at 1,000,000 entries, on a throwaway PostgreSQL.

    python -m bench.audit_verify --json [--entries 1000000]

The entries are copied into the table in bulk; the portal's own sequencer numbers them. Then: the sequencer's rate, the
check of the database, an export to a folder (time, and the peak memory of a process that does nothing else), the check
of that export by the verifier it carries, and proofs of random entries under the newest checkpoint.
Prints one JSON object a claim.

The check of the database keeps two processors busy: of 200,000 entries on two cores that did nothing else, each took
5.4 us of this process (2 taking it apart and comparing its links and columns, 1 hashing, 0.9 the tree, 0.5 taking rows)
and 3.8 us of PostgreSQL, 6.4 us together: the slower of the two sets the rate. Beyond it, two processes would take half
the tiles each, and join their links at the seam as `audit/offline/verify.py` does.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.audit_append import claim, limit
from tests import services

ROOT = Path(__file__).resolve().parent.parent
PROOFS = 1000
TARGETS = {"sequence": 20_000, "database": 150_000, "offline": 500_000}


def fill(entries: int) -> dict[str, float]:
    """Migrate, offer so many entries in bulk, and let the sequencer number them; returns its seconds.

    The tables are vacuumed at the end, as those of a log that grew over months were by PostgreSQL itself.
    """
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from audit import bulk, keys, sequence
    from jobs import selectors as clock

    call_command("migrate", verbosity=0)
    keys.ensure_key(settings.AUDIT_KEY_FILE)
    types = {"body": "bytea", "action": "varchar", "outcome": "varchar", "actor_id": "uuid", "at": "timestamptz"}
    bulk.insert("audit_entry", types, bodies(entries, clock.now()))
    begun = time.perf_counter()
    numbered = 0
    while numbered < entries:
        numbered += sequence.run_once(clock.now())
    done = time.perf_counter() - begun
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return {"seconds": done}


def bodies(entries: int, at: datetime) -> Iterator[tuple[Any, ...]]:
    """Rows of entries as `log.append` would write them, each about one of 20,000 subjects."""
    from audit.actor import SYSTEM_ID
    from audit.canonical import instant
    from audit.leaf import VERSION, entry_bytes

    who = {"id": str(SYSTEM_ID), "kind": "system", "via": "system", "on_behalf_of": None, "token": None}
    about = {"digest": "sha256:" + "0" * 64, "environment": "production", "checks": ["a", "b", "c"], "revision": 7}
    common = {"v": VERSION, "at": instant(at), "action": "thing.made", "outcome": "success", "actor": who}
    fields = {**common, "scope": None, "subjects": ["thing:00000"], "about": about, "private": {}}
    pattern = entry_bytes({**fields, "id": str(UUID(int=0))})
    start, _, end = pattern.partition(str(UUID(int=0)).encode())
    for each in range(entries):
        body = b"%b%08x%b%b" % (start, each, b"-0000-4000-8000-000000000000", end)
        yield body.replace(b"thing:00000", b"thing:%05d" % (each % 20_000)), "thing.made", "success", SYSTEM_ID, at


def database() -> dict[str, Any]:
    from audit import verify

    begun = time.perf_counter()
    report = verify.database()
    return {
        "seconds": time.perf_counter() - begun,
        "size": report.size,
        "faults": [str(each) for each in report.faults],
    }


def export(folder: str) -> dict[str, float]:
    from audit import export, selectors

    checkpoint = selectors.latest()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    export.write(Path(folder), checkpoint)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "peak": peak / 1024, "grown": (peak - before) / 1024}


def proofs() -> dict[str, float]:
    """Proofs of random entries and between random sizes, each as REST asks for it, in milliseconds."""
    from audit import selectors

    size, dice = selectors.latest().size, random.Random(5)
    inclusion, consistency = [], []
    for _ in range(PROOFS):
        begun = time.perf_counter()
        selectors.proof_of(dice.randrange(size))
        middle = time.perf_counter()
        selectors.consistency(dice.randrange(1, size), size)
        inclusion.append(1000 * (middle - begun))
        consistency.append(1000 * (time.perf_counter() - middle))
    return {
        "inclusion": statistics.quantiles(inclusion, n=100)[-1],
        "consistency": statistics.quantiles(consistency, n=100)[-1],
    }


STEPS = {"fill": fill, "database": database, "export": export, "proofs": proofs}


def step(name: str, *arguments: object) -> dict[str, Any]:
    """One step in a process of its own."""
    words = [sys.executable, "-m", "bench.audit_verify", "--step", name, *map(str, arguments)]
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def claims(entries: int, home: Path) -> Iterator[dict[str, Any]]:
    def rate(name: str, words: str, seconds: float) -> dict[str, Any]:
        target = TARGETS[name]
        return claim(words, "entries/s", entries / seconds, target, "target", entries / seconds / target, entries)

    yield rate("sequence", "entries numbered by the sequencer", step("fill", entries)["seconds"])
    found = step("database")
    assert found["size"] == entries and not found["faults"], found
    yield rate("database", "entries verified in PostgreSQL", found["seconds"])
    out = home / "export"
    done = step("export", out)
    yield limit(f"export of {entries} entries", "s", done["seconds"], 10 * entries / 1_000_000, entries)
    yield limit("memory an export adds", "MB", max(done["grown"], 0.1), 64, entries)
    begun = time.perf_counter()
    vkey = (home / "audit.vkey").read_text().strip()
    subprocess.run(
        [sys.executable, out / "verify.py", out, "--key", vkey],
        check=True,
        stdout=subprocess.DEVNULL,
        env={"PATH": os.defpath},
    )
    yield rate("offline", "entries verified offline", time.perf_counter() - begun)
    for name, p99 in step("proofs").items():
        yield limit(f"{name} proof p99 at {entries} entries", "ms", p99, 10, PROOFS)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--entries", type=int, default=1_000_000)
    arguments.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.step:
        import django

        os.environ["ATTESTRY_DATA_DIR"] = os.environ["BENCH_HOME"]  # tests.services has one of its own for tests
        django.setup()
        name, *rest = chosen.step
        print(json.dumps(STEPS[name](*(int(each) if each.isdigit() else each for each in rest))))
        return
    with services.folder() as home, services.postgresql() as url:
        own = {"DATABASE_URL": url, "BENCH_HOME": str(home), "DJANGO_SETTINGS_MODULE": "portal.settings"}
        os.environ.update(own)
        for each in claims(chosen.entries, home):
            print(json.dumps(each), flush=True)


if __name__ == "__main__":
    main()
