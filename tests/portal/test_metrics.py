"""`/metrics`: the numbers are true, in Prometheus' format, and for those who watch over the whole house."""

import re
from datetime import timedelta
from typing import Any

import pytest

from portal import metrics

pytestmark = pytest.mark.django_db
LINE = re.compile(r'(attestry_[a-z_]+)(\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? (-?[0-9.e+]+)')


def read(text: str) -> dict[str, float]:
    """The samples of a page in Prometheus' text format; every other line must be a HELP or a TYPE."""
    found = {}
    for line in text.splitlines():
        if not line.startswith(("# HELP attestry_", "# TYPE attestry_")):
            sample = LINE.fullmatch(line)
            assert sample, line
            found[sample[1] + (sample[2] or "")] = float(sample[3])
    return found


def test_the_numbers_are_those_of_the_log_the_work_and_the_others(people: Any, payments: Any, now: Any) -> None:
    from django.db import transaction

    from audit import actor, log
    from governance.registries.models import Registry
    from jobs.models import Job, Worker

    Registry.objects.create(name="r", uri="http://127.0.0.1:9", namespace="n", scope=payments, state="away")
    Job.objects.create(kind="x", state="dead")
    Job.objects.create(kind="x", state="done")
    Worker.objects.create(name="here:1", started_at=now, seen_at=now)
    before = read(people.vera.api.get("/metrics").content.decode())
    with transaction.atomic():
        log.append(actor=actor.system(), action="a.b", subjects=["x:1"], at=now - timedelta(minutes=5))
    answer = people.vera.api.get("/metrics")
    found = read(answer.content.decode())
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert found["attestry_log_waiting_entries"] == before["attestry_log_waiting_entries"] + 1
    assert 300 <= found["attestry_log_waiting_seconds"] < 400
    assert found["attestry_log_well"] == 0
    assert found['attestry_jobs{state="dead"}'] == 1
    assert 'attestry_jobs{state="done"}' not in found
    assert found["attestry_workers"] == 1
    assert found["attestry_registries_away"] == 1
    assert [name for name in found if name.startswith("attestry_build_info{version=")]


def test_they_are_for_those_who_audit_or_administer_the_whole_organisation(people: Any, client: Any) -> None:
    assert people.adam.api.get("/metrics").status_code == 200
    assert people.eve.api.get("/metrics").status_code == 403
    assert people.ann.api.get("/metrics").status_code == 403
    anonymous = client.get("/metrics", REMOTE_ADDR="127.0.0.1")
    assert (anonymous.status_code, anonymous["Content-Type"]) == (401, "application/problem+json")


def test_they_cost_few_queries(people: Any, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(25):
        people.vera.api.get("/metrics")


def test_a_label_cannot_break_a_line() -> None:
    gauge = metrics.Gauge("x", "X.", [({"sink": 'a"b\\c\nd'}, 1)])
    assert gauge.written().splitlines()[-1] == 'attestry_x{sink="a\\"b\\\\c\\nd"} 1'
