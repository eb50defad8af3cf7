"""Starting and stopping leave entries, and so does a changed setting: by its name, never by its value."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from audit.actor import system
from audit.models import Entry
from portal import configuration, services
from tests.audit.test_sequence_races import together
from tests.portal import house
from tests.test_commands import settings_read

OURS = {"ATTESTRY_URL", "ATTESTRY_TOKEN", "ATTESTRY_SUPERVISED_BY", "ATTESTRY_DEMO"}
"""Read by clients elsewhere, or set by Attestry itself."""
CHANGED = "portal.configuration_changed"
ACTIONS = """
import django; django.setup()
import json
from audit.models import Entry
print(json.dumps([[each.action, json.loads(bytes(each.body))["about"]] for each in Entry.objects.order_by("pk")]))
"""


def start(now: Any, environment: dict[str, str], version: str = "0.1.0", part: str = "worker") -> list[str]:
    before = Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    found = configuration.Found(part, version, configuration.digests(environment, "secret"))
    services.note_configuration(actor=system(), found=found, now=now)
    return list(Entry.objects.filter(pk__gt=before).order_by("pk").values_list("action", flat=True))


def test_every_setting_there_is_is_watched() -> None:
    assert settings_read() - OURS == set(configuration.NAMES)


@pytest.mark.django_db
def test_what_changed_between_two_starts_is_named_and_no_value_is(founded: Any, now: Any) -> None:
    first = {"DATABASE_URL": "postgresql://me:hunter2@db/attestry", "ATTESTRY_BASE_URL": "https://a.example"}
    assert start(now, first) == ["portal.version_changed", CHANGED]
    assert start(now, first) == []
    second = first | {"DATABASE_URL": "postgresql://me:hunter3@db/attestry", "BROKER_URL": "redis://b"}
    assert start(now, second) == [CHANGED]
    about = json.loads(bytes(Entry.objects.order_by("-pk")[0].body))["about"]
    assert about["keys"] == ["broker_url", "database_url"]
    assert not any(b"hunter" in bytes(each.body) for each in Entry.objects.all())
    assert start(now, second, "0.2.0") == ["portal.version_changed"]


@pytest.mark.django_db
def test_web_and_worker_are_each_compared_with_their_own_last_start(founded: Any, now: Any) -> None:
    web, worker = {"ATTESTRY_BEHIND_PROXY": "1"}, {"BROKER_URL": "redis://b"}
    assert start(now, web, part="web") == ["portal.version_changed", CHANGED]
    assert start(now, worker) == [CHANGED]
    for _ in range(2):
        assert start(now, web, part="web") == start(now, worker) == []
    assert start(now, worker, part="web") == [CHANGED]
    about = json.loads(bytes(Entry.objects.order_by("-pk")[0].body))["about"]
    assert (about["part"], about["keys"]) == ("web", ["attestry_behind_proxy", "broker_url"])


@pytest.mark.django_db(transaction=True)
def test_of_many_processes_that_begin_at_once_one_says_what_changed(founded: Any, now: Any) -> None:
    told = configuration.digests({"BROKER_URL": "redis://b"}, "secret")
    found = configuration.Found("web", "0.1.0", told)
    together(*[lambda: services.note_configuration(actor=system(), found=found, now=now)] * 6)
    assert sorted(Entry.objects.values_list("action", flat=True)) == [CHANGED, "portal.version_changed"]


@pytest.mark.django_db
def test_starting_and_stopping_are_recorded(founded: Any, now: Any) -> None:
    services.note_start(actor=system(), version="0.1.0", now=now)
    services.note_stop(actor=system(), now=now)
    assert [each.action for each in Entry.objects.order_by("pk")] == ["audit.log_started", "audit.log_stopped"]


def recorded(data: Path) -> list[tuple[str, dict[str, Any]]]:
    """Actions and details of the log's entries, as another process reads them."""
    env = house.environment(data)
    done = subprocess.run([sys.executable, "-c", ACTIONS], env=env, capture_output=True, text=True, check=True)
    return [(action, about) for action, about in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory on SQLite, ready to be served."""
    data = tmp_path_factory.mktemp("lifetimes") / "data"
    assert house.attestry("migrate", data=data).returncode == 0
    return data


def answers(port: int) -> bool:
    return house.get(port, "/healthz")[0] == 200


@pytest.mark.slow
def test_a_web_process_that_begins_with_another_setting_says_so_once(installed: Path) -> None:
    log, seen = installed.parent / "web.log", []
    for roots in ("/srv/a", "/srv/a", "/srv/b"):
        port = house.free_port()
        with house.running("web", "--port", str(port), data=installed, log=log, ATTESTRY_SCAN_ROOTS=roots):
            assert house.eventually(partial(answers, port)), log.read_text()
        seen.append([about for action, about in recorded(installed) if action == CHANGED and about["part"] == "web"])
    assert [len(each) for each in seen] == [1, 1, 2]
    assert seen[-1][-1]["keys"] == ["attestry_scan_roots"]
    assert "/srv" not in json.dumps(seen)


@pytest.mark.slow
def test_a_worker_that_is_asked_twice_to_stop_says_once_that_it_stopped(installed: Path) -> None:
    log = installed.parent / "worker.log"
    with house.running("worker", "--concurrency", "1", data=installed, log=log) as worker:
        begun = "audit.log_started"
        assert house.eventually(lambda: begun in [action for action, _ in recorded(installed)]), log.read_text()
        time.sleep(2)
        busy = sqlite3.connect(installed / "attestry.sqlite3", isolation_level=None)
        busy.execute("BEGIN IMMEDIATE")  # whoever notes the end has to wait: the second signal comes in between
        for _ in range(2):
            os.kill(worker.pid, signal.SIGTERM)
            time.sleep(0.7)
        busy.execute("ROLLBACK")
        busy.close()
        worker.wait(timeout=40)
    actions = [action for action, _ in recorded(installed)]
    assert actions.count("audit.log_stopped") == 1, log.read_text()
