"""The auditor's pages, as they are read."""

import html
import json
from collections.abc import Callable
from types import SimpleNamespace as Ns
from typing import Any

import pytest
from django.db import connection

from audit import keys, sequence, triggers
from audit.models import Leaf, Opening

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(people: Ns, payments: Any, sequenced: Callable, offer: Callable, now: Any) -> Ns:
    """One decided promotion of the payments team, sealed."""
    decided = offer(
        "promotion.decided", "promotion:1", by=people.olga.actor, scope_id=payments.pk,
        about={"verdict": "approve"}, private={"reason": "it is <sound>"},
    )  # fmt: skip
    offer("access.granted", "grant:1", by=people.adam.actor)
    sequence.run_once(now)
    return Ns(decided=decided)


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_the_log_shows_who_did_what(people: Ns, log: Ns) -> None:
    page = text(people.vera.client.get("/audit"))
    assert "Olga" in page
    assert "promotion.decided" in page
    assert "promotion 1" in page
    assert "access.granted" in page
    assert "What protects it here" in page


def test_the_log_is_filtered_by_its_form(people: Ns, log: Ns) -> None:
    page = text(people.vera.client.get("/audit", {"action": "promotion.", "actor": "Olga"}))
    assert "promotion.decided" in page
    assert "access.granted" not in page
    assert "No entry matches" in text(people.vera.client.get("/audit", {"subject": "model:nothing"}))


def test_a_filter_that_makes_no_sense_is_explained_on_the_page(people: Ns, log: Ns) -> None:
    for query in ({"since": "yesterday"}, {"outcome": "x"}, {"cursor": "x"}, {"actor": "a\x00"}):
        assert "There is a problem" in text(people.vera.client.get("/audit", query))


def test_who_audits_nothing_is_told_so(people: Ns, log: Ns) -> None:
    assert people.ann.client.get("/audit").status_code == 403
    assert people.eve.client.get("/audit").status_code == 403
    assert people.ann.client.get("/audit/0").status_code == 404


def test_an_entry_shows_its_bytes_its_place_and_the_command(people: Ns, log: Ns) -> None:
    page = text(people.vera.client.get("/audit/0"))
    leaf = Leaf.objects.get(seq=0)
    assert bytes(leaf.body).decode() in page
    assert bytes(leaf.hash).hex() in page
    assert "it is <sound>" in page
    assert f"python verify.py 0.tlog-proof --entry 0.json --key {keys.verifier()}" in page
    assert "/api/v1/audit/entries/0/proof" in page


def test_personal_values_are_escaped(people: Ns, log: Ns) -> None:
    assert b"it is &lt;sound&gt;" in people.vera.client.get("/audit/0").content


def test_an_erased_value_is_shown_as_erased(people: Ns, log: Ns) -> None:
    Opening.objects.all().delete()
    page = text(people.vera.client.get("/audit/0", {"verify": "1"}))
    assert "erased" in page
    assert page.count("Does not hold") == 0


def test_verify_checks_here_and_now(people: Ns, log: Ns) -> None:
    page = text(people.vera.client.get("/audit/0", {"verify": "1"}))
    assert (page.count("Holds"), page.count("Does not hold")) == (3, 0)
    triggers.lift(connection)
    leaf = Leaf.objects.get(seq=0)
    Leaf.objects.filter(seq=0).update(body=bytes(leaf.body).replace(b"approve", b"refused"))
    triggers.set_guards(connection)
    page = text(people.vera.client.get("/audit/0", {"verify": "1"}))
    assert page.count("Does not hold") == 2


def test_an_offered_entry_has_a_page_until_it_has_a_number(people: Ns, log: Ns, offer: Callable, now: Any) -> None:
    entry = offer("thing.waits")
    assert "Waits for its number" in text(people.vera.client.get("/audit"))
    assert "Offered: thing.waits" in text(people.vera.client.get(f"/audit/offered/{entry.pk}"))
    sequence.run_once(now)
    answer = people.vera.client.get(f"/audit/offered/{entry.pk}")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/audit/2")


@pytest.mark.parametrize(
    "path", ["/audit/99", "/audit/99999999999999999999999", "/audit/offered/99999999999999999999999"]
)
def test_what_is_not_there_is_not_found(path: str, people: Ns, log: Ns) -> None:
    assert people.vera.client.get(path).status_code == 404


def test_the_export_button_downloads_the_log(people: Ns, log: Ns) -> None:
    client = people.vera.client
    assert "Export the log" in text(client.get("/audit"))
    assert "The export is about 1" in text(client.get("/audit"))
    answer = client.post("/audit/export")
    assert answer.getvalue()[:20].startswith(b"attestry-audit-2/")
    assert people.ann.client.post("/audit/export").status_code == 403


def test_a_log_that_cannot_go_on_says_so(people: Ns, log: Ns, data_dir: Any) -> None:
    memory = data_dir / "audit-signed.json"
    memory.write_text(json.dumps(json.loads(memory.read_bytes()) | {"size": 50}))
    page = text(people.vera.client.get("/audit"))
    assert "The log in the database has 2 numbered entries, but 50 were signed." in page


def test_the_pages_stand_before_the_first_entry(people: Ns, data_dir: Any) -> None:
    assert "Nothing is recorded yet" in text(people.vera.client.get("/audit"))
