"""The tamper drill: every attack on copies is caught, and the log itself is left alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from audit import drill, keys, selectors
from audit.models import Entry
from audit.offline import verify
from tests.audit import made

NAMES = [*drill.BY_ANYBODY, *drill.BY_KEY_HOLDER]


def test_every_attack_is_caught_at_its_entry(tmp_path: Path) -> None:
    made.write(tmp_path, made.numbered(made.entries(600)))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    found = drill.on_export(tmp_path, [made.VKEY])
    assert [each.attack for each in found] == NAMES
    assert [each.entry for each in found] == [300, 300, 300, 300, 450, 300, 450, 0, 0]
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_verifier_that_looks_away_fails_the_drill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made.write(tmp_path, made.numbered(made.entries(300)))
    monkeypatch.setattr(verify.Walk, "against", lambda *_: [])
    missed = [each.attack for each in drill.on_export(tmp_path, [made.VKEY]) if not each.caught]
    assert missed == ["truncated", "rewritten", "restored from a backup"]


def test_an_export_that_is_bad_already_is_said_so(tmp_path: Path) -> None:
    made.write(tmp_path, made.numbered(made.entries(300)))
    (tmp_path / "tile/0/000").unlink()
    found = drill.on_export(tmp_path, [made.VKEY])
    assert [(each.caught, each.what[:12]) for each in found] == [(False, "BAD entry 0:")]


def test_too_few_entries_are_refused(tmp_path: Path) -> None:
    made.write(tmp_path, made.numbered(made.entries(3)))
    with pytest.raises(drill.TooShort):
        drill.on_export(tmp_path, [made.VKEY])


@pytest.mark.django_db
def test_the_drill_on_the_server_leaves_the_log_alone(sequenced: Callable, data_dir: Path) -> None:
    sequenced(300)
    before = selectors.latest().note, Entry.objects.count(), sorted(each.name for each in data_dir.iterdir())
    found = drill.on_server()
    assert [each.attack for each in found if each.caught] == NAMES
    assert (selectors.latest().note, Entry.objects.count()) == before[:2]
    assert sorted(each.name for each in data_dir.iterdir()) == before[2]
    assert keys.verifier()
