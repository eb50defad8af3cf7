"""Starting and stopping leave entries, and so does a changed setting: by its name, never by its value."""

import json
from typing import Any

import pytest

from audit.actor import system
from audit.models import Entry
from portal import configuration, services
from tests.test_commands import settings_read

OURS = {"ATTESTRY_URL", "ATTESTRY_TOKEN", "ATTESTRY_SUPERVISED_BY", "ATTESTRY_DEMO"}
"""Read by clients elsewhere, or set by Attestry itself."""


def start(now: Any, environment: dict[str, str], version: str = "0.1.0") -> list[str]:
    before = Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    told = configuration.digests(environment, "secret")
    services.note_start(actor=system(), version=version, digests=told, now=now)
    return list(Entry.objects.filter(pk__gt=before).order_by("pk").values_list("action", flat=True))


def test_every_setting_there_is_is_watched() -> None:
    assert settings_read() - OURS == set(configuration.NAMES)


@pytest.mark.django_db
def test_what_changed_between_two_starts_is_named_and_no_value_is(founded: Any, now: Any) -> None:
    first = {"DATABASE_URL": "postgresql://me:hunter2@db/attestry", "ATTESTRY_BASE_URL": "https://a.example"}
    changes = ["portal.version_changed", "portal.configuration_changed"]
    assert start(now, first) == ["audit.log_started", *changes]
    assert start(now, first) == ["audit.log_started"]
    second = first | {"DATABASE_URL": "postgresql://me:hunter3@db/attestry", "BROKER_URL": "redis://b"}
    assert start(now, second) == ["audit.log_started", "portal.configuration_changed"]
    about = json.loads(bytes(Entry.objects.order_by("-pk")[0].body))["about"]
    assert about["keys"] == ["broker_url", "database_url"]
    assert not any(b"hunter" in bytes(each.body) for each in Entry.objects.all())
    assert start(now, second, "0.2.0") == ["audit.log_started", "portal.version_changed"]


@pytest.mark.django_db
def test_stopping_is_recorded(founded: Any, now: Any) -> None:
    services.note_stop(actor=system(), now=now)
    assert Entry.objects.order_by("-pk")[0].action == "audit.log_stopped"
