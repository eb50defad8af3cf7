"""Somebody's name and what was said about them goes for good, and every proof still holds."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from audit import export, keys, proof, sequence, verify
from audit import selectors as log
from audit.actor import Actor, Conflict, Forbidden, Invalid, NotSeen, operator
from audit.models import Entry, Leaf, Opening
from audit.offline import verify as offline
from audit.retention import services as keeping
from audit.retention.services import Held
from governance.privacy import rules, selectors, services
from tests.audit.conftest import data_dir, offer
from tests.audit.made import unpack
from tests.conftest import PASSWORD

__all__ = ["data_dir", "offer"]
pytestmark = pytest.mark.django_db(transaction=True)
NAME, FORMER, MAIL = "Zephyrine Quagmire", "Zephyrine Maiden", "zq-canary@example.org"
ELSEWHERE = "zq-elsewhere@example.net"


def everything() -> str:
    """Every value of every row of every table, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                for value in row:
                    found.append(
                        bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)
                    )
    return "\n".join(found).casefold()


@pytest.fixture
def zed(people: Any, data_dir: Path, now: datetime) -> Any:
    """Somebody who came by every door, was renamed, signed in, was talked about, and has a token."""
    from governance.access.models import User

    adam = people.adam.api
    given = {"name": FORMER, "email": MAIL}
    made = adam.post("/api/v1/people", given, "application/json", headers={"Idempotency-Key": "zed"})
    assert made.status_code == 201
    pk = made.json()["id"]
    assert adam.patch(f"/api/v1/people/{pk}", {"name": NAME}, "application/json").status_code == 200
    grant = {"principal": pk, "role": "viewer", "scope": str(people.ann.user.pk), "reason": f"{NAME} needs it"}
    from governance.access import selectors as access

    grant["scope"] = str(access.root().pk)
    assert adam.post("/api/v1/grants", grant, "application/json").status_code == 201
    identity = {"name": f"Z <{ELSEWHERE}>", "person": pk}
    assert adam.post("/api/v1/identities", identity, "application/json").status_code == 201
    people.ann.client.post("/account/login", {"login": MAIL.upper(), "password": "wrong wrong wrong"})
    user = User.objects.get(pk=pk)
    user.set_password(PASSWORD)
    user.save()
    from tests.conftest import Person

    person = Person(user)
    assert person.client.get("/account").status_code == 200
    person.client.post("/account/tokens", {"name": f"laptop of {NAME}", "days": 5})
    shut = {"reason": f"ask {MAIL} first, or {FORMER.upper()}"}
    people.adam.client.post(f"/access/people/{people.eve.id}/deactivate", shut)
    sequence.run_once(now)
    return person


def asked(people: Any, subject: str, now: datetime) -> Any:
    return services.ask(actor=people.olga.actor, subject=subject, reason=f"{NAME} asked us to", now=now)


def erased(people: Any, subject: str, now: datetime) -> services.Erased:
    done = services.erase(actor=people.omar.actor, request_id=asked(people, subject, now).pk, now=now)
    sequence.run_once(now)
    return done


def test_the_canary_is_everywhere_before(zed: Any) -> None:
    found = everything()
    assert all(each.casefold() in found for each in (NAME, FORMER, MAIL, ELSEWHERE))


@pytest.mark.parametrize("by", ["id", "mail", "subject"])
def test_nothing_that_names_the_person_is_left_in_the_database(zed: Any, people: Any, now: datetime, by: str) -> None:
    subject = {"id": str(zed.id), "mail": MAIL.upper(), "subject": f"person:{zed.id}"}[by]
    done = erased(people, subject, now)
    found = everything()
    assert [each for each in (NAME, FORMER, MAIL, ELSEWHERE) if each.casefold() in found] == []
    assert set(done.names) == {NAME, FORMER, MAIL, ELSEWHERE, f"Z <{ELSEWHERE}>"}
    assert selectors.remains(done.names) == []
    assert done.openings >= 7


def test_proofs_and_exports_from_before_and_after_verify(zed: Any, people: Any, now: datetime, tmp_path: Path) -> None:
    export.write(tmp_path / "before", log.latest())
    proofs = {leaf.seq: (bytes(leaf.body), log.proof_of(leaf.seq)) for leaf in Leaf.objects.all()}
    erased(people, MAIL, now)
    export.write(tmp_path / "after", log.latest())
    for seq, (body, kept) in proofs.items():
        assert bytes(Leaf.objects.get(pk=seq).body) == body
        for found in (kept, log.proof_of(seq)):
            assert proof.holds(proof.write(seq, found.hashes, found.checkpoint), body, keys.verifier())
    for each in ("before", "after"):
        assert offline.check(tmp_path / each, str(keys.verifier())).faults == []
    assert verify.database().faults == []


