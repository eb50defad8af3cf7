"""Content whose time is over goes, and everything can still be proved."""

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from audit import actor, authorizer, export, keys, log, proof, selectors, sequence, triggers, verify
from audit.models import Entry, Leaf, Opening, Pruned
from audit.offline import verify as offline
from audit.retention import services
from audit.retention.models import Hold
from audit.retention.services import Held

pytestmark = pytest.mark.django_db(transaction=True)


def prune(now: datetime) -> services.Run:
    run = services.prune(actor=actor.system(), now=now)
    sequence.run_once(now)
    return run


def gone() -> list[int]:
    return [leaf.seq for leaf in Leaf.objects.order_by("seq") if not bytes(leaf.body)]


def exported(folder: Path) -> offline.Report:
    export.write(folder, selectors.latest())
    return offline.check(folder, str(keys.verifier()))


def test_only_old_entries_lose_their_content_and_approvals_keep_it(aged: Callable, now: datetime) -> None:
    aged()
    run = prune(now)
    assert gone() == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert (run.count, run.first, run.last) == (9, 0, 9)
    assert sorted(Pruned.objects.values_list("first", "last")) == [(0, 3), (5, 9)]
    assert [bytes(each.entry.body) for each in Leaf.objects.filter(seq__in=gone()).select_related("entry")] == [b""] * 9
    assert list(Opening.objects.values_list("value", flat=True)) == ["word 4"]


def test_pruning_is_an_entry_that_says_what_and_why(aged: Callable, now: datetime) -> None:
    aged()
    run = prune(now)
    said = json.loads(bytes(Entry.objects.get(action="retention.pruned").body))
    assert said["about"] == {"policy": run.policy, "from": 0, "to": 9, "count": 9, "ranges": [[0, 3], [5, 9]]}


def test_nothing_due_is_no_entry(aged: Callable, now: datetime) -> None:
    aged()
    prune(now)
    assert prune(now).count == 0
    assert Entry.objects.filter(action="retention.pruned").count() == 1


def test_old_proofs_and_new_exports_still_verify(aged: Callable, now: datetime, tmp_path: Path) -> None:
    aged(300)
    before = {seq: (bytes(Leaf.objects.get(pk=seq).body), selectors.proof_of(seq)) for seq in (0, 4, 299)}
    old = exported(tmp_path / "old")
    prune(now)
    for seq, (body, found) in before.items():
        assert proof.holds(proof.write(seq, found.hashes, found.checkpoint), body, keys.verifier())
        newer = selectors.proof_of(seq)
        assert proof.holds(proof.write(seq, newer.hashes, newer.checkpoint), body, keys.verifier())
    new = exported(tmp_path / "new")
    assert (old.faults, new.faults) == ([], [])
    assert new.size == old.size + 1
    assert verify.database().faults == []


@pytest.mark.parametrize("what", ["leaf", "entry", "both"])
def test_a_body_removed_without_an_entry_is_named_by_both_verifiers(
    aged: Callable, now: datetime, tmp_path: Path, what: str
) -> None:
    aged()
    prune(now)
    triggers.lift(connection)
    seq, empty = 10, b""
    if what != "entry":
        Leaf.objects.filter(pk=seq).update(body=empty)
    if what != "leaf":
        Entry.objects.filter(leaf=seq).update(body=empty)
    triggers.set_guards(connection)
    assert [each.seq for each in verify.database().faults][:1] == [seq]
    if what != "entry":
        assert exported(tmp_path).faults[0].entry == seq


def test_a_pruned_hash_that_was_altered_is_found(aged: Callable, now: datetime) -> None:
    aged()
    prune(now)
    triggers.lift(connection)
    Leaf.objects.filter(pk=3).update(hash=bytes(32))
    triggers.set_guards(connection)
    assert not verify.database().sound


def test_an_export_in_which_the_pruning_entry_is_hidden_does_not_verify(
    aged: Callable, now: datetime, tmp_path: Path
) -> None:
    aged()
    prune(now)
    exported(tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    (tmp_path / "cut" / "pruned.jsonl").unlink()
    assert 0 in [each.entry for each in offline.check(tmp_path / "cut", str(keys.verifier())).faults]


def refused(sql: str) -> bool:
    try:
        with authorizer.aside(connection), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql.replace("''", "x''") if connection.vendor == "sqlite" else sql)
    except DatabaseError as error:
        return triggers.REFUSED in str(error) or triggers.UNNAMED in str(error)
    return False


