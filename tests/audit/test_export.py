"""An export stands alone: checked by the one file in it, in a process without Attestry."""

import io
import random
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from audit import export, keys, selectors
from audit.leaf import Link, leaf_bytes
from audit.merkle import root_of
from audit.models import Leaf
from audit.offline import verify
from audit.tiles import tiles_of
from tests.audit.made import unpack

pytestmark = pytest.mark.django_db


@pytest.fixture
def exported(sequenced: Callable, tmp_path: Path) -> Callable[[int], Path]:
    """An export of a log of so many entries."""

    def make(size: int) -> Path:
        sequenced(size)
        export.write(tmp_path / "export", selectors.latest())
        return tmp_path / "export"

    return make


def faults(folder: Path, vkey: str = "") -> list[verify.Fault]:
    return verify.check(folder, vkey or str(keys.verifier())).faults


def alone(folder: Path, vkey: str) -> tuple[int, str]:
    """The verdict of the export's own verifier, in a bare interpreter elsewhere."""
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "verify.py"), str(folder), "--key", vkey],
        capture_output=True, text=True, cwd="/", check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_an_export_verifies_on_its_own(exported: Callable) -> None:
    folder = exported(300)
    root = selectors.signed_state(selectors.latest()).body().split("\n")[2]
    words = f"OK: 300 entries of portal.example/audit, root {root}\nchecked: {verify.CHECKED['full']}\n"
    assert alone(folder, str(keys.verifier())) == (0, words)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 513])
def test_exports_of_any_size_verify(size: int, exported: Callable) -> None:
    folder = exported(size)
    assert faults(folder) == []
    paths = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    tiles = {tile.path for tile in tiles_of(size)}
    assert paths == tiles | {*verify.LISTED, "keys/log.mldsa.vkey", "SHA256SUMS"}
    assert set(verify.expected(size)) == tiles


def test_the_verifier_imports_nothing_but_the_standard_library_and_cryptography() -> None:
    import ast

    tree = ast.parse(Path(verify.__file__).read_text())
    names = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert names - set(sys.stdlib_module_names) == {"cryptography"}


