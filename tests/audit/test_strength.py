"""What the protections in force are worth: told by one rule, from what is looked up at that moment."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace as Ns
from typing import Any

import pytest
from django.db import connection

from audit import authorizer, protections, selectors, strength, triggers, verify
from audit.models import Entry, Leaf

STRONGER = {"resisted": 2, "detected": 1, "not": 0}
SQLITE = {"guards", "authorizer", "signed", "memory", "key_file"}
POSTGRESQL = {"guards", "roles", "event_triggers", "signed", "memory", "key_file"}


def results(active: set[str], side: str) -> str:
    return "".join(getattr(each, side).result[0] for each in strength.attacks(active))


def test_with_nothing_in_force_nothing_is_resisted_or_shown() -> None:
    assert results(set(), "through") == results(set(), "above") == "n" * 9
    assert (strength.prevention(set()), strength.detection(set())) == ("nobody", "none")


@pytest.mark.parametrize(
    ("active", "through", "above", "said"),
    [
        (SQLITE, "rrrnnrrrr", "dnnnndndd", ("application", "partial")),
        (SQLITE | {"exports"}, "rrrndrrrr", "dddnddddd", ("application", "full")),
        (POSTGRESQL, "rrrnnrrrr", "dnnnndndd", ("database", "partial")),
        (POSTGRESQL | {"witnesses"}, "rrrdrrrrr", "ddddrdddd", ("database", "full")),
        ({"signed"}, "dnnnndnnn", "dnnnndndn", ("nobody", "partial")),
    ],
)
def test_the_table_of_attacks(active: set[str], through: str, above: str, said: tuple[str, str]) -> None:
    assert results(active, "through") == through
    assert results(active, "above") == above
    assert (strength.prevention(active), strength.detection(active)) == said


def test_nothing_stops_an_owner_from_editing_cutting_or_rewriting() -> None:
    everything = strength.attacks(strength.CODES)
    assert {each.above.result for each in everything if each.letter in "ABCDHI"} == {"detected"}


def test_one_more_protection_never_makes_it_weaker() -> None:
    for size in (0, 2, 4):
        for some in combinations(strength.CODES, size):
            before = strength.attacks(some)
            for more in strength.CODES:
                after = strength.attacks({*some, more})
                for one, other in zip(before, after, strict=True):
                    assert STRONGER[other.through.result] >= STRONGER[one.through.result]
                    assert STRONGER[other.above.result] >= STRONGER[one.above.result]


@pytest.mark.django_db
def test_every_protection_is_looked_up_and_told(now: Any, data_dir: Path) -> None:
    assert sorted(each.code for each in protections.now_in_force(now)) == sorted(strength.CODES)


@pytest.mark.django_db
def test_page_and_rest_say_the_same_and_follow_what_is(people: Ns, sequenced: Callable) -> None:
    sequenced(3)
    told = people.vera.api.get("/api/v1/audit/strength").json()
    assert told["prevention"] == "application"
    assert {each["letter"]: each["through"]["result"] for each in told["attacks"]}["B"] in {"resisted", "detected"}
    page = people.vera.client.get("/audit/strength").content.decode()
    assert "Prevention: application-level." in page
    assert "An entry is edited" in page
    triggers.lift(connection)
    assert people.vera.api.get("/api/v1/audit/strength").json()["prevention"] == "nobody"
    assert people.eve.api.get("/api/v1/audit/strength").status_code == 404
    assert people.ann.client.get("/audit/strength").status_code == 403


@pytest.mark.django_db
def test_a_worker_verifies_and_what_it_found_is_an_entry(
    people: Ns, sequenced: Callable, now: Any, client: Any
) -> None:
    from audit import tasks
    from jobs.models import Job
    from jobs.tasks import LONG, Work

    sequenced(3)
    work = Work(Job(kind="audit.verify"))
    tasks.verify_database(work)
    last = selectors.last_verification()
    assert last is not None
    assert (last.size, last.faults, last.first_bad) == (3, 0, None)
    assert "audit.verify" in LONG
    assert "audit.verify" in tasks.clock()
    assert "verified" in active(now)
    triggers.lift(connection)
    Leaf.objects.filter(seq=1).update(body=b"{}")
    triggers.set_guards(connection)
    authorizer.watch(connection=connection)
    tasks.verify_database(work)
    entry = Entry.objects.order_by("-pk")[0]
    assert (entry.action, entry.outcome) == ("audit.verification_failed", "failure")
    last = selectors.last_verification()
    assert last is not None
    assert last.first_bad == verify.database().faults[0].seq
    assert "verified" not in active(now)
    assert "faults" in client.get("/readyz").json()["degraded"]["verification"]
    assert "Faults found" in people.vera.client.get("/audit/strength").content.decode()


def active(now: Any) -> set[str]:
    return {each.code for each in protections.now_in_force(now) if each.active}
