"""Discovered things to govern."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction


@pytest.fixture
def discovered(founded: Any, now: datetime) -> Callable[..., Any]:
    """A model a registry or an event has just named: `discovered("fraud", scope)`."""
    from governance.catalog import records
    from governance.catalog.records import Named

    def make(name: str = "fraud", scope: Any = None, namespace: str = "mlflow://h:5000") -> Any:
        with transaction.atomic():
            return records.discover_model(Named(namespace, name, (scope or founded).pk), now)[0]

    return make


@pytest.fixture
def fraud(discovered: Callable[..., Any], payments: Any) -> Any:
    """The payments team's fraud model, as discovered."""
    return discovered("fraud", payments)


@pytest.fixture
def entries(db: None) -> Callable[[str], list[Any]]:
    """The log's entries of one action, oldest first."""
    from audit.models import Entry

    return lambda action: list(Entry.objects.filter(action=action).order_by("pk"))
