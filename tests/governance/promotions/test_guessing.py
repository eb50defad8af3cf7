"""Signing asks for the password; guessing it there is limited like at the front door."""

import pytest

from audit.models import Entry
from governance.promotions.models import Decision
from tests.governance.promotions.conftest import only

pytestmark = pytest.mark.django_db


def test_after_five_wrong_passwords_a_signature_waits_even_with_the_right_one(world, door):
    assert door.ask(world.people.ann, world.versions["1"]).done
    key = only().key
    for _ in range(5):
        assert not door.decide(world.people.olga, key, password="a guess").done
    assert not door.decide(world.people.olga, key).done
    assert Decision.objects.count() == 0
    assert Entry.objects.filter(action="signin.failed").count() == 5
    assert door.decide(world.people.omar, key).done