def test_the_person_stays_as_a_pseudonym_and_is_shut_out(zed: Any, people: Any, now: datetime) -> None:
    from governance.access.models import Session, SigninLink, Token, User

    client = zed.client
    assert client.get("/account").status_code == 200
    erased(people, MAIL, now)
    user = User.objects.get(pk=zed.id)
    assert (user.name, user.email, user.is_active) == (rules.ERASED, f"{zed.id}@erased.invalid", False)
    assert not user.has_usable_password()
    assert client.get("/account").status_code == 302
    assert not Session.objects.filter(user=user).exists()
    assert not SigninLink.objects.filter(user=user).exists()
    assert not Token.objects.filter(user=user, revoked_at=None).exists()
    back = people.adam.client.post(f"/access/people/{zed.id}/reactivate", {"reason": "again"})
    assert back.status_code == 422
    assert User.objects.get(pk=zed.id).is_active is False


def test_each_step_is_an_entry_without_a_name(zed: Any, people: Any, now: datetime) -> None:
    done = erased(people, MAIL, now)
    said = [json.loads(bytes(each.body)) for each in Entry.objects.filter(action__startswith="privacy.").order_by("pk")]
    assert [each["action"] for each in said] == ["privacy.erasure_asked", "privacy.erased"]
    assert all(each["subjects"] == [f"person:{zed.id}"] for each in said)
    assert said[1]["about"]["values"] == done.openings
    assert said[1]["about"]["asked_by"] == str(people.olga.id)
    assert said[1]["actor"]["id"] == str(people.omar.id)


def test_what_was_said_about_something_else_goes_by_its_subject(
    zed: Any, people: Any, offer: Callable, now: datetime
) -> None:
    offer("promotion.decided", "promotion:7", private={"reason": "a word about seven"})
    offer("promotion.decided", "promotion:8", private={"reason": "a word about eight"})
    sequence.run_once(now)
    assert erased(people, "promotion:7", now).openings == 2
    left = set(Opening.objects.values_list("value", flat=True))
    assert "a word about eight" in left
    assert "a word about seven" not in left


def test_an_entry_that_waits_for_its_number_is_found_too(zed: Any, people: Any, offer: Callable, now: datetime) -> None:
    offer("promotion.decided", "promotion:9", private={"reason": f"{NAME.lower()} said so"})
    erased(people, MAIL, now)
    assert NAME.casefold() not in everything()


def test_free_text_that_cannot_be_judged_is_named(zed: Any, people: Any, now: datetime) -> None:
    from governance.access.models import Group

    Group.objects.create(name=f"Friends of {NAME}")
    done = erased(people, MAIL, now)
    assert [(each.table, each.column, each.rows) for each in selectors.remains(done.names)] == [
        ("governance_group", "name", 1)
    ]


class TestItTakesTwoPeople:
    def test_whoever_asked_cannot_confirm(self, zed: Any, people: Any, now: datetime) -> None:
        wanted = asked(people, MAIL, now)
        with pytest.raises(Forbidden) as refusal:
            services.erase(actor=people.olga.actor, request_id=wanted.pk, now=now)
        assert refusal.value.code == "retention.same_person"
        assert NAME.casefold() in everything()

    def test_nor_can_the_operator_be_both(self, zed: Any, founded: Any, now: datetime) -> None:
        wanted = services.ask(actor=operator(), subject=MAIL, reason="asked by letter", now=now)
        with pytest.raises(Forbidden):
            services.erase(actor=operator(), request_id=wanted.pk, now=now)

    def test_nor_a_machine_of_whoever_asked(self, zed: Any, people: Any, now: datetime) -> None:
        wanted = asked(people, MAIL, now)
        machine = Actor(people.adam.id, "person", "token", on_behalf_of=people.olga.id)
        with pytest.raises(Forbidden):
            services.erase(actor=machine, request_id=wanted.pk, now=now)

    def test_nor_the_person_themselves(self, people: Any, data_dir: Path, now: datetime) -> None:
        wanted = services.ask(actor=people.adam.actor, subject=str(people.omar.id), reason="asked", now=now)
        with pytest.raises(Forbidden) as refusal:
            services.erase(actor=people.omar.actor, request_id=wanted.pk, now=now)
        assert refusal.value.code == "privacy.oneself"

    @pytest.mark.parametrize("who", ["ann", "vera"])
    def test_others_can_neither_ask_nor_confirm(self, zed: Any, people: Any, now: datetime, who: str) -> None:
        wanted = asked(people, MAIL, now)
        with pytest.raises((Forbidden, NotSeen)):
            services.ask(actor=getattr(people, who).actor, subject=str(people.adam.id), reason="x", now=now)
        with pytest.raises(Forbidden):
            services.erase(actor=getattr(people, who).actor, request_id=wanted.pk, now=now)

    def test_once_is_enough(self, zed: Any, people: Any, now: datetime) -> None:
        wanted = asked(people, MAIL, now)
        with pytest.raises(Conflict):
            asked(people, str(zed.id), now)
        services.erase(actor=people.omar.actor, request_id=wanted.pk, now=now)
        with pytest.raises(Conflict):
            services.erase(actor=people.omar.actor, request_id=wanted.pk, now=now)

    def test_what_was_declined_cannot_be_confirmed(self, zed: Any, people: Any, now: datetime) -> None:
        wanted = asked(people, MAIL, now)
        keeping.decline(actor=people.olga.actor, request_id=wanted.pk, now=now)
        with pytest.raises(Conflict):
            services.erase(actor=people.omar.actor, request_id=wanted.pk, now=now)


