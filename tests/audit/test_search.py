"""Entries are found by their words, alike on both databases, and by nobody who may not read them."""

import json
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from types import SimpleNamespace as Ns
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audit import actor, authorizer, filters, log, search, sequence, triggers, verify, words
from audit.models import Checkpoint, Entry, Leaf, Words
from audit.retention import records
from audit.retention import services as retention
from tests.audit.retention.conftest import aged

__all__ = ["aged"]
pytestmark = pytest.mark.django_db
ENTRIES = "/api/v1/audit/entries"
HOSTILE = [
    "AND", "a AND", "NOT a", "NEAR(a b, 2)", "NEAR(", '"', '"a', "a\"b", "'", "a'b", "a' OR 1=1 --", "\\", "a:b",
    "words:a", "a & | b", "!a", "a:*", "a <-> b", "a<2>b", "(a", "a)", "^a", "+a", "-a", "{a} : b", "a**", "a* *b",
    "%", "%s", "a;b",
    "x" * 300, "a " * 150, "é" * 300, "🙂 a", "ﷺ", "a\u200bb",
]  # fmt: skip


def found(q: str) -> list[int]:
    """The entries that are found, newest first."""
    return list(filters.apply(Entry.objects.order_by("-pk"), filters.Wanted(q=q)).values_list("pk", flat=True))


@contextmanager
def unindexed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever gets its place in the log meanwhile stays without words."""
    with monkeypatch.context() as patched:
        patched.setattr(search, "catch_up", lambda most: 0)
        yield


@pytest.fixture
def three(data_dir: Any, offer: Callable, now: datetime) -> list[int]:
    """Three entries with words in them, numbered."""
    made = [
        offer("promotion.requested", "promotion:1", about={"ticket": "PR-42", "note": "Crédit scoring"}),
        offer("promotion.decided", "promotion:1", about={"verdict": "approve"}, private={"reason": "sound"}),
        offer("model.seen", "model:7", about={"note": "credit card", "n": 42}),
    ]
    sequence.run_once(now)
    return [each.pk for each in made]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("promotion", [1, 0]), ("PROMOTION 1", [1, 0]), ("pr-42", [0]), ("42", [2, 0]), ("credit", [2, 0]),
        ("credit scoring", [0]), ("scoring CRÉDIT", [0]), ("cre*", [2, 0]), ("cred", []), ("verdict", [1]),
        ("reason", [1]), ("sound", []), ("promotion nothing", []), ("model.seen", [2]), ("success", [2, 1, 0]),
    ],
)  # fmt: skip
def test_all_words_must_be_in_the_entry(q: str, expected: list[int], three: list[int]) -> None:
    assert found(q) == [three[each] for each in expected]


def test_an_entry_is_found_by_its_own_id_and_by_whoever_acted(three: list[int]) -> None:
    said = Entry.objects.get(pk=three[1])
    assert found(str(said.actor_id)) == three[::-1]
    assert found(str(said.actor_id).upper()[:13] + "*") == three[::-1]


def test_an_entry_is_found_once_it_has_a_number(three: list[int], offer: Callable, now: datetime) -> None:
    waits = offer("thing.waits")
    assert found("waits") == []
    sequence.run_once(now)
    assert found("waits") == [waits.pk]


def plainly(said: Any, q: str) -> bool:
    """The rule in other words than the code's."""

    def bare(text: str) -> str:
        apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        return "".join(each for each in apart if unicodedata.category(each) != "Mn").lower()

    def runs(text: str, more: str = "") -> list[str]:
        return "".join(each if each.isalnum() or each in more else " " for each in text).split()

    have = set(runs(bare(said)))
    for each in runs(bare(said), "-"):
        # a chain of hyphens breaks, a single one joins
        have.update(part.strip("-").replace("-", "") for part in each.split("--"))
    # a star after a hyphen is not after a word
    marked = [each.replace("--", " ").replace("-*", "- *").replace("*", "* ") for each in runs(bare(q), "-*")]
    wanted = [one for each in marked for one in each.split()]
    wanted = [each.strip("-").replace("-", "") for each in wanted]
    wanted = [each for each in wanted if each.strip("*")]
    return all(any(one == w or (w[-1] == "*" and one.startswith(w[:-1])) for one in have) for w in wanted)