def test_the_database_empties_a_body_for_no_other_reason(aged: Callable, now: datetime) -> None:
    aged()
    assert refused("UPDATE audit_leaf SET body = '' WHERE seq = 0")
    assert refused("UPDATE audit_entry SET body = ''")
    some = Entry.objects.order_by("pk").values_list("pk", flat=True)[0]
    assert refused(f"INSERT INTO audit_pruned (entry_id, first, last) VALUES ({some}, 0, 3)")
    prune(now)
    under = Entry.objects.get(action="retention.pruned").pk
    assert refused(f"INSERT INTO audit_pruned (entry_id, first, last) VALUES ({under}, 10, 10)")
    assert refused("UPDATE audit_leaf SET body = '' WHERE seq = 0")
    assert refused("UPDATE audit_leaf SET body = 'x' WHERE seq = 0")
    assert refused("UPDATE audit_pruned SET last = 11")
    assert refused("DELETE FROM audit_pruned")


def test_an_entry_of_this_moment_empties_only_what_it_names(aged: Callable, now: datetime) -> None:
    aged()
    with transaction.atomic():
        about = {"policy": "sha256:0", "ranges": [[0, 1]]}
        under = log.append(actor=actor.system(), action="retention.pruned", subjects=["audit:log"], at=now, about=about)
    insert = "INSERT INTO audit_pruned (entry_id, first, last) VALUES"
    assert refused(f"{insert} ({under.pk}, 0, 2)")
    assert refused(f"{insert} ({under.pk}, 1, 0)")
    assert not refused(f"{insert} ({under.pk}, 0, 1)")
    assert gone() == [0, 1]
    assert refused("UPDATE audit_leaf SET body = '' WHERE seq = 2")
    assert refused("UPDATE audit_leaf SET body = '', hash = 'x' WHERE seq = 1")


HOLDS = {
    "subject": (lambda now: Held(subject="model:0"), [1, 2, 5, 7, 8]),
    "actor": (lambda now: Held(actor_id=actor.SYSTEM_ID), []),
    "time": (lambda now: Held(since=now - timedelta(days=800), until=now - timedelta(days=700)), []),
    "another time": (lambda now: Held(since=now - timedelta(days=700)), [0, 1, 2, 3, 5, 6, 7, 8, 9]),
}


@pytest.mark.parametrize("kind", HOLDS)
def test_what_is_held_stays(aged: Callable, people, now: datetime, kind: str) -> None:
    held, expected = HOLDS[kind]
    aged()
    services.set_hold(actor=people.olga.actor, held=held(now), reason="a court asks", now=now)
    prune(now)
    assert gone() == expected


def test_a_hold_that_was_lifted_holds_nothing(aged: Callable, people, now: datetime) -> None:
    aged()
    hold = services.set_hold(actor=people.olga.actor, held=Held(subject="model:0"), reason="a court asks", now=now)
    asked = services.ask_lift(actor=people.olga.actor, number=hold.pk, reason="settled", now=now)
    services.lift(actor=people.adam.actor, request_id=asked.pk, now=now)
    prune(now)
    assert gone() == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert Hold.objects.get().lifted_at == now


def test_the_errand_does_it_batch_by_batch(
    aged: Callable, now: datetime, run_jobs: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobs import records

    monkeypatch.setattr(services, "BATCH", 3)
    aged()
    with transaction.atomic():
        records.enqueue("retention.prune")
    run_jobs()
    sequence.run_once(now)
    assert gone() == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert Entry.objects.filter(action="retention.pruned").count() == 3
    assert verify.database().faults == []


def test_nobody_prunes_by_hand(aged: Callable, people, now: datetime) -> None:
    aged()
    for each in (people.olga.actor, people.adam.actor, actor.operator()):
        with pytest.raises(actor.Forbidden):
            services.prune(actor=each, now=now)
    assert gone() == []
