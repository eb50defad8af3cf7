"""The proof of one entry, made by the portal and checked by two independent routines."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import keys, proof, selectors
from audit.merkle import consistent, included
from audit.models import Leaf
from audit.offline import verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def proved(sequenced: Callable, tmp_path: Path) -> Callable[[int, int], tuple[Path, Path]]:
    """The proof and the bytes of one entry of a log of so many, as files."""

    def make(seq: int, size: int) -> tuple[Path, Path]:
        if not Leaf.objects.exists():
            sequenced(size)
        found = selectors.proof_of(seq)
        (tmp_path / "it.tlog-proof").write_text(proof.write(found.seq, found.hashes, found.checkpoint))
        (tmp_path / "it.json").write_bytes(bytes(Leaf.objects.get(seq=seq).body))
        return tmp_path / "it.tlog-proof", tmp_path / "it.json"

    return make


def test_a_proof_is_a_header_a_number_hashes_and_the_checkpoint(proved: Callable) -> None:
    file, _ = proved(4, 7)
    head, _, note = file.read_text().partition("\n\n")
    assert head.split("\n")[:2] == ["c2sp.org/tlog-proof@v1", "index 4"]
    assert len(head.split("\n")) == 2 + 3
    assert note == selectors.latest().note


@pytest.mark.parametrize("size", [1, 2, 7, 300])
def test_every_entrys_proof_holds_here_and_offline(size: int, proved: Callable) -> None:
    for seq in {0, size // 2, size - 1}:
        file, entry = proved(seq, size)
        assert proof.holds(file.read_text(), entry.read_bytes(), keys.verifier())
        assert verify.check_entry(file, entry, str(keys.verifier())).faults == []


def test_the_command_on_the_entry_page_works_alone(proved: Callable) -> None:
    file, entry = proved(4, 7)
    command = [sys.executable, "-I", verify.__file__, str(file), "--entry", str(entry), "--key", str(keys.verifier())]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("OK: the entry stands in portal.example/audit, size 7")


def test_no_other_entry_number_key_or_hash_will_do(proved: Callable, tmp_path: Path) -> None:
    file, entry = proved(4, 7)
    vkey = keys.verifier()
    text, body = file.read_text(), entry.read_bytes()
    other = keys.ensure_key(tmp_path / "elsewhere" / "audit.key")
    lines = text.split("\n")
    for forged, bytes_, key in [
        (text, body.replace(b'"n":4', b'"n":5'), vkey),
        (text.replace("index 4", "index 5"), body, vkey),
        (text.replace("index 4", "index 44"), body, vkey),
        (text.replace("index 4", "index -1"), body, vkey),
        (text.replace("index 4", "index x"), body, vkey),
        ("\n".join([*lines[:2], *lines[3:]]), body, vkey),
        (text.replace(lines[2], lines[3]), body, vkey),
        (text.replace("proof@v1", "proof@v2"), body, vkey),
        (text.replace("\n7\n", "\n8\n"), body, vkey),
        ("", body, vkey),
        (text, body, other),
    ]:
        file.write_text(forged)
        entry.write_bytes(bytes_)
        assert not proof.holds(forged, bytes_, key)
        assert verify.check_entry(file, entry, str(key)).faults


@pytest.mark.parametrize(("old", "new"), [(1, 700), (256, 700), (513, 600)])
def test_a_proof_reads_all_its_tiles_in_two_statements(old: int, new: int, sequenced: Callable) -> None:
    sequenced(700)
    with CaptureQueriesContext(connection) as asked:
        hashes = selectors.consistency(old, new)
        path = selectors.proof_of(old).hashes
    assert len([each for each in asked.captured_queries if "audit_tile" in each["sql"]]) <= 4
    assert len(asked.captured_queries) <= 6
    assert consistent(old, new, hashes, selectors.root(old), selectors.root(new))
    assert included(bytes(Leaf.objects.get(seq=old).hash), old, 700, path, selectors.root(700))


def test_nothing_is_proved_about_a_log_that_is_not_that_long(sequenced: Callable) -> None:
    sequenced(300)
    for size in (301, 512, 513, 70_000):
        with pytest.raises(KeyError):
            selectors.root(size)
