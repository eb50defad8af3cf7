"""A report proves that no entry about its subject was left out, to whoever holds the log's key."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction

from audit import keys, log, sequence, services, trails
from audit.actor import system
from audit.offline import verify as offline
from governance.catalog.models import Asset, Version
from governance.reports import selectors
from governance.reports.models import Report
from governance.reports.rules import as_json

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(payments, now, tmp_path, settings, people):
    settings.DATA_DIR = tmp_path
    settings.AUDIT_KEY_FILE = tmp_path / "audit.key"
    settings.AUDIT_ORIGIN = "portal.example/audit"
    keys.ensure_key(settings.AUDIT_KEY_FILE)
    asset = Asset.objects.create(kind="model", key="k", namespace="mlflow://h:5001", name="fraud", scope=payments)
    return Version.objects.create(asset=asset, label="2", created_at=now, seen_at=now)


def happen(version, times, now):
    for _ in range(times):
        with transaction.atomic():
            log.append(
                actor=system(), action="thing.done", subjects=[version.subject], at=now, scope_id=version.scope_id
            )
    sequence.run_once(now)


def body(who, version, as_of) -> bytes:
    asked = Report(kind="lineage", subject=version.pk, as_of=as_of, format="json", principal_id=who.id)
    return as_json(selectors.lineage_report(who.actor, asked)[0])


def test_a_report_carries_every_entry_about_its_subject(version, people, now, tmp_path: Path):
    happen(version, 5, now)
    services.pin_ends(actor=system(), size=trails.due(), now=now)
    sequence.run_once(now)
    path = tmp_path / "report.json"
    path.write_bytes(body(people.vera, version, now))
    found = offline.check_trail(path, version.subject, [str(keys.verifier())])
    assert (found.faults, found.trail) == ([], [0, 1, 2, 3, 4])
    changed = json.loads(path.read_bytes())
    del changed["log"]["results"][-1]
    path.write_text(json.dumps(changed))
    assert offline.check_trail(path, version.subject, [str(keys.verifier())]).faults


def test_it_stays_the_same_bytes_while_the_log_goes_on(version, people, now):
    happen(version, 5, now)
    first = body(people.vera, version, now)
    happen(version, 300, now + timedelta(minutes=1))
    assert body(people.vera, version, now) == first
    assert body(people.vera, version, now + timedelta(minutes=1)) != first


def test_entries_are_withheld_from_those_who_may_not_read_them(version, people, person, now, payments):
    happen(version, 2, now)
    told = json.loads(body(people.ann, version, now))["log"]
    assert (told["results"], told["head"], told["withheld"]) == ([], None, True)
