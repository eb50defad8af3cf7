"""With PostgreSQL's roles apart, the portal may update nothing of the log, and still prunes under an entry."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from audit import actor, roles, sequence, services, verify
from audit.models import Entry, Leaf, Opening
from audit.retention import services as keeping
from tests.audit.test_roles import NAMED

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.postgresql,
]


def test_the_application_prunes_what_it_may_not_update(
    founded, data_dir, offer: Callable, now: datetime, run_jobs: Callable
) -> None:
    for number in range(5):
        offer("thing.happened", f"model:{number}", at=now - timedelta(days=900), private={"reason": "word"})
    sequence.run_once(now)
    services.separate_roles(actor=actor.operator(), named=NAMED, password="", now=now)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL SESSION AUTHORIZATION {NAMED.application}")
        assert roles.separate()
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            cursor.execute("UPDATE audit_leaf SET body = ''")
        keeping.prune.__wrapped__(actor=actor.system(), now=now)
        cursor.execute("RESET SESSION AUTHORIZATION")
    sequence.run_once(now)
    assert [bytes(each.body) for each in Leaf.objects.filter(seq__lt=5)] == [b""] * 5
    assert Entry.objects.filter(action="retention.pruned").count() == 1
    assert not Opening.objects.filter(value="word").exists()
    assert verify.database().faults == []
