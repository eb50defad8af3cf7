"""Many people at once, on a real database with real transactions."""

import threading
from collections import Counter

import pytest
from django.db import OperationalError, connection

from audit.models import Entry
from audit.refusals import Conflict, Refused
from governance.promotions import services
from governance.promotions.models import Decision, Promotion
from governance.promotions.rules import Ballot
from governance.promotions.services import Signed, Wish
from jobs import selectors as clock
from jobs.models import Job
from tests.conftest import PASSWORD
from tests.governance.promotions.conftest import now_at, only

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(number, do):
    """Run `do(n)` in that many threads at once and return what each gave back or was refused with."""
    gate, results = threading.Barrier(number), {}

    def run(n):
        gate.wait()
        try:
            results[n] = do(n)
        except (Refused, OperationalError) as refusal:
            results[n] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(results.values())


def test_eight_officers_approve_at_once_and_exactly_two_are_needed(world, rest, person):
    rest.ask(world.people.ann, world.versions["1"])
    key = only().key
    officers = [person(f"Officer{n}", "compliance_officer") for n in range(8)]

    def approve(n):
        actor = officers[n].actor
        for _ in range(40):
            seen = now_at(key)
            try:
                _, grant, _ = services.sign(actor=actor, key=key, verdict="approve", password=PASSWORD, now=clock.now())
                signed = Signed(Ballot("approve"), seen.revision, grant)
                return services.decide(actor=actor, key=key, signed=signed, now=clock.now()).state
            except Conflict as moved:
                if moved.code != "promotions.moved":
                    raise
            except OperationalError:
                continue
        raise AssertionError("never got through")

    results = at_once(8, approve)
    made = now_at(key)
    codes = Counter(each.code for each in results if isinstance(each, Refused))
    assert made.state == "approved"
    assert Decision.objects.count() == 2
    assert codes == {"promotions.not_in_review": 6}
    assert Entry.objects.filter(action="promotion.decided").count() == 2
    assert Job.objects.filter(kind="promotions.apply").count() == 1


def test_eight_requests_at_once_open_one(world):
    wish = Wish(world.versions["1"].pk, "production", "")

    def ask(_n):
        for _ in range(40):
            try:
                return services.request(actor=world.people.ann.actor, wish=wish, now=clock.now()).key
            except OperationalError:
                continue
        raise AssertionError("never got through")

    results = at_once(8, ask)
    assert Promotion.objects.count() == 1
    assert Counter(getattr(each, "code", "made") for each in results) == {"made": 1, "promotions.already_open": 7}
    assert Entry.objects.filter(action="promotion.requested").count() == 1


def test_one_signature_used_by_eight_at_once_counts_once(world, rest):
    rest.ask(world.people.ann, world.versions["1"])
    key, actor = only().key, world.people.olga.actor
    _, grant, _ = services.sign(actor=actor, key=key, verdict="approve", password=PASSWORD, now=clock.now())
    signed = Signed(Ballot("approve"), now_at(key).revision, grant)

    def decide(_n):
        return services.decide(actor=actor, key=key, signed=signed, now=clock.now()).state

    results = at_once(8, decide)
    assert sum(isinstance(each, str) for each in results) == 1
    assert (Decision.objects.count(), now_at(key).revision) == (1, 2)
