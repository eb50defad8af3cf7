"""A tile agrees with what stands beside it only if all of it does: each single thing that does not makes it a no."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import F

from audit import agreement, sequence, triggers, verify
from audit.leaf import Link, entry_bytes, leaf_bytes
from audit.merkle import leaf_hash
from audit.models import Entry, Head, Leaf, Opening, Tile, Trail

pytestmark = pytest.mark.django_db
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
DECOY = {
    "action": "thing.other",
    "actor": {"id": str(UUID(int=7)), "kind": "person", "on_behalf_of": None, "token": None, "via": "browser"},
    "at": "2020-01-01T00:00:00.000000Z",
    "id": str(UUID(int=8)),
    "outcome": "denied",
    "private": {},
    "scope": None,
    "subjects": ["model:9"],
    "v": 1,
}
"""A whole entry's words, put where an entry may say anything."""


@pytest.fixture
def tile(data_dir: Path, offer: Callable, now: datetime) -> None:
    """256 entries of many kinds, numbered, and the guards lifted as only an owner can."""
    pattern = json.loads(bytes(offer("thing.first", "model:0", about=DECOY | {"inner": DECOY}).body))
    offer("thing.second", "model:0", "model:1", "audit:log", scope_id=UUID(int=5), private={"a": "x", "reason": "ö"})
    offer("thing.third", at=EPOCH.replace(microsecond=120), outcome="denied")
    rows = []
    for each in range(253):
        said = pattern | {"id": str(UUID(int=each)), "subjects": [f"model:{each % 3}", "thing:x"][: each % 3]}
        columns = {"action": said["action"], "outcome": said["outcome"], "actor_id": said["actor"]["id"]}
        rows.append(Entry(body=entry_bytes(said), at=now, **columns))
    Entry.objects.bulk_create(rows)
    sequence.run_once(now)
    triggers.lift(connection)


def agrees() -> bool:
    return agreement.hashes_of(0, 1, {}) is not None


def leaf(**changed: Any) -> Callable[[], object]:
    return lambda: Leaf.objects.filter(seq=9).update(**changed)


def entry(seq: int = 9, **changed: Any) -> Callable[[], object]:
    return lambda: Entry.objects.filter(leaf__seq=seq).update(**changed)


def trail(**changed: Any) -> Callable[[], object]:
    return lambda: Trail.objects.filter(seq=1, subject="model:0").update(**changed)


def cut_short() -> None:
    """The entry becomes a part of itself, up to where words in it look like its end."""
    whole = bytes(Entry.objects.get(leaf__seq=0).body)
    Entry.objects.filter(leaf__seq=0).update(body=whole[: whole.find(b"}") + 1])


def one_byte() -> None:
    whole = bytes(Entry.objects.get(leaf__seq=0).body)
    Entry.objects.filter(leaf__seq=0).update(body=whole.replace(b"browser", b"browsen", 1))


def relinked(previous: int | None, number: int, *, trail: bool = True) -> Callable[[], None]:
    """Leaf and hash, and by choice the trail, say the same, but not what the entry before says."""

    def relink() -> None:
        found = Leaf.objects.get(seq=2)
        body = leaf_bytes(bytes(found.entry.body), 2, [Link("model:1", number, previous)])
        Leaf.objects.filter(seq=2).update(body=body, hash=leaf_hash(body))
        if trail:
            Trail.objects.filter(seq=2).update(number=number, previous=previous)

    return relink


def exchanged() -> None:
    for before, after in ((9, 999), (10, 9), (999, 10)):
        Leaf.objects.filter(seq=before).update(seq=after)


