"""A log that is old enough to lose its content."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.audit.conftest import data_dir, offer, sequenced

__all__ = ["data_dir", "offer", "sequenced"]


@pytest.fixture
def aged(data_dir: Any, offer: Callable[..., Any], now: datetime) -> Callable[..., None]:
    """Fill the log: so many ordinary entries of two years ago, an approval among them, and two of today."""
    from audit import sequence

    def fill(count: int = 10) -> None:
        then = now - timedelta(days=730)
        for each in range(count):
            action = "promotion.decided" if each == 4 else "thing.happened"
            offer(action, f"model:{each % 3}", at=then, about={"n": each}, private={"reason": f"word {each}"})
        offer("thing.happened", "model:0")
        offer("thing.happened", "model:1")
        sequence.run_once(now)

    return fill
