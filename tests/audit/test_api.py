"""The log over REST: who may read what, and that what comes out verifies."""

import hashlib
import io
import json
import tarfile
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace as Ns
from typing import Any

import pytest
from django.db import connection

from audit import keys, proof, rotation, selectors, sequence, triggers
from audit.actor import Forbidden
from audit.checkpoint import read_vkey, verify
from audit.merkle import consistent, root_of
from audit.models import Checkpoint, Cosignature, Entry, Leaf
from audit.offline import verify as offline
from tests.audit.made import unpack

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/audit"


@pytest.fixture
def log(people: Ns, payments: Any, sequenced: Callable, offer: Callable, now: Any) -> Ns:
    """Two entries of the payments team, one of the organisation's scope, one of the whole organisation; all sealed."""
    from governance.access import selectors as access

    root = access.root().pk
    made = Ns(
        asked=offer("promotion.requested", "promotion:1", by=people.ann.actor, scope_id=payments.pk),
        decided=offer(
            "promotion.decided", "promotion:1", by=people.olga.actor, scope_id=payments.pk, private={"reason": "sound"}
        ),
        granted=offer("access.granted", "grant:1", by=people.adam.actor, scope_id=root),
        denied=offer("log.read", "audit:log", by=people.eve.actor, outcome="denied"),
        payments=payments,
    )
    sequence.run_once(now)
    return made


@pytest.fixture
def team_auditor(person: Callable, payments: Any) -> Any:
    """Audits the payments team alone."""
    return person("Paul", "auditor", payments)


def get(who: Any, path: str, **query: Any) -> Any:
    return who.api.get(ROOT + path, query)


def actions(who: Any, **query: Any) -> list[str]:
    """What they read, beside the entries about reading it."""
    found = [each["action"] for each in get(who, "/entries", **query).json()["results"]]
    return [each for each in found if each != "audit.read"]


def test_an_auditor_of_the_organisation_reads_everything(people: Ns, log: Ns) -> None:
    assert actions(people.vera) == ["log.read", "access.granted", "promotion.decided", "promotion.requested"]


def test_others_read_the_entries_of_the_scopes_they_audit(team_auditor: Any, log: Ns) -> None:
    assert actions(team_auditor) == ["promotion.decided", "promotion.requested"]
    assert get(team_auditor, "/entries/0").status_code == 200
    assert get(team_auditor, "/entries/1/proof").status_code == 200
    for path in ("/entries/2", "/entries/2/proof", "/entries/2/leaf", "/entries/3", "/entries/99"):
        assert get(team_auditor, path).status_code == 404


def test_who_may_not_audit_reads_no_entry(people: Ns, log: Ns) -> None:
    for who in (people.ann, people.eve, people.adam):
        assert actions(who) == []
        assert get(who, "/entries/0").status_code == 404


def test_an_entry_tells_its_bytes_its_place_and_its_state(people: Ns, log: Ns) -> None:
    said = get(people.vera, "/entries/1").json()
    leaf = Leaf.objects.get(seq=1)
    assert said["leaf"].encode() == bytes(leaf.body)
    assert said["leaf_hash"] == bytes(leaf.hash).hex()
    assert (said["seq"], said["state"], said["action"]) == (1, "published", "promotion.decided")
    assert (said["scope"], said["subjects"]) == (str(log.payments.pk), ["promotion:1"])
    assert get(people.vera, "/entries/1/leaf").content == bytes(leaf.body)


def test_openings_are_for_those_who_may_read_personal_values(people: Ns, log: Ns, person: Callable) -> None:
    from audit.leaf import commitment

    (opening,) = get(people.vera, "/entries/1").json()["openings"]
    said = get(people.vera, "/entries/1").json()["private"]
    assert opening["value"] == "sound"
    assert said[opening["field"]] == commitment(bytes.fromhex(opening["salt"]), "sound")
    assert get(people.vera, "/entries").json()["results"][2]["openings"] == []


def test_an_entry_without_a_number_is_shown_as_offered(people: Ns, log: Ns, offer: Callable) -> None:
    offer("thing.waits", "promotion:1")
    first = get(people.vera, "/entries").json()["results"][0]
    assert (first["action"], first["state"], first["seq"], first["leaf"]) == ("thing.waits", "offered", None, "")
    assert actions(people.vera, subject="promotion:1")[0] == "thing.waits"