ATTACKS: dict[str, Callable[[], object]] = {
    "the bytes of a leaf": leaf(body=b"{}"),
    "no bytes in a leaf": leaf(body=b""),
    "the hash of a leaf": leaf(hash=bytes(32)),
    "the entry of a leaf": leaf(entry_id=99_999),
    "a leaf that is gone": lambda: Leaf.objects.filter(seq=9).delete(),
    "two leaves that changed places": exchanged,
    "the bytes of an entry": entry(body=b"{}"),
    "no bytes in an entry": entry(body=b""),
    "one byte of an entry": one_byte,
    "an entry cut short": cut_short,
    "an entry that is gone": lambda: Entry.objects.filter(leaf__seq=9).delete(),
    "the action, as words in it have it": entry(0, action="thing.other"),
    "the outcome": entry(outcome="denied"),
    "the outcome, made to look like more": entry(outcome="success null"),
    "who": entry(actor_id=UUID(int=7)),
    "the scope": entry(scope_id=UUID(int=5)),
    "another scope": entry(1, scope_id=UUID(int=6)),
    "the scope taken away": entry(1, scope_id=None),
    "the time": entry(at=EPOCH),
    "a microsecond": entry(2, at=EPOCH.replace(microsecond=121)),
    "the subject of a trail": trail(subject="model:x"),
    "the number in a trail": trail(number=777),
    "the link in a trail": trail(previous=None),
    "the entry in a trail": trail(entry_id=99_999),
    "the place of a trail": trail(seq=5),
    "a trail that is gone": lambda: Trail.objects.filter(seq=1, subject="model:0").delete(),
    "a trail too many": lambda: Trail.objects.create(subject="a:b", number=0, seq=9, entry_id=1),
    "links with a gap": relinked(1, 500),
    "links to another": relinked(0, 1),
    "links to another in the leaf alone": relinked(0, 1, trail=False),
    "links that begin anew": relinked(None, 1),
}


def test_a_tile_as_it_was_written_agrees_and_its_links_lead_on(tile: None) -> None:
    heads: agreement.Heads = {}
    assert agreement.hashes_of(0, 1, heads) == [[bytes(each.hash) for each in Leaf.objects.order_by("seq")]]
    ends = {name[1:-1].decode(): (number, int(seq)) for name, (number, seq) in heads.items()}
    assert ends == {each.subject: (each.number, each.seq) for each in Head.objects.all()}


def test_each_single_thing_that_does_not_agree_is_a_no_and_its_entry_is_named(tile: None) -> None:
    for what, attack in ATTACKS.items():
        with transaction.atomic():
            attack()
            heads: agreement.Heads = {}
            assert agreement.hashes_of(0, 1, heads) is None, what
            assert heads == {}, what
            assert [each for each in verify.database().faults if each.seq >= 0], what
            transaction.set_rollback(True)
        assert agrees(), what


def test_a_tile_that_is_not_full_is_a_no(tile: None) -> None:
    assert agreement.hashes_of(0, 2, {}) is None
    assert agreement.hashes_of(1, 1, {}) is None


def test_a_log_that_agrees_needs_no_closer_look(tile: None, monkeypatch: pytest.MonkeyPatch) -> None:
    triggers.set_guards(connection)
    monkeypatch.setattr("audit.verify.CHUNK", 0)
    report = verify.database()
    assert (report.size, report.faults) == (256, [])


def test_what_stands_beside_agreeing_leaves_is_looked_at(tile: None) -> None:
    triggers.set_guards(connection)
    for attack, seq, what in (
        (lambda: Tile.objects.update(root=bytes(32)), 0, "tile/0/0 is not what its entries give"),
        (lambda: Tile.objects.update(hashes=bytes(8192)), 0, "tile/0/0 is not what its entries give"),
        (lambda: Opening.objects.filter(field="a").update(value="y"), 1, "the value kept for “a” is not the one"),
        (lambda: Opening.objects.filter(field="a").update(field="b"), 1, "the value kept for “b” is not the one"),
        (lambda: Head.objects.update(number=F("number") + 1), -1, "the end of the trail of"),
        (lambda: Head.objects.all().delete(), -1, "the end of the trail of"),
        (lambda: Trail.objects.create(subject="a:b", number=0, seq=256, entry_id=1), 256, "the trail has a link for"),
    ):
        triggers.lift(connection)
        with transaction.atomic():
            attack()
            first = verify.database().faults
            transaction.set_rollback(True)
        triggers.set_guards(connection)
        assert [each for each in first if (each.seq, each.what[: len(what)]) == (seq, what)], what
