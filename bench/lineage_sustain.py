"""A steady stream of large events for minutes: what an answer takes, how far the tables are behind, what is lost."""

import json
import statistics
import subprocess
import sys
import threading
import time
from typing import Any

from bench.lineage_load import RETRY, Lag, Wire, filled, spent
from tests.running import HOUSE, Portal

SENDERS = 24
MADE = 2000
"""Events made before the clock starts; they are sent again under another number."""
FOUND = """
import sys
import django
django.setup()
from audit.models import Trail
from audit.models import Entry
from lineage.models import Owed, RawEvent
asked = sys.stdin.read().split()
lost = 0
for at in range(0, len(asked), 500):
    part = asked[at : at + 500]
    kept = set(RawEvent.objects.filter(sha256__in=part).values_list("sha256", flat=True))
    subjects = [f"lineage_event:{one}" for one in part]
    logged = set(Trail.objects.filter(subject__in=subjects).values_list("subject", flat=True))
    lost += sum(one not in kept or f"lineage_event:{one}" not in logged for one in part)
print(lost, Owed.objects.count(), Entry.objects.filter(action="lineage.event_accepted").count())
"""


class Stream:
    """Events on a clock of their own: each is due at its moment, and late is counted from there."""

    def __init__(self, portal: Portal, rate: int, size: int) -> None:
        self.portal, self.rate = portal, rate
        self.token = portal.token("ingest")
        events = filled(size)
        self.texts = [next(events) for _ in range(MADE)]
        self.lock = threading.Lock()
        self.number = 0
        self.took: list[float] = []
        self.digests: list[str] = []
        self.wrong: list[tuple[int, bytes]] = []
        self.busy = 0

    def run(self, seconds: float) -> None:
        """Send for so many seconds."""
        self.begun = time.perf_counter() + 0.5
        self.last = int(seconds * self.rate)
        threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    def _send(self) -> None:
        wire = Wire(self.portal, self.token)
        while True:
            with self.lock:
                number = self.number
                self.number += 1
            if number >= self.last:
                return wire.close()
            due = self.begun + number / self.rate
            time.sleep(max(0.0, due - time.perf_counter()))
            self._one(wire, self._text(number), due)

    def _text(self, number: int) -> bytes:
        text = self.texts[number % MADE]
        # another run, another part of the plan: nothing is a repetition
        return text.replace('"part": "', f'"part": "{number}-').replace('"runId": "', f'"runId": "{number:x}-').encode()

    def _one(self, wire: Wire, body: bytes, due: float) -> None:
        while True:
            status, answer = wire.post("/api/v1/lineage", body)
            with self.lock:
                if status == 201:
                    self.took.append((time.perf_counter() - due) * 1000)
                    self.digests.append(json.loads(answer)["event_id"].partition(":")[2])
                elif status == 503:
                    self.busy += 1
                else:
                    self.wrong.append((status, answer[:200]))
            if status != 503:
                return
            time.sleep(RETRY)


def sustained(portal: Portal, where: str, minutes: float, rate: int, size: int) -> dict[str, Any]:
    """Send `rate` events of `size` bytes a second for so many minutes, and look for each of them."""
    stream, lag = Stream(portal, rate, size), Lag(portal, portal.token("auditor"))
    behind: list[tuple[int, float]] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            behind.append(lag.now())

    watching = threading.Thread(target=watch)
    watching.start()
    before = spent(portal)
    stream.run(minutes * 60)
    over.set()
    watching.join()
    after, answered = spent(portal), time.perf_counter()
    lag.none()
    caught_up = time.perf_counter() - answered
    time.sleep(3)  # the log's numbers come every second
    lost, owed, logged = _looked_for(portal, stream.digests)
    marks = statistics.quantiles(stream.took, n=100)
    sent = len(stream.took)
    return {
        "claim": f"lineage ingest on {where}, {rate} events of {size} bytes a second for {minutes:g} minutes",
        "unit": "ms", "p50": round(marks[49], 1), "p95": round(marks[94], 1), "p99": round(marks[98], 1),
        "max": round(max(stream.took), 1), "n": sent, "told_busy": stream.busy, "wrong": len(stream.wrong),
        "lost": stream.last - sent + lost, "logged": logged, "owed": owed,
        "behind_events_max": max((one[0] for one in behind), default=0),
        "behind_s_max": round(max((one[1] for one in behind), default=0), 2), "caught_up_s": round(caught_up, 2),
        "cpu_ms": {name: round((after[name] - before.get(name, 0)) * 1000 / sent, 3) for name in after},
    }  # fmt: skip


def _looked_for(portal: Portal, digests: list[str]) -> tuple[int, int, int]:
    """How many of these acknowledged events are not kept or not in the log, how many are owed, how many are logged."""
    env = {**portal.env, "DJANGO_SETTINGS_MODULE": "portal.settings"}
    done = subprocess.run(
        [sys.executable, "-c", FOUND], input="\n".join(digests), text=True, capture_output=True, check=True, cwd=HOUSE,
        env=env,
    )  # fmt: skip
    lost, owed, logged = map(int, done.stdout.split()[-3:])
    return lost, owed, logged
