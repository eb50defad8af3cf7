"""One side's processes: commands as JSON lines on stdin, answers as JSON lines on stdout.

{"run": "plain" | "audited", "writers": 8, "seconds": 3, "work": 0.01} -> {"rate", "p50", "p99", "sealed": [...]}
"""

import json
import multiprocessing
import os
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.things.settings"
fork = multiprocessing.get_context("fork")
ABOUT = {"digest": "sha256:" + "0" * 64, "environment": "production", "checks": ["a", "b", "c"], "revision": 7}
SCOPE = UUID(int=7)


def prepare() -> None:
    """Make the tables, in a process of their own so that no connection is inherited."""
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    if settings.SIDE == "django-pghistory":
        call_command("pgtrigger", "install", verbosity=0)
    if settings.SIDE == "ours":
        from audit import keys

        keys.ensure_key(Path(settings.AUDIT_KEY_FILE))


def sequencer() -> None:
    from audit import sequence

    sequence.start(threading.Event()).join()


def write(run: str, work: float, number: int) -> None:
    """One business transaction."""
    from django.db import transaction

    from bench.things.models import Thing

    with transaction.atomic():
        now = datetime.now(UTC)
        thing = Thing.objects.create(name=f"thing {number}", value="x" * 200, at=now)
        if run == "audited":
            from audit import actor, log

            subjects = [f"thing:{thing.pk}", f"model:{number % 50}"]
            log.append(
                actor=actor.system(), action="thing.made", subjects=subjects, at=now, scope_id=SCOPE, about=ABOUT
            )
        if work:
            time.sleep(work)


def writer(order: dict[str, Any], number: int, start: Any, results: Any) -> None:
    for each in range(10):
        write(order["run"], 0, each)
    times = []
    start.wait()
    begun = time.perf_counter()
    while (now := time.perf_counter()) < begun + order["seconds"]:
        write(order["run"], order["work"], number * 1_000_000 + len(times))
        times.append(time.perf_counter() - now)
    results.put(times)


def watch(done: Any, results: Any) -> None:
    """When each size was published, as a reader of the database sees it."""
    from django.db import connection

    seen: list[tuple[float, int]] = [(time.time(), 0)]
    look = "SELECT max(size), (SELECT max(seq) + 1 FROM audit_leaf), (SELECT min(entry_id) FROM audit_pending)"
    while True:
        last = done.is_set()
        with connection.cursor() as cursor:
            cursor.execute(f"{look} FROM audit_checkpoint")
            size, numbered, waiting = cursor.fetchone()
        if size and size > seen[-1][1]:
            seen.append((time.time(), size))
        if last and waiting is None and size == numbered:
            break
        time.sleep(0.02)
    results.put(waits(seen))


def waits(seen: list[tuple[float, int]]) -> list[float]:
    """The seconds from offering an entry to its checkpoint, of every entry of this run but the warming up."""
    from audit.models import Entry

    start, found, place = seen[0], [], 1
    rows = Entry.objects.filter(leaf__seq__isnull=False, at__gte=datetime.fromtimestamp(start[0], UTC))
    for seq, at in rows.order_by("leaf__seq").values_list("leaf__seq", "at"):
        while place < len(seen) - 1 and seen[place][1] <= seq:
            place += 1
        found.append(seen[place][0] - at.timestamp())
    return found


def measure(order: dict[str, Any]) -> dict[str, Any]:
    start, results, sealed, done = fork.Barrier(order["writers"]), fork.SimpleQueue(), fork.SimpleQueue(), fork.Event()
    watching = order["run"] == "audited"
    watcher = fork.Process(target=watch, args=(done, sealed))
    if watching:
        watcher.start()
    writers = [
        fork.Process(target=writer, args=(order, each, start, results), daemon=True) for each in range(order["writers"])
    ]
    for each in writers:
        each.start()
    times = sorted(one for _ in writers for one in results.get())
    done.set()
    waited = sorted(sealed.get()) if watching else []
    return {
        "rate": len(times) / order["seconds"],
        "n": len(times),
        "p50": 1000 * times[len(times) // 2],
        "p99": 1000 * times[len(times) * 99 // 100],
        "sealed_p50": waited[len(waited) // 2] if waited else None,
        "sealed_p99": waited[len(waited) * 99 // 100] if waited else None,
    }


def main() -> None:
    django.setup()
    from django.conf import settings

    first = fork.Process(target=prepare)
    first.start()
    first.join()
    if settings.SIDE == "ours":
        fork.Process(target=sequencer, daemon=True).start()
    print(json.dumps({"ready": first.exitcode == 0}), flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
