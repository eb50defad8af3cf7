"""Witnesses are shown the newest checkpoint, and what they say is kept beside it and goes along with an export."""

from collections.abc import Callable, Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from audit import keys, outside, sequence, witness
from audit.checkpoint import signed_at
from audit.models import Checkpoint, Cosignature, Entry
from audit.refusals import Invalid
from jobs import tasks
from jobs.models import Job
from tests.audit.outsiders import SpecWitness, serving


def said(size: int, name: str, now: datetime) -> None:
    Cosignature.objects.create(
        size=size, witness=name, vkey=f"{name}+key", line=f"— {name} AAAA\n", signed_at=now, at=now
    )


@pytest.fixture
def there(data_dir: Any, now: datetime, settings: Any) -> Iterator[SimpleNamespace]:
    """A witness that knows this log, named in the settings."""
    them = SpecWitness([keys.verifier()], time=int(now.timestamp()))
    with serving(them) as url:
        settings.AUDIT_WITNESSES = [f"{url}/w", str(them.vkey)]
        yield SimpleNamespace(them=them, url=url, ask=lambda: witness.ask(witness.named()[0], now))


def complaints() -> list[str]:
    found = Entry.objects.filter(action="audit.witness_refused").order_by("pk")
    return [bytes(each.body).decode().partition('"why":"')[2].partition('"')[0] for each in found]


def test_a_witness_cosigns_what_extends_what_it_saw(there: Any, sequenced: Callable, now: datetime) -> None:
    for more, size in ((3, 3), (5, 8), (300, 308)):
        sequenced(more)
        assert there.ask() == ""
        assert there.them.latest["portal.example/audit"][0] == size
        assert signed_at(witness.cosigned(size), there.them.vkey) == int(now.timestamp())
    assert [body.split(b"\n")[0] for body in there.them.asked] == [b"old 0", b"old 3", b"old 8"]
    assert witness.newest().witness == "witness.example/w1"


def test_it_is_not_asked_twice_about_one_size(there: Any, sequenced: Callable) -> None:
    sequenced(3)
    there.ask()
    there.ask()
    assert len(there.them.asked) == 1


def test_a_witness_that_remembers_another_size_is_shown_the_proof_from_there(there: Any, sequenced: Callable) -> None:
    sequenced(5)
    there.ask()
    there.them.latest["portal.example/audit"] = (0, b"")
    sequenced(4)
    assert there.ask() == ""
    assert [body.split(b"\n")[0] for body in there.them.asked] == [b"old 0", b"old 5", b"old 0"]


def test_a_log_that_was_rewritten_is_not_cosigned_and_that_is_recorded_once(
    there: Any, sequenced: Callable, now: datetime
) -> None:
    sequenced(5)
    there.them.latest["portal.example/audit"] = (3, bytes(32))
    assert "does not extend" in there.ask()
    assert "does not extend" in there.ask()
    assert complaints() == ["the log does not extend what it saw before"]
    assert not Cosignature.objects.exists()
    there.them.latest["portal.example/audit"] = (99, bytes(32))
    assert "more of this log" in there.ask()
    sequence.run_once(now)
    assert len(complaints()) == 2


@pytest.mark.parametrize(
    ("status", "why"),
    [(400, "cannot read"), (403, "log's key"), (404, "know this log"), (409, "another log"), (422, "not extend"),
     (500, "status 500")],
)  # fmt: skip
def test_every_refusal_of_the_specification_has_its_meaning(
    status: int, why: str, data_dir: Any, sequenced: Callable, now: datetime
) -> None:
    sequenced(2)
    vkey = SpecWitness([]).vkey
    with serving(lambda *_: (status, "text/plain", b"")) as url:
        assert why in witness.ask(witness.Witness(url, vkey), now)
    assert len(complaints()) == 1


@pytest.mark.parametrize("change", ["key", "time", "nothing said"])
def test_an_answer_counts_only_under_the_witness_own_key_and_a_time_that_has_come(
    change: str, there: Any, sequenced: Callable, now: datetime
) -> None:
    sequenced(2)
    asked = witness.named()[0]
    if change == "key":
        asked = witness.Witness(asked.url, SpecWitness([]).vkey)
    if change == "time":
        there.them.time += 3600
    if change == "nothing said":
        with serving(lambda *_: (200, "text/plain", "\u2014 x y\n".encode())) as url:
            assert witness.ask(witness.Witness(url, asked.vkey), now)
    else:
        assert witness.ask(asked, now)
    assert not Cosignature.objects.exists()


def test_the_errand_asks_everybody_though_one_is_away(there: Any, sequenced: Callable, settings: Any) -> None:
    from django.db import transaction

    from audit import tasks as ours
    from jobs import records

    sequenced(4)
    away = SpecWitness([], name="away.example")
    settings.AUDIT_WITNESSES = ["http://127.0.0.1:9", str(away.vkey), *settings.AUDIT_WITNESSES]
    assert ours.clock()
    with transaction.atomic():
        job = records.enqueue("audit.witness")
    tasks.perform(str(job.pk))
    assert Job.objects.get(pk=job.pk).words == "No answer from away.example."
    assert [each.witness for each in Cosignature.objects.all()] == ["witness.example/w1"]


def test_without_witnesses_nobody_is_asked(settings: Any) -> None:
    from audit import tasks as ours

    settings.AUDIT_WITNESSES = []
    assert "audit.witness" not in ours.clock()
    settings.AUDIT_WITNESSES = ["http://only-an-address"]
    with pytest.raises(Invalid):
        witness.named()


def test_a_redirect_is_not_followed() -> None:
    with serving(lambda *_: (302, "text/plain", b"")) as url:
        assert outside.post(url, b"", "text/plain").status == 302


def test_a_checkpoint_is_told_with_the_lines_of_its_witnesses(sequenced: Callable, now: datetime) -> None:
    sequenced(3)
    note = Checkpoint.objects.get(pk=3).note
    said(3, "witness.example/b", now)
    said(3, "witness.example/a", now)
    assert witness.cosigned(3) == note + "— witness.example/a AAAA\n— witness.example/b AAAA\n"
    assert witness.cosigned(2) == ""


def test_an_export_gets_the_newest_of_each_witness_and_nothing_beyond_its_size(
    sequenced: Callable, now: datetime
) -> None:
    for count in (3, 2, 4):
        sequenced(count)
        said(Checkpoint.objects.order_by("-size")[0].size, "witness.example/a", now)
    said(3, "b.example", now)
    files = dict(witness.files(5))
    assert sorted(files) == ["witness/b.example", "witness/witness.example_a"]
    assert files["witness/witness.example_a"] == witness.cosigned(5).encode()
    assert files["witness/b.example"] == witness.cosigned(3).encode()
