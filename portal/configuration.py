"""What this installation is set to, as digests: enough to tell what changed since the log last knew, and no values."""

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from audit.models import Entry

_ADVISORY = 0x61747465_63666775
"""Any constant that nobody else uses."""

NAMES = (
    "ATTESTRY_ALLOWED_HOSTS", "ATTESTRY_APP_PASSWORD", "ATTESTRY_AUDIT_AFTER", "ATTESTRY_AUDIT_AFTER_KEY",
    "ATTESTRY_AUDIT_KEY_FILE", "ATTESTRY_AUDIT_ORIGIN",
    "ATTESTRY_AUDIT_SINKS",
    "ATTESTRY_AUDIT_VERIFY_HOURS", "ATTESTRY_BASE_URL", "ATTESTRY_BEHIND_PROXY", "ATTESTRY_DATA_DIR",
    "ATTESTRY_LINEAGE_EVENT_DAYS", "ATTESTRY_LINEAGE_RUN_DAYS", "ATTESTRY_LOG_LEVEL",
    "ATTESTRY_SCAN_COPIES", "ATTESTRY_SCAN_DATABASES", "ATTESTRY_SCAN_MODELS",
    "ATTESTRY_SCAN_ROOTS", "ATTESTRY_SECRET_KEY_FILE", "ATTESTRY_TSA_CA", "ATTESTRY_TSA_URL",
    "ATTESTRY_WITNESSES", "BROKER_URL", "DATABASE_URL", "MLFLOW_TRACKING_URI", "MLFLOW_WEBHOOK_SECRET",
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What a process that begins is: a part of Attestry (`web`, `worker`), its version, and its settings' digests."""

    part: str
    version: str
    digests: Mapping[str, str]


def digests(environment: Mapping[str, str], secret: str) -> dict[str, str]:
    """A digest of every setting that is set, keyed with the installation's secret so that none can be guessed."""
    return {
        name.lower(): hmac.digest(secret.encode(), environment[name].encode(), "sha256").hex()[:16]
        for name in NAMES
        if environment.get(name)
    }


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The settings that were added, removed or given another value."""
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def last_told(part: str) -> dict[str, str]:
    """The digests that the log last knew of one part; none before the first. Entries without a part are a worker's."""
    for about in _told("portal.configuration_changed"):
        if about.get("part", "worker") == part:
            return dict(about["digests"])
    return {}


def last_version() -> str:
    """The version that the log last knew; nothing before the first."""
    return next((str(about["to"]) for about in _told("portal.version_changed")), "")


def _told(action: str) -> Iterator[dict[str, Any]]:
    """What entries of `action` say, the newest first, as far as they were not pruned."""
    for body in Entry.objects.filter(action=action).order_by("-pk").values_list("body", flat=True).iterator():
        if bytes(body):
            yield json.loads(bytes(body))["about"]


def one_at_a_time() -> None:
    """Let others who compare wait until this transaction ends; on SQLite writers are alone anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY])