def test_a_flipped_bit_names_the_entry(exported: Callable) -> None:
    folder = exported(300)
    bodies = [bytes(each) for each in Leaf.objects.order_by("seq").values_list("body", flat=True)]
    for seq in (0, 17, 255, 256, 299):
        tile = folder / ("tile/entries/000" if seq < 256 else "tile/entries/001.p/44")
        before = tile.read_bytes()
        offset = sum(2 + len(each) for each in bodies[seq // 256 * 256 : seq]) + 2 + random.randrange(len(bodies[seq]))
        damaged = bytearray(before)
        damaged[offset] ^= 1 << random.randrange(8)
        tile.write_bytes(damaged)
        code, words = alone(folder, str(keys.verifier()))
        assert code == 5
        assert words.startswith(f"BAD entry {seq}: ")
        tile.write_bytes(before)
    assert faults(folder) == []


def test_any_flipped_bit_in_any_file_is_noticed(exported: Callable) -> None:
    folder = exported(260)
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    dice = random.Random(20261121)
    for path in paths * 6:
        before = path.read_bytes()
        damaged = bytearray(before)
        damaged[dice.randrange(len(before))] ^= 1 << dice.randrange(8)
        path.write_bytes(damaged)
        assert faults(folder), path
        path.write_bytes(before)
    assert faults(folder) == []


def test_a_flipped_bit_in_a_hash_names_the_entry_it_is_of(exported: Callable) -> None:
    folder = exported(600)
    for name, place, entry in [("tile/0/000", 17, 17), ("tile/0/002.p/88", 3, 515), ("tile/1/000.p/2", 1, 256)]:
        before = (folder / name).read_bytes()
        damaged = bytearray(before)
        damaged[place * 32 + 5] ^= 4
        (folder / name).write_bytes(damaged)
        assert faults(folder)[0].entry == entry
        (folder / name).write_bytes(before)


@pytest.mark.parametrize("name", [tile.path for tile in tiles_of(300)])
def test_a_missing_file_names_the_first_entry_in_it(name: str, exported: Callable) -> None:
    folder = exported(300)
    (folder / name).unlink()
    assert faults(folder)[0].entry == (256 if "001" in name else 0)


def rewrite(folder: Path, leaves: list[bytes]) -> None:
    """What somebody with the folder but without the key can do: everything fits, but for the signature."""
    hashes = [sha256(b"\x00" + each).digest() for each in leaves]
    (folder / "tile/entries/000.p").mkdir(parents=True, exist_ok=True)
    for path in [*(folder / "tile/entries/000.p").iterdir(), *(folder / "tile/0/000.p").iterdir()]:
        path.unlink()
    entries = b"".join(len(each).to_bytes(2) + each for each in leaves)
    (folder / f"tile/entries/000.p/{len(leaves)}").write_bytes(entries)
    (folder / f"tile/0/000.p/{len(leaves)}").write_bytes(b"".join(hashes))


def test_what_was_done_to_the_entries_is_named(exported: Callable) -> None:
    folder = exported(9)
    leaves = [bytes(each) for each in Leaf.objects.order_by("seq").values_list("body", flat=True)]
    verdicts = {}
    for name, forged in {
        "untouched": leaves,
        "edited": [*leaves[:4], leaves[4].replace(b'"n":4', b'"n":5'), *leaves[5:]],
        "deleted": [*leaves[:4], *leaves[5:]],
        "reordered": [*leaves[:4], leaves[5], leaves[4], *leaves[6:]],
        "inserted": [*leaves[:4], leaf_bytes(b'{"subjects":["model:7"]}', 4, [Link("model:7", 0, None)]), *leaves[4:]],
        "cut": leaves[:7],
    }.items():
        rewrite(folder, forged)
        verdicts[name] = [each.entry for each in faults(folder)[:1]]
    assert verdicts == {"untouched": [], "edited": [0], "deleted": [0], "reordered": [4], "inserted": [0], "cut": [0]}


def test_an_entry_left_out_of_a_subject_is_noticed_even_when_signed(exported: Callable, data_dir: Path) -> None:
    """The operator signs what they like; a gap in a subject's chain still shows."""
    from audit.checkpoint import Checkpoint, sign

    folder = exported(9)
    leaves = [bytes(each) for each in Leaf.objects.order_by("seq").values_list("body", flat=True)]
    short = [
        *leaves[:4],
        *(each.replace(b'"seq":%d' % seq, b'"seq":%d' % (seq - 1)) for seq, each in enumerate(leaves[5:], 5)),
    ]
    rewrite(folder, short)
    root = root_of([sha256(b"\x00" + each).digest() for each in short])
    (folder / "checkpoint").write_text(sign(Checkpoint("portal.example/audit", 8, root), keys.signer().private))
    found = faults(folder)
    assert found[0].entry == 6
    assert "something was left out" in found[0].what


def test_the_key_is_never_taken_from_the_export(exported: Callable, tmp_path: Path) -> None:
    folder = exported(3)
    other = keys.ensure_key(tmp_path / "elsewhere" / "audit.key")
    assert "BAD entry 0: the checkpoint vouches for nothing: it is not signed" in alone(folder, str(other))[1]
    code, words = alone(folder, str(keys.verifier()).replace("portal.example", "another.example"))
    assert (code, words) == (
        2,
        "the key's id does not belong to it, or it is neither an Ed25519 nor an ML-DSA-44 key\n",
    )


def test_another_logs_export_is_refused(exported: Callable, settings, tmp_path: Path) -> None:
    folder = exported(3)
    settings.AUDIT_ORIGIN = "other.example/audit"
    shutil.copy(settings.AUDIT_KEY_FILE, tmp_path / "same.key")
    same_key = keys.ensure_key(tmp_path / "same.key")
    assert "it is of the log 'portal.example/audit'" in alone(folder, str(same_key))[1]


def test_the_archive_holds_the_same_files_and_is_made_in_pieces(exported: Callable, tmp_path: Path) -> None:
    folder = exported(600)
    pieces = list(export.archive(selectors.latest()))
    assert max(map(len, pieces)) < 600_000
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        unpack(tar, tmp_path / "unpacked")
    unpacked = tmp_path / "unpacked" / "attestry-audit-600"
    assert faults(unpacked) == []
    for path in folder.rglob("*"):
        if path.is_file():
            assert (unpacked / path.relative_to(folder)).read_bytes() == path.read_bytes()


def test_an_export_is_of_its_checkpoint_whatever_comes_after(sequenced: Callable, tmp_path: Path) -> None:
    sequenced(250)
    early = selectors.latest()
    sequenced(300)
    export.write(tmp_path / "early", early)
    assert verify.check(tmp_path / "early", str(keys.verifier())).size == 250
    assert faults(tmp_path / "early") == []


def test_no_personal_value_is_in_an_export(sequenced: Callable, offer: Callable, tmp_path: Path) -> None:
    offer(private={"name": "Ana Canary", "reason": "secretword"})
    sequenced(3)
    for data in dict(export.files(selectors.latest())).values():
        assert b"Canary" not in data
        assert b"secretword" not in data
