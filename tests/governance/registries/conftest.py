"""Registries to look at, and the log's entries about them."""

from typing import Any

import pytest


@pytest.fixture
def entries(db: None) -> Any:
    """The log's entries of one action, oldest first."""
    from audit.models import Entry

    return lambda action: list(Entry.objects.filter(action=action).order_by("pk"))


@pytest.fixture
def connected(founded: Any, people: Any, now: Any) -> Any:
    """Connect a registry as the administrator: `connected(uri)`; nothing has looked at it yet."""
    from governance.registries import services

    def make(uri: str, name: str = "MLflow", scope: Any = None) -> Any:
        scope_id = scope.pk if scope else None
        return services.connect(actor=people.adam.actor, name=name, uri=uri, scope_id=scope_id, now=now)

    return make
