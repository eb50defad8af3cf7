"""What this installation is set to, as digests: enough to tell what changed since the log last knew, and no values."""

import hmac
import json
from collections.abc import Mapping
from typing import Any

from audit.models import Entry

NAMES = (
    "ATTESTRY_ALLOWED_HOSTS", "ATTESTRY_APP_PASSWORD", "ATTESTRY_AUDIT_KEY_FILE", "ATTESTRY_AUDIT_ORIGIN",
    "ATTESTRY_AUDIT_SINKS",
    "ATTESTRY_AUDIT_VERIFY_HOURS", "ATTESTRY_BASE_URL", "ATTESTRY_BEHIND_PROXY", "ATTESTRY_DATA_DIR",
    "ATTESTRY_LOG_LEVEL", "ATTESTRY_SCAN_ROOTS", "ATTESTRY_SECRET_KEY_FILE", "ATTESTRY_TSA_CA", "ATTESTRY_TSA_URL",
    "ATTESTRY_WITNESSES", "BROKER_URL", "DATABASE_URL", "MLFLOW_TRACKING_URI", "MLFLOW_WEBHOOK_SECRET",
)  # fmt: skip


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


def last_told(action: str) -> dict[str, Any]:
    """What the newest entry of `action` says; nothing before the first."""
    entry = Entry.objects.filter(action=action).order_by("-pk").first()
    return dict(json.loads(bytes(entry.body))["about"]) if entry else {}
