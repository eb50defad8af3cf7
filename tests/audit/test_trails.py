"""A trail proves that nothing about its subject was left out, to whoever has the log's key and nothing else."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace as Ns
from typing import Any

import pytest

from audit import export, keys, selectors, sequence, services, tasks, trails
from audit.actor import system
from audit.models import Entry, Trail
from audit.offline import verify as offline

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("people")]
ROOT = "/api/v1/audit/subjects/"


@pytest.fixture
def pin(now: datetime) -> Callable[[], None]:
    """Pin the ends of all subjects, as the daily errand does, and seal that."""

    def pin() -> None:
        services.pin_ends(actor=system(), size=trails.due(), now=now)
        sequence.run_once(now)

    return pin


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., offline.Report]:
    """Check a trail as an auditor would, from a file."""

    def check(told: dict[str, Any], subject: str = "model:1") -> offline.Report:
        path = tmp_path / "trail.json"
        path.write_text(json.dumps(told))
        return offline.check_trail(path, subject, [str(keys.verifier())])

    return check


def trail(subject: str = "model:1") -> dict[str, Any]:
    return trails.trail(system(), subject, selectors.latest())


def test_a_trail_is_whole_up_to_where_the_log_pinned_its_end(
    sequenced: Callable, pin: Callable, check: Callable
) -> None:
    sequenced(30)
    pin()
    found = check(trail())
    assert found.faults == []
    assert found.trail == list(range(1, 30, 3))
    assert "10 entries about model:1 up to size 30, none left out" in found.notes


def test_what_came_after_the_pinned_end_is_told_apart(sequenced: Callable, pin: Callable, check: Callable) -> None:
    sequenced(30)
    pin()
    sequenced(6)
    found = check(trail())
    assert found.faults == []
    assert "2 newer ones, whose end is not pinned yet" in found.notes


def test_a_trail_whose_end_nothing_pins_is_not_taken_for_whole(sequenced: Callable, check: Callable) -> None:
    sequenced(6)
    assert "no entry pins its end yet" in str(check(trail()).faults[0])


@pytest.mark.parametrize("place", [0, 4, 9])
def test_an_entry_left_out_is_noticed(sequenced: Callable, pin: Callable, check: Callable, place: int) -> None:
    sequenced(30)
    pin()
    told = trail()
    del told["results"][place]
    faults = check(told).faults
    assert faults
    assert "left out" in str(faults[0])


def test_a_forged_end_is_noticed(sequenced: Callable, pin: Callable, check: Callable) -> None:
    sequenced(30)
    pin()
    told = trail()
    about = json.loads(told["head"]["leaf"])["entry"]["about"]
    told["head"]["leaf"] = told["head"]["leaf"].replace(about["root"], "0" * 64)
    assert "the proof does not lead from these bytes" in str(check(told).faults[0])
    other = trail()
    other["head"]["index"] = (other["head"]["index"] + 1) % 3
    assert "something was left out" in str(check(other).faults[0])


def test_an_entry_that_pins_nothing_cannot_stand_for_one_that_does(
    sequenced: Callable, pin: Callable, check: Callable
) -> None:
    sequenced(30)
    pin()
    told = trail()
    told["head"] = told["head"] | told["results"][-1]
    assert check(told).faults


def test_a_pruned_entry_is_told_and_keeps_the_place_of_the_others(
    sequenced: Callable, pin: Callable, check: Callable
) -> None:
    sequenced(30)
    pin()
    told = trail()
    data = told["results"][4]["leaf"].encode()
    told["results"][4] |= {"leaf": "", "hash": offline.sha256(b"\0" + data).hexdigest()}
    found = check(told)
    assert found.faults == []
    assert "of these there is only the hash, as of pruned ones: [13]" in found.notes
    told["results"][4]["hash"] = "0" * 64
    assert check(told).faults[0].entry == 13
    del told["results"][4]
    assert check(told).faults[0].entry == 16


def test_the_export_lists_the_same_entries(sequenced: Callable, pin: Callable, tmp_path: Path) -> None:
    sequenced(300)
    pin()
    sequenced(7)
    pin()
    export.write(tmp_path / "export", selectors.latest())
    found = offline.check(tmp_path / "export", str(keys.verifier()), (), "model:1")
    assert found.faults == []
    assert found.trail == list(Trail.objects.filter(subject="model:1").order_by("number").values_list("seq", flat=True))


def test_a_root_over_other_ends_is_named_in_an_export(
    sequenced: Callable, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequenced(30)
    real = trails.ends
    monkeypatch.setattr(trails, "ends", lambda size: [each for each in real(size) if each[0] != "model:1"])
    services.pin_ends(actor=system(), size=30, now=now)
    sequence.run_once(now)
    export.write(tmp_path / "export", selectors.latest())
    faults = offline.check(tmp_path / "export", str(keys.verifier())).faults
    assert faults == [offline.Fault(30, "the subject heads in it are not those of the log at 30")]


def test_the_ends_are_pinned_once_a_day_while_the_log_grows(sequenced: Callable, now: datetime) -> None:
    assert trails.due() == 0
    sequenced(5)
    work = Ns(now=lambda: now)
    tasks.pin_ends(work)
    tasks.pin_ends(work)
    sequence.run_once(now)
    tasks.pin_ends(work)
    assert Entry.objects.filter(action=trails.HEADS).count() == 1
    assert tasks.clock()["audit.pin_ends"] == (86400.0, "audit.pin_ends")


def test_a_long_trail_comes_in_parts_under_its_own_numbers(
    people: Ns, sequenced: Callable, pin: Callable, check: Callable
) -> None:
    sequenced(30)
    pin()
    first = people.vera.api.get(ROOT + "model:1", {"limit": 4}).json()
    assert (len(first["results"]), first["next"]) == (4, "4")
    rest = people.vera.api.get(ROOT + "model:1", {"from": first["next"]}).json()
    assert rest["next"] is None
    assert check(rest | {"results": first["results"] + rest["results"]}).faults == []
    assert check(first).faults
    assert people.vera.api.get(ROOT + "model:1", {"limit": "many"}).status_code == 400


def test_a_trail_is_for_those_who_may_read_all_of_it(
    people: Ns, person: Callable, payments: Any, offer: Callable, data_dir: Path, now: datetime
) -> None:
    paul = person("Paul", "auditor", payments)
    offer("thing.made", "model:1", scope_id=payments.pk)
    offer("thing.made", "model:2", scope_id=payments.pk)
    offer("thing.done", "model:2")
    sequence.run_once(now)
    assert paul.api.get(ROOT + "model:1").status_code == 200
    assert paul.api.get(ROOT + "model:2").status_code == 403
    assert people.vera.api.get(ROOT + "model:2").status_code == 200
    assert people.eve.api.get(ROOT + "model:1").status_code == 404
    assert people.vera.api.get(ROOT + "model:9").status_code == 404
