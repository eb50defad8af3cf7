"""Verifiers that we did not write accept what this log hands out, and refuse what was altered.

They are optional: `pip install scitt-cose`, and `pip install --no-deps --ignore-requires-python aics-tlog`.
"""

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit import export, keys, proof, selectors
from audit.checkpoint import cosign, vkey_of
from audit.merkle import root_of
from audit.models import Checkpoint, Leaf
from tests.audit.outsiders import SpecWitness

SIZE = 700


@pytest.fixture
def log(sequenced: Callable, data_dir: Path, tmp_path: Path) -> Path:
    """A log of two full tiles and a part, exported."""
    sequenced(5)
    sequenced(SIZE - 5)
    export.write(tmp_path / "export", selectors.latest())
    return tmp_path / "export"


def proofs() -> list[tuple[bytes, int, list[bytes]]]:
    """Every entry with its proof, read from the tlog-proof text as anybody would."""
    found = []
    for leaf in Leaf.objects.order_by("seq"):
        one = selectors.proof_of(leaf.seq)
        head = proof.write(one.seq, one.hashes, one.checkpoint).partition("\n\n")[0].split("\n")
        assert head[0] == "c2sp.org/tlog-proof@v1"
        found.append((bytes(leaf.body), int(head[1].split(" ")[1]), [b64decode(each) for each in head[2:]]))
    return found


def roots() -> list[bytes]:
    hashes = [bytes(each) for each in Leaf.objects.order_by("seq").values_list("hash", flat=True)]
    return [root_of(hashes[:size]) for size in range(SIZE + 1)]


class TestScittCose:
    """RFC 9162 inclusion and consistency, as `scitt-cose` checks them."""

    @pytest.fixture
    def merkle(self) -> Any:
        return pytest.importorskip("scitt_cose.merkle", reason="scitt-cose is not installed")

    def test_every_proof_of_inclusion_is_accepted_and_none_for_another_entry(self, merkle: Any, log: Path) -> None:
        root, all_proofs = selectors.latest().root, proofs()
        accepted = [
            merkle.verify_inclusion(leaf.hex(), seq, SIZE, [each.hex() for each in path], bytes(root).hex())
            for leaf, seq, path in all_proofs
        ]
        assert accepted == [True] * SIZE
        for leaf, seq, path in all_proofs[::70]:
            wrong = leaf[:-1] + bytes([leaf[-1] ^ 1])
            assert not merkle.verify_inclusion(wrong.hex(), seq, SIZE, [p.hex() for p in path], bytes(root).hex())

    def test_proofs_of_consistency_from_every_size_are_accepted(self, merkle: Any, log: Path) -> None:
        root = roots()
        for old in range(1, SIZE + 1):
            path = [each.hex() for each in selectors.consistency(old, SIZE)]
            assert merkle.verify_consistency(root[old].hex(), root[SIZE].hex(), old, SIZE, path), old
            if old < SIZE:
                assert not merkle.verify_consistency(root[old - 1].hex(), root[SIZE].hex(), old, SIZE, path)


class TestAicsTlog:
    """Signed notes, tiles, proofs and cosignatures, as `aics-tlog` checks them."""

    @pytest.fixture
    def tlog(self) -> Any:
        pytest.importorskip("aics_tlog", reason="aics-tlog is not installed")
        import aics_tlog.checkpoint
        import aics_tlog.tiles
        import aics_tlog.verified

        return aics_tlog

    def test_the_checkpoint_is_accepted_under_the_key_noted_by_hand(self, tlog: Any, log: Path) -> None:
        note = tlog.note.parse_note((log / "checkpoint").read_text())
        found = tlog.checkpoint.verify_checkpoint(note, tlog.note.parse_vkey(str(keys.verifier())))
        assert (found.ok, found.size, found.root) == (True, SIZE, bytes(selectors.latest().root))
        other = keys.ensure_key(log / "other" / "audit.key")
        assert not tlog.checkpoint.verify_checkpoint(note, tlog.note.parse_vkey(str(other))).ok

    def test_every_tile_and_entry_of_the_export_is_accepted_and_a_flipped_bit_is_not(
        self, tlog: Any, log: Path
    ) -> None:
        def sound() -> bool:
            try:
                reader = tlog.tiles.FileSystemTileReader(log)
                report = tlog.verified.audit_tiles(reader, SIZE, bytes(selectors.latest().root))
            except (ValueError, OSError):
                return False
            return (report.size, report.bundles) == (SIZE, 3)

        assert sound()
        for path in ("tile/entries/001", "tile/0/000", "tile/1/000.p/2"):
            data = (log / path).read_bytes()
            (log / path).write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])
            assert not sound(), path
            (log / path).write_bytes(data)

    def test_every_proof_is_accepted(self, tlog: Any, log: Path) -> None:
        root = roots()
        assert [tlog.tree.verify_leaf_inclusion(leaf, seq, SIZE, path, root[SIZE]) for leaf, seq, path in proofs()] == [
            True
        ] * SIZE
        assert all(
            tlog.tree.verify_consistency(old, SIZE, root[old], root[SIZE], selectors.consistency(old, SIZE))
            for old in range(1, SIZE + 1)
        )

    def test_the_line_of_a_witness_is_accepted_beside_ours(self, tlog: Any, log: Path) -> None:
        them = SpecWitness([])
        newest = Checkpoint.objects.get(pk=SIZE)
        line = cosign(selectors.signed_state(newest), them.key, them.name, 1_700_000_000)
        note = tlog.note.parse_note(newest.note + line)
        log_key, theirs = (tlog.note.parse_vkey(str(each)) for each in (keys.verifier(), them.vkey))
        found = tlog.checkpoint.verify_checkpoint(note, log_key, [theirs], 1)
        assert (found.ok, found.cosignature_count, found.timestamps) == (True, 1, {them.name: 1_700_000_000})
        stranger = tlog.note.parse_vkey(str(vkey_of(them.name, SpecWitness([]).key, witness=True)))
        assert not tlog.checkpoint.verify_checkpoint(note, log_key, [stranger], 1).ok
