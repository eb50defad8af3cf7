"""A log with a key of its own, and ways to fill it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction


@pytest.fixture
def data_dir(tmp_path: Path, settings: Any) -> Path:
    """A data directory of this test's own, with a signing key in it."""
    from audit import keys

    settings.DATA_DIR = tmp_path
    settings.AUDIT_KEY_FILE = tmp_path / "audit.key"
    settings.AUDIT_ORIGIN = "portal.example/audit"
    keys.ensure_key(settings.AUDIT_KEY_FILE)
    return tmp_path


@pytest.fixture
def offer(now: datetime) -> Callable[..., Any]:
    """Offer an entry: `offer("thing.happened", "model:1", scope_id=..., private={...})`."""
    from audit import actor, log

    def offer(action: str = "thing.happened", *subjects: str, by: Any = None, **rest: Any) -> Any:
        with transaction.atomic():
            return log.append(
                actor=by or actor.system(),
                action=action,
                subjects=subjects or ("model:1",),
                at=rest.pop("at", now),
                **rest,
            )

    return offer


@pytest.fixture
def sequenced(data_dir: Path, offer: Callable[..., Any], now: datetime) -> Callable[[int], list[Any]]:
    """Offer so many entries about three subjects, number them and publish a checkpoint."""
    from audit import sequence

    def fill(count: int) -> list[Any]:
        entries = [
            offer("thing.happened", f"model:{each % 3}", about={"n": each}, private={"reason": f"word {each}"})
            for each in range(count)
        ]
        sequence.run_once(now)
        return entries

    return fill
