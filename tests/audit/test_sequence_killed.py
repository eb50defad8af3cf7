"""SIGKILL, for real, at random moments: nothing acknowledged is lost, nothing is numbered twice."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection, transaction

from audit import actor, log, selectors, sequence, verify
from audit.models import Entry, Leaf, Pending
from jobs import selectors as clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WORKER = """
import os, sys, django
django.setup()
from django.conf import settings
from django.db import connection, OperationalError
settings.DATA_DIR = __import__("pathlib").Path(sys.argv[1])
settings.AUDIT_KEY_FILE = settings.DATA_DIR / "audit.key"
connection.settings_dict["NAME"] = sys.argv[2]
from audit import sequence
from jobs import selectors as clock
sequence.BATCH = 7
print("up", flush=True)
while True:
    try:
        sequence.run_once(clock.now())
    except OperationalError:
        pass
"""


def start(data_dir: Path) -> subprocess.Popen[str]:
    name = str(connection.settings_dict["NAME"])
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(data_dir), name], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "up\n"
    return worker


def test_killed_at_random_moments_the_log_stays_whole(data_dir: Path) -> None:
    dice = random.Random(5)
    kept: list[int] = []
    for _ in range(5):
        worker = start(data_dir)
        until = time.monotonic() + dice.random() / 2
        while time.monotonic() < until:
            with transaction.atomic():
                entry = log.append(
                    actor=actor.system(), action="thing.happened", at=clock.now(), subjects=[f"model:{len(kept) % 5}"]
                )
            kept.append(entry.pk)
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        assert selectors.hindrance() is None
    sequence.run_once(clock.now())
    assert sorted(kept) == sorted(Entry.objects.values_list("pk", flat=True))
    assert sorted(kept) == sorted(Leaf.objects.values_list("entry_id", flat=True))
    assert not Pending.objects.exists()
    assert verify.database().faults == []
