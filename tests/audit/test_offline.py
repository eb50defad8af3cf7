"""The offline verifier on logs made for it: what it must notice beside an altered byte."""

import json
import random
import shutil
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.drill import write_entries
from audit.offline import verify
from tests.audit import made
from tests.drills import flips

LEAVES = list(made.numbered(made.entries(600)))


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Write an export of leaves into a folder of that name."""

    def write(name: str = "export", leaves: list[bytes] = LEAVES, **extras: bytes) -> Path:
        made.write(tmp_path / name, leaves, extras)
        return tmp_path / name

    return write


def run(folder: Path, *more: str) -> int:
    return verify.main([str(folder), "--key", made.VKEY, *more])


def known(folder: Path) -> list[verify.Known]:
    _, size, root = verify.read_checkpoint((folder / "checkpoint").read_text(), [verify.read_key(made.VKEY)])
    return [verify.Known(size, root, "the earlier one", folder)]


def test_a_made_log_verifies_in_every_form(export: Callable) -> None:
    folder = export()
    assert verify.check(folder, made.VKEY).faults == []
    assert verify.check(folder, made.VKEY, how="forms").faults == []


def test_the_quick_readings_of_a_leaf_agree_with_json() -> None:
    for leaf in LEAVES:
        assert verify.ending(leaf) == verify.quick_leaf(leaf, {}) == verify.parse_leaf(leaf)
    quick = sum(verify._LEAF.fullmatch(leaf) is not None for leaf in LEAVES)
    assert quick == 540


@given(st.integers(0, 599), st.integers(0, 10**6), st.integers(0, 255))
@settings(max_examples=400, deadline=None)
def test_what_the_expression_takes_for_a_leaf_is_one(seq: int, place: int, byte: int) -> None:
    leaf = bytearray(LEAVES[seq])
    leaf[place % len(leaf)] = byte
    found = None
    with suppress(ValueError):
        found = verify.quick_leaf(bytes(leaf), {})
    if found:
        assert verify.parse_leaf(bytes(leaf)) == found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"n":1', b'"n":1.5'),
        (b'"v":1},"seq":1', b'"v":1},"x":{"subjects":[],"v":1},"seq":1'),
        (b'"kind":"lineage","n":1', b'"n":1,"kind":"lineage"'),
        (b'"kind":"lineage"', b'"kind": "lineage"'),
    ],
)
def test_a_signed_leaf_that_is_not_canonical_is_named_when_forms_are_checked(
    export: Callable, old: bytes, new: bytes
) -> None:
    assert old in LEAVES[1]
    folder = export(leaves=[LEAVES[0], LEAVES[1].replace(old, new), *LEAVES[2:]])
    assert verify.check(folder, made.VKEY, how="forms").faults[0].entry == 1


@pytest.mark.parametrize("attack", ["edited", "deleted", "reordered", "inserted", "cut"])
def test_the_quick_check_names_what_anybody_could_change(export: Callable, attack: str) -> None:
    folder, changed = export(), list(LEAVES)
    if attack == "edited":
        changed[300] = changed[300].replace(b"success", b"failure")
    elif attack == "deleted":
        del changed[300]
    elif attack == "reordered":
        changed[300:302] = changed[301], changed[300]
    elif attack == "inserted":
        changed.insert(300, changed[299])
    write_entries(folder, changed[:500] if attack == "cut" else changed[:600], 600)
    first = verify.check(folder, made.VKEY, how="quick").faults[0]
    assert first.entry == (500 if attack == "cut" else 300)
    assert first == verify.check(folder, made.VKEY).faults[0]


def test_the_quick_check_leaves_out_links_and_says_so(export: Callable, capsys: pytest.CaptureFixture) -> None:
    broken = LEAVES[500].replace(b'"subj_seq":', b'"subj_seq":9')
    folder = export(leaves=[*LEAVES[:500], broken, *LEAVES[501:]])
    assert run(folder) == 5
    assert "BAD entry 500: its link for" in capsys.readouterr().out
    assert run(folder, "--quick") == 0
    assert "not the links between entries about one subject" in capsys.readouterr().out
    assert run(export("sound")) == 0
    assert "numbers, sums, the links between entries" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        run(folder, "--quick", "--subject", "model:1")


def test_the_quick_check_notices_a_wrong_number_that_was_signed(export: Callable) -> None:
    wrong = LEAVES[400].replace(b'},"seq":400,', b'},"seq":401,')
    folder = export(leaves=[*LEAVES[:400], wrong, *LEAVES[401:]])
    assert verify.check(folder, made.VKEY, how="quick").faults == [verify.Fault(400, "it says it is entry 401")]


def test_subjects_hidden_behind_a_second_object_are_noticed_by_default(export: Callable) -> None:
    head, _, tail = LEAVES[1].partition(b'},"seq":')
    hidden = head + b'},"x":{"subjects":[],"v":1},"seq":1,"subjects":[],"v":1}'
    folder = export(leaves=[LEAVES[0], hidden])
    assert tail
    assert verify.check(folder, made.VKEY).faults[0].entry == 1


def test_a_log_that_was_cut_is_noticed_beside_what_was_kept(export: Callable, capsys: pytest.CaptureFixture) -> None:
    old, new = export("old"), export("new", LEAVES[:500])
    assert run(new) == 0
    root = b64encode(known(old)[0].root).decode()
    for more in (["--after", str(old)], ["--seen", f"600:{root}"], ["--checkpoint", str(old / "checkpoint")]):
        assert run(new, *more) == 5
        assert "BAD entry 500: it is missing" in capsys.readouterr().out


def test_a_log_rewritten_by_who_holds_the_key_is_noticed_beside_what_was_kept(
    export: Callable, capsys: pytest.CaptureFixture
) -> None:
    old = export("old")
    bodies = [*made.entries(600), *made.entries(100, seed=2)]
    bodies[333] = bodies[334]
    new = export("new", list(made.numbered(bodies)))
    assert run(new) == 0
    assert run(new, "--after", str(old)) == 5
    assert "BAD entry 333: it is not the one of" in capsys.readouterr().out
    assert run(new, "--checkpoint", str(old / "checkpoint")) == 5
    assert "BAD entry 0: it or one of the 599 after it" in capsys.readouterr().out


def test_a_log_that_grew_goes_on_from_what_was_kept(export: Callable) -> None:
    old, new = export("old", LEAVES[:257]), export("new")
    same = export("same", [*LEAVES, *LEAVES[:0]])
    assert run(same, "--after", str(old)) == 0
    assert run(new, "--seen", "1:" + "0" * 64) == 5


def test_the_same_folder_grown_by_entries_verifies_after_it(export: Callable) -> None:
    assert run(export("whole"), "--after", str(export("part", LEAVES[:257]))) == 0


def test_a_second_key_must_have_signed_when_it_is_given(export: Callable, capsys: pytest.CaptureFixture) -> None:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

    from audit.checkpoint import sign, vkey_of

    folder, second = export(), MLDSA44PrivateKey.generate()
    vkey = str(vkey_of(made.ORIGIN, second))
    assert run(folder, "--mldsa", vkey) == 5
    assert "not signed with the given key" in capsys.readouterr().out
    state = made.write(folder, LEAVES)
    note = sign(state, made.KEY, second)
    for name, data in made.around(note, made.VKEY, {}):
        (folder / name).write_bytes(data)
    assert run(folder, "--mldsa", vkey) == 0
    assert run(folder) == 0


def test_one_of_several_keys_of_the_log_is_enough(export: Callable) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from audit.checkpoint import vkey_of

    other = str(vkey_of(made.ORIGIN, Ed25519PrivateKey.generate()))
    assert run(export(), "--key", other) == 0
    assert verify.main([str(export()), "--key", other]) == 5


def pruned(ranges: list[list[int]], gone: range, entry: int | None = None) -> tuple[list[bytes], bytes]:
    """A log of 301 entries whose last says that `ranges` were pruned, the bodies of `gone` taken out, and the list."""
    about = {"policy": "sha256:" + "ab" * 32, "ranges": ranges}
    last = made.entry(random.Random(1), about, ["audit:log"], "retention.pruned")
    leaves = list(made.numbered([*made.entries(300), last]))
    lines = [{"entry": 300 if entry is None else entry, "first": a, "last": b} for a, b in ranges]
    return leaves, "".join(json.dumps(each) + "\n" for each in lines).encode()


def take_out(folder: Path, leaves: list[bytes], gone: range) -> None:
    for number in range(2):
        some = [b"" if number * 256 + at in gone else each for at, each in enumerate(leaves[number * 256 :][:256])]
        data = b"".join(len(each).to_bytes(2) + each for each in some)
        (folder / verify.tile_path("entries", number, len(some))).write_bytes(data)


def test_pruned_bodies_verify_and_are_counted(export: Callable, capsys: pytest.CaptureFixture) -> None:
    leaves, lines = pruned([[10, 40]], range(10, 41))
    folder = export("pruned", leaves, **{"pruned.jsonl": lines})
    take_out(folder, leaves, range(10, 41))
    assert run(folder) == 0
    assert "31 bodies pruned under policy sha256:abab" in capsys.readouterr().out
    assert run(folder, "--subject", "model:1") == 0


@pytest.mark.parametrize("why", ["not listed", "no entry says so", "the entry says other places"])
def test_a_body_that_is_gone_without_an_entry_is_named(why: str, export: Callable) -> None:
    leaves, lines = pruned([[10, 40]], range(10, 41))
    lines = {
        "not listed": lines.replace(b"10", b"11"),
        "no entry says so": lines.replace(b"300", b"299"),
        "the entry says other places": lines.replace(b"40", b"41"),
    }[why]
    folder = export("pruned", leaves, **{"pruned.jsonl": lines})
    take_out(folder, leaves, range(10, 41))
    assert verify.check(folder, made.VKEY).faults[0].entry == 10


def test_a_pruned_entry_whose_hash_was_altered_is_noticed(export: Callable) -> None:
    leaves, lines = pruned([[10, 40]], range(10, 41))
    folder = export("pruned", leaves, **{"pruned.jsonl": lines})
    take_out(folder, leaves, range(10, 41))
    tile = folder / "tile/0/000"
    data = bytearray(tile.read_bytes())
    data[12 * 32] ^= 1
    tile.write_bytes(data)
    assert verify.check(folder, made.VKEY).faults


def test_every_flipped_bit_is_noticed() -> None:
    assert flips.drill(count=150, seed=7, entries=300, every_file=True) == []


@given(st.integers(0, 10**9), st.integers(0, 10**9))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_truncated_or_swapped_tile_is_noticed(export: Callable, which: int, place: int) -> None:
    folder = export()
    tiles = sorted(path for path in (folder / "tile").rglob("*") if path.is_file())
    one, other = tiles[which % len(tiles)], tiles[place % len(tiles)]
    data = one.read_bytes()
    one.write_bytes(data[: place % len(data)])
    assert verify.check(folder, made.VKEY).faults
    one.write_bytes(other.read_bytes())
    assert bool(verify.check(folder, made.VKEY).faults) == (data != other.read_bytes())
    shutil.rmtree(folder)