def test_entries_are_filtered(people: Ns, log: Ns, now: Any) -> None:
    vera = people.vera
    assert actions(vera, actor=str(people.ann.id)) == ["promotion.requested"]
    assert actions(vera, actor="olga@") == ["promotion.decided"]
    assert actions(vera, actor="Nobody") == []
    assert actions(vera, action="promotion.") == ["promotion.decided", "promotion.requested"]
    assert actions(vera, subject="grant:1") == ["access.granted"]
    assert actions(vera, subject="grant:") == []
    assert actions(vera, outcome="denied") == ["log.read"]
    assert len(actions(vera, since=now.date().isoformat(), until=now.date().isoformat())) == 4
    assert actions(vera, until="2020-01-01") == []
    assert actions(vera, since="2999-01-01T00:00:00Z") == []
    assert actions(vera, action="promotion.", subject="promotion:1", actor="Ann") == ["promotion.requested"]


@pytest.mark.parametrize(
    "query",
    [
        {"outcome": "perhaps"}, {"since": "yesterday"}, {"until": "2026-13-45"}, {"since": "2026-13-45T99:00:00"},
        {"subject": "a\x00b"}, {"action": "x" * 301}, {"limit": "0"}, {"cursor": "nonsense"},
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_understood_is_refused(query: dict, people: Ns, log: Ns) -> None:
    answer = (
        get(people.vera, "/entries", **query)
        if "\ud800" not in str(query)
        else people.vera.api.get(f"{ROOT}/entries?since=%ED%A0%80")
    )
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_pages_go_back_in_time_without_gaps(people: Ns, log: Ns, offer: Callable) -> None:
    for each in range(7):
        offer("thing.happened", f"model:{each}")
    there = list(Entry.objects.order_by("-pk").values_list("pk", flat=True))
    seen, cursor = [], None
    while True:
        answer = get(people.vera, "/entries", limit=3, **({"cursor": cursor} if cursor else {})).json()
        seen += [each["id"] for each in answer["results"]]
        cursor = answer["next"]
        if not cursor:
            break
    assert seen == there


def test_the_checkpoint_verifies_under_the_key(people: Ns, log: Ns) -> None:
    vkey = read_vkey(get(people.ann, "/key").content.decode())
    answer = get(people.ann, "/checkpoint")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert verify(answer.content.decode(), vkey).size == 4


def test_a_proof_over_rest_holds(people: Ns, log: Ns) -> None:
    answer = get(people.vera, "/entries/2/proof")
    leaf = get(people.vera, "/entries/2/leaf").content
    assert proof.holds(answer.content.decode(), leaf, keys.verifier())
    assert "2.tlog-proof" in answer.headers["Content-Disposition"]


def test_an_entry_has_no_proof_before_its_checkpoint(people: Ns, log: Ns, offer: Callable) -> None:
    offer()
    sequence._number(keys.verifier())
    assert get(people.vera, "/entries/4").json()["state"] == "sequenced"
    answer = get(people.vera, "/entries/4/proof")
    assert (answer.status_code, answer.json()["code"]) == (503, "audit.not_published")


def test_consistency_over_rest_holds(people: Ns, log: Ns, sequenced: Callable) -> None:
    sequenced(9)
    said = get(people.ann, "/consistency", **{"from": 4, "to": 13}).json()
    roots = [bytes(Checkpoint.objects.get(size=size).root) for size in (4, 13)]
    assert consistent(said["from"], said["to"], [b64decode(each) for each in said["proof"]], *roots)


@pytest.mark.parametrize(
    ("old", "new"), [("0", "4"), ("3", "2"), ("1", "5"), ("", "4"), ("-1", "4"), ("x", "4"), ("9" * 30, "4")]
)
def test_sizes_that_make_no_sense_are_refused(old: str, new: str, people: Ns, log: Ns) -> None:
    answer = get(people.vera, "/consistency", **{"from": old, "to": new})
    assert (answer.status_code, answer.json()["code"]) == (422, "audit.bad_sizes")


def test_tiles_are_those_of_the_published_log(people: Ns, log: Ns) -> None:
    hashes = get(people.ann, "/tile/0/000.p/4").content
    assert root_of([hashes[at : at + 32] for at in range(0, 128, 32)]) == bytes(selectors.latest().root)
    assert get(people.vera, "/tile/entries/000.p/4").content.startswith(
        len(bytes(Leaf.objects.get(seq=0).body)).to_bytes(2)
    )
    assert get(people.vera, "/tile/0/000.p/5").status_code == 404
    assert get(people.vera, "/tile/0/000").status_code == 404
    assert get(people.vera, "/tile/0/0").status_code == 422


def test_tiles_of_entries_are_for_auditors_of_the_whole_organisation(people: Ns, team_auditor: Any, log: Ns) -> None:
    for who in (people.ann, people.adam, team_auditor):
        assert get(who, "/tile/entries/000.p/4").status_code == 403


def test_strangers_learn_nothing(people: Ns, log: Ns, client: Any) -> None:
    for path in ("/checkpoint", "/key", "/verify.py", "/tile/0/000.p/4", "/consistency?from=1&to=2", "/protections"):
        assert people.eve.api.get(ROOT + path).status_code == 404
        assert client.get(ROOT + path).status_code == 401


def test_the_export_is_recorded_before_it_is_sent_and_verifies(people: Ns, log: Ns, tmp_path: Path) -> None:
    answer = get(people.vera, "/export")
    entry = Entry.objects.latest("pk")
    assert (entry.action, entry.actor_id) == ("audit.exported", people.vera.id)
    assert json.loads(bytes(entry.body))["about"] == {
        "size": 4, "root": bytes(selectors.latest().root).hex(), "before": None,
    }  # fmt: skip
    assert "attestry-audit-4.tar" in answer.headers["Content-Disposition"]
    with tarfile.open(fileobj=io.BytesIO(answer.getvalue())) as tar:
        unpack(tar, tmp_path)
    report = offline.check(tmp_path / "attestry-audit-4", str(keys.verifier()))
    assert (report.faults, report.size) == ([], 4)


def test_an_export_with_openings_holds_personal_values_and_says_so_in_the_log(
    people: Ns, log: Ns, tmp_path: Path
) -> None:
    answer = get(people.vera, "/export", openings=1)
    about = json.loads(bytes(Entry.objects.latest("pk").body))["about"]
    assert (about["openings"], about["size"]) == (True, 4)
    with tarfile.open(fileobj=io.BytesIO(answer.getvalue())) as tar:
        unpack(tar, tmp_path)
    folder, key = tmp_path / "attestry-audit-4", str(keys.verifier())
    (opened,) = [json.loads(each) for each in (folder / "openings.jsonl").read_text().splitlines()]
    assert (opened["seq"], opened["field"], opened["value"]) == (1, "reason", "sound")
    report = offline.check(folder, key)
    assert (report.faults, report.notes) == ([], ["1 personal values are the ones recorded"])
    forged = (folder / "openings.jsonl").read_text().replace("sound", "wrong")
    (folder / "openings.jsonl").write_text(forged)
    sums = (folder / "SHA256SUMS").read_text().split("\n")
    digest = hashlib.sha256(forged.encode()).hexdigest()
    changed = [f"{digest}  openings.jsonl" if each.endswith("openings.jsonl") else each for each in sums]
    (folder / "SHA256SUMS").write_text("\n".join(changed))
    assert str(offline.check(folder, key).faults[0]) == (
        "BAD entry 1: the value given for 'reason' is not the one recorded"
    )


def test_openings_leave_only_with_who_may_read_personal_values(
    people: Ns, log: Ns, person: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audit import services

    real = services.require

    def no_personal_values(actor: Any, action: str, row: Any) -> None:
        if action == "read_pii":
            raise Forbidden("access.not_allowed", action=action)
        real(actor, action, row)

    monkeypatch.setattr(services, "require", no_personal_values)
    before = Entry.objects.filter(action="audit.exported").count()
    assert get(people.vera, "/export", openings=1).status_code == 403
    assert get(people.vera, "/export", openings="yes").status_code == 400
    assert Entry.objects.filter(action="audit.exported").count() == before
    redacted = get(people.vera, "/export")
    assert b"openings.jsonl\0" not in redacted.getvalue()


def test_the_next_export_must_extend_the_one_before(
    people: Ns, log: Ns, now: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(people.vera, "/export").getvalue()
    sequence.run_once(now)
    assert get(people.vera, "/export").status_code == 200
    real = selectors.last_export
    monkeypatch.setattr(selectors, "last_export", lambda: selectors.Export(2, bytes(32), real().at))
    before = Entry.objects.count()
    answer = get(people.vera, "/export")
    assert (answer.status_code, answer.json()["code"]) == (503, "audit.beside_exported")
    assert Entry.objects.count() == before


def test_only_who_may_export_the_organisation_takes_the_log(people: Ns, team_auditor: Any, log: Ns) -> None:
    for who in (people.ann, people.adam, people.eve, team_auditor):
        assert get(who, "/export").status_code == 403
    assert not Entry.objects.filter(action="audit.exported").exists()


def test_the_export_is_not_triggered_by_looking(people: Ns, log: Ns) -> None:
    assert people.vera.api.head(ROOT + "/export").status_code == 405
    assert people.vera.client.get("/audit/export").status_code == 405


def test_an_empty_log_says_so(people: Ns, data_dir: Path) -> None:
    for path in ("/checkpoint", "/export"):
        answer = get(people.vera, path)
        assert (answer.status_code, answer.json()["code"]) == (503, "audit.nothing_published")


def test_protections_are_told_as_they_are(people: Ns, log: Ns, data_dir: Path) -> None:
    def active() -> set[str]:
        return {each["code"] for each in get(people.vera, "/protections").json() if each["active"]}

    assert active() - {"authorizer"} == {"guards", "signed", "memory", "key_file", "prompt"}
    get(people.vera, "/export").getvalue()
    assert "exports" in active()
    (data_dir / "audit.key").chmod(0o644)
    assert "key_file" not in active()
    (data_dir / "audit-signed.json").write_text("{")
    assert not active() & {"memory", "signed"}
    triggers.lift(connection)
    assert "guards" not in active()


def test_a_tile_may_be_kept_for_good_and_a_checkpoint_never(people: Ns, log: Ns) -> None:
    tile = get(people.ann, "/tile/0/000.p/4")
    assert tile["Content-Type"] == "application/octet-stream"
    assert tile["Cache-Control"] == "private, max-age=31536000, immutable"
    assert tile["ETag"] == f'"{hashlib.sha256(tile.content).hexdigest()}"'
    again = people.ann.api.get("/api/v1/audit/tile/0/000.p/4", headers={"if-none-match": tile["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tile["ETag"])
    checkpoint = get(people.ann, "/checkpoint")
    assert (checkpoint["Content-Type"], checkpoint["Cache-Control"]) == ("text/plain; charset=utf-8", "no-store")


def test_both_verifier_keys_are_told_and_the_witnessed_checkpoint_once_there_is_one(
    people: Ns, log: Ns, now: datetime
) -> None:
    first, second = map(read_vkey, get(people.ann, "/keys").content.decode().splitlines())
    assert get(people.ann, "/key").content.decode() == f"{first}\n"
    assert verify(get(people.ann, "/checkpoint").content.decode(), second).size == 4
    assert get(people.ann, "/checkpoint/witnessed").status_code == 404
    Cosignature.objects.create(size=4, witness="w", vkey="w", line="\u2014 w AAAA\n", signed_at=now, at=now)
    told = get(people.ann, "/checkpoint/witnessed").content.decode()
    assert told.endswith("\u2014 w AAAA\n")
    assert get(people.ann, "/checkpoint").content.decode() == told
    assert get(people.eve, "/checkpoint/witnessed").status_code == 404
    assert get(people.eve, "/keys").status_code == 404


def test_every_change_of_keys_is_told_with_a_proof_under_the_old_and_the_new(
    people: Ns, log: Ns, now: datetime
) -> None:
    old = keys.verifier()
    assert get(people.ann, "/keys/changes").json() == {"results": [], "next": None}
    new = rotation.rotate(now)
    (change,) = get(people.ann, "/keys/changes").json()["results"]
    for each in (old, new):
        assert proof.holds(change["proof"], change["entry"].encode(), each)
    assert json.loads(change["entry"])["entry"]["about"]["keys"][0] == str(new)
    assert get(people.eve, "/keys/changes").status_code == 404