TEXT = st.text(st.sampled_from(list("aAbB1é½ß*-_.:'\"& \t模ИÅ")), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXT, min_size=1, max_size=6), st.lists(TEXT, min_size=1, max_size=8))
@example(["11", "1-1"], ["1-*", "1*", "1-1*", "1--*"])
def test_the_database_finds_what_the_rule_says(
    data_dir: Any, now: datetime, texts: list[str], asked: list[str]
) -> None:
    with transaction.atomic():
        made = {}
        for each in texts:
            offered = log.append(actor=actor.system(), action="t.t", subjects=[], at=now, about={"t": [each]})
            made[offered.pk] = each
        start = (Leaf.objects.order_by("-seq").values_list("seq", flat=True).first() or -1) + 1
        Leaf.objects.bulk_create(Leaf(seq=seq, entry_id=pk, body=b"x", hash=b"x") for seq, pk in enumerate(made, start))
        assert search.catch_up(100) == len(made)
        for q in asked:
            if not words.sought(q):
                continue
            rows = Entry.objects.filter(search.saying(words.sought(q)), pk__in=made)
            assert set(rows.values_list("pk", flat=True)) == {
                pk for pk, each in made.items() if plainly(f"{each} t t system success {_ids(pk)}", q)
            }, q
        transaction.set_rollback(True)


def _ids(pk: int) -> str:
    """What else this entry says: how it came, its id, and who, without hyphens."""
    said = json.loads(bytes(Entry.objects.get(pk=pk).body))
    who = said["actor"]
    return f"{said['id'].replace('-', '')} {who['id'].replace('-', '')} {who['kind']} {who['via']}"


@pytest.mark.parametrize("q", HOSTILE)
def test_no_query_is_a_language(q: str, people: Ns, three: list[int]) -> None:
    answer = people.vera.api.get(ENTRIES, {"q": q})
    assert answer.status_code == (200 if words.sought(q) and q.isprintable() else 400), answer.content
    assert people.vera.client.get("/audit", {"q": q}).status_code == 200


@pytest.mark.parametrize("q", ["*", "...", "-", "a\x00b", "x" * 301, "\ud800"])
def test_a_query_without_words_is_refused(q: str, people: Ns, three: list[int]) -> None:
    from urllib.parse import quote

    answer = people.vera.api.get(f"{ENTRIES}?q={quote(q, errors='surrogatepass')}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_readers_of_one_scope_find_only_what_they_may_see(
    people: Ns, person: Callable, payments: Any, offer: Callable, data_dir: Any, now: datetime
) -> None:
    offer("thing.secret", about={"word": "zebra"})
    offer("thing.theirs", about={"word": "zebra"}, scope_id=payments.pk)
    sequence.run_once(now)

    def actions(who: Any) -> list[str]:
        return [each["action"] for each in who.api.get(ENTRIES, {"q": "zebra"}).json()["results"]]

    assert actions(people.vera) == ["thing.theirs", "thing.secret"]
    assert actions(person("Paul", "auditor", payments)) == ["thing.theirs"]
    assert actions(people.eve) == []


def test_words_go_together_with_other_filters_and_pages(
    people: Ns, three: list[int], offer: Callable, now: Any
) -> None:
    for each in range(7):
        offer("thing.many", about={"n": each})
    sequence.run_once(now)
    asked, seen, cursor = {"q": "many thing", "action": "thing.", "limit": 3}, [], ""
    while cursor is not None:
        answer = people.vera.api.get(ENTRIES, asked | ({"cursor": cursor} if cursor else {})).json()
        seen += [each["about"]["n"] for each in answer["results"]]
        cursor = answer["next"]
    assert seen == [6, 5, 4, 3, 2, 1, 0]
    assert people.vera.api.get(ENTRIES, {"q": "many", "action": "model."}).json()["results"] == []


def test_the_page_has_a_field_for_words(people: Ns, three: list[int]) -> None:
    page = people.vera.client.get("/audit", {"q": "scoring"}).content.decode()
    assert 'name="q" value="scoring"' in page
    assert "promotion.requested" in page
    assert "promotion.decided" not in page
    assert page.index('name="q"') < page.index('name="actor"')
    assert 'id="id_q_helptext"' in page
    assert "There is a problem" in people.vera.client.get("/audit", {"q": "***"}).content.decode()


def test_what_is_pruned_is_not_found_any_more(aged: Callable, now: datetime) -> None:
    aged()
    old = Leaf.objects.get(seq=1).entry_id
    assert old in found("happened")
    retention.prune(actor=actor.system(), now=now)
    assert found("happened") == list(
        Entry.objects.filter(action="thing.happened", leaf__seq__gte=10).order_by("-pk").values_list("pk", flat=True)
    )
    assert not Words.objects.exclude(words="").filter(entry_id=old).exists()
    assert _sound()