HOLDS: dict[str, Callable[[Any, datetime], Held]] = {
    "the person": lambda zed, now: Held(actor_id=zed.id),
    "a subject": lambda zed, now: Held(subject=f"person:{zed.id}"),
    "a time": lambda zed, now: Held(since=now - timedelta(days=1)),
}


@pytest.mark.parametrize("kind", HOLDS)
@pytest.mark.parametrize("when", ["before asking", "before confirming"])
def test_a_hold_keeps_it_and_says_which(zed: Any, people: Any, now: datetime, kind: str, when: str) -> None:
    hold = {"actor": people.adam.actor, "held": HOLDS[kind](zed, now), "reason": "a court asks", "now": now}
    if when == "before asking":
        number = keeping.set_hold(**hold).pk
        with pytest.raises(Invalid) as refusal:
            asked(people, MAIL, now)
    else:
        wanted = asked(people, MAIL, now)
        number = keeping.set_hold(**hold).pk
        with pytest.raises(Invalid) as refusal:
            services.erase(actor=people.omar.actor, request_id=wanted.pk, now=now)
    assert (refusal.value.code, refusal.value.params) == ("retention.held", {"holds": str(number)})
    assert NAME.casefold() in everything()


def test_the_last_administrator_and_attestry_itself_stay(people: Any, data_dir: Path, now: datetime) -> None:
    from audit.actor import SYSTEM_ID

    with pytest.raises(Invalid) as refusal:
        asked(people, str(people.adam.id), now)
    assert refusal.value.code == "access.last_admin"
    with pytest.raises(NotSeen):
        asked(people, str(SYSTEM_ID), now)
    for nothing in ("nobody@example.org", "promotion:none", "no subject", ""):
        with pytest.raises(NotSeen):
            asked(people, nothing, now)


def test_everything_is_undone_when_the_entry_cannot_be_written(
    zed: Any, people: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, before = asked(people, MAIL, now), Opening.objects.count()

    def broken(**_: Any) -> None:
        raise RuntimeError("the log is away")

    monkeypatch.setattr(services.log, "append", broken)
    with pytest.raises(RuntimeError):
        services.erase(actor=people.omar.actor, request_id=wanted.pk, now=now)
    assert Opening.objects.count() == before
    assert NAME.casefold() in everything()


@pytest.mark.parametrize(
    ("text", "value", "named"),
    [
        ("Will", "will", True),
        ("he will do it", "Will", False),
        ("ask Ada Lovelace!", "ada lovelace", True),
        ("Ada Lovelaces", "ada lovelace", False),
        ("<a@b.org>", "A@b.org", True),
        ("xa@b.org", "a@b.org", False),
        ("a@b.org.uk", "a@b.org", False),
    ],
)
def test_a_text_names_somebody(text: str, value: str, *, named: bool) -> None:
    assert rules.named_by(text, value) is named


def test_what_anybody_takes_away_is_redacted_and_verifies(zed: Any, people: Any, tmp_path: Path) -> None:
    import io
    import tarfile

    answer = people.olga.api.get("/api/v1/audit/export")
    data = b"".join(answer.streaming_content)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        unpack(archive, tmp_path)
    (folder,) = tmp_path.glob("attestry-audit-*")
    assert offline.check(folder, str(keys.verifier())).faults == []
    whole = b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file()).lower()
    assert [each for each in (NAME, FORMER, MAIL, ELSEWHERE) if each.lower().encode() in whole] == []