def test_an_entry_that_was_pruned_before_it_was_indexed_stays_without_words(
    aged: Callable, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unindexed(monkeypatch):
        aged()
        retention.prune(actor=actor.system(), now=now)
    sequence.run_once(now)
    assert Words.objects.count() == Leaf.objects.count()
    assert len(found("happened")) == 2


def test_an_entry_that_was_pruned_while_its_words_were_read_stays_without_words(
    aged: Callable, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unindexed(monkeypatch):
        aged()
    read: list[bytes] = []

    def meanwhile(entry: bytes) -> set[str]:
        if not read:
            retention.prune(actor=actor.system(), now=now)
        read.append(entry)
        return words.words_of(entry)

    monkeypatch.setattr(search, "words_of", meanwhile)
    search.catch_up(1000)
    assert b"" in read
    assert len(read) > Words.objects.count() == Leaf.objects.count()
    assert len(found("happened")) == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_nothing_is_pruned_while_words_are_read_and_kept(sequenced: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    with unindexed(monkeypatch):
        sequenced(2)
    told: list[str] = []

    def prune() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '100ms'")
                records.alone()
        except DatabaseError as error:
            told.append(str(error))
        finally:
            connection.close()

    for inside in (True, False):
        with transaction.atomic():
            if inside:
                search.catch_up(10)
            thread = threading.Thread(target=prune)
            thread.start()
            thread.join()
        assert len(told) == 1
    assert "lock timeout" in told[0]


def _sound() -> bool:
    """Whether SQLite's index agrees with its table; elsewhere nothing can disagree."""
    if connection.vendor == "sqlite":
        with authorizer.aside(connection), connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {search.INDEX} ({search.INDEX}, rank) VALUES ('integrity-check', 1)")
    return True


def test_killed_before_the_words_the_next_run_indexes_them(
    sequenced: Callable, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(most: int) -> int:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(search, "catch_up", kill)
        with pytest.raises(Killed):
            sequenced(5)
    assert Checkpoint.objects.get().size == Leaf.objects.count() == 5
    assert found("happened") == []
    sequence.run_once(now)
    assert len(found("happened")) == 5
    assert list(Words.objects.order_by("seq").values_list("seq", "entry_id")) == list(
        Leaf.objects.order_by("seq").values_list("seq", "entry_id")
    )


def test_a_long_log_is_indexed_in_parts(sequenced: Callable, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "BATCH", 3)
    monkeypatch.setattr(sequence, "BATCHES", 2)
    monkeypatch.setattr(sequence, "INDEXED", 2)
    sequenced(20)
    while not sequence._idle():
        sequence.run_once(now)
    assert len(found("happened")) == Words.objects.count() == 20


@pytest.mark.django_db(transaction=True)
def test_a_log_that_is_older_than_the_index_gets_one(sequenced: Callable, now: datetime) -> None:
    migration = import_module("audit.migrations.0003_words")
    sequenced(5)
    triggers.lift(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"DROP TABLE {search.INDEX}")
        cursor.execute("DROP TABLE audit_words")
    with authorizer.aside(connection), connection.schema_editor() as editor:
        migration.index(apps, editor)
    authorizer.watch(connection=connection)
    assert triggers.standing(connection) == set(triggers.expected(connection.vendor))
    assert not sequence._idle()
    sequence.run_once(now)
    assert len(found("happened")) == 5
    assert _sound()


def test_words_are_no_evidence_and_verifying_does_not_depend_on_them(sequenced: Callable) -> None:
    sequenced(5)
    triggers.lift(connection)
    Words.objects.all().delete()
    triggers.set_guards(connection)
    assert verify.database().sound
    assert found("happened") == []
    assert _sound()


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "sql",
    [
        f"INSERT INTO {search.INDEX} (rowid, words) VALUES (1, 'forged')",
        f"INSERT INTO {search.INDEX} ({search.INDEX}) VALUES ('delete-all')",
        f"UPDATE {search.INDEX} SET words = 'forged'",
        f"DELETE FROM {search.INDEX}",
        f"DROP TABLE {search.INDEX}",
        f"DROP TABLE {search.INDEX}_data",
        f"UPDATE {search.INDEX}_data SET block = x''",
        f"ALTER TABLE {search.INDEX}_data RENAME TO other",
        f"DROP TRIGGER {authorizer.ADDED}",
        "UPDATE audit_words SET words = ''",
    ],
)
def test_nothing_but_the_triggers_writes_to_the_index(sql: str, three: list[int]) -> None:
    with pytest.raises(DatabaseError, match=authorizer.REFUSED), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert found("scoring") == three[:1]


@pytest.mark.sqlite
def test_a_program_without_the_authorizer_keeps_the_index_in_step(three: list[int]) -> None:
    with authorizer.aside(connection), pytest.raises(DatabaseError, match=triggers.REFUSED), transaction.atomic():
        Words.objects.update(words="")
    assert found("scoring") == three[:1]
    assert _sound()
