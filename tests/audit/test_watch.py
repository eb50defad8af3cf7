"""An auditor's own witness: it pins the key by hand, keeps what it saw, and names a rollback or a fork."""

import json
import stat
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from typer.testing import CliRunner

from audit import watch
from audit.checkpoint import Checkpoint, sign, signed_at, verify, vkey_of
from audit.merkle import leaf_hash, prove_consistency, root_of

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "portal.example/audit"
VKEY = vkey_of(ORIGIN, KEY)


def log(size: int, salt: bytes = b"") -> list[bytes]:
    return [leaf_hash(salt + bytes([each])) for each in range(size)]


def note(size: int, salt: bytes = b"") -> str:
    return sign(Checkpoint(ORIGIN, size, root_of(log(size, salt))), KEY)


def prove(old: int, new: int, salt: bytes = b"") -> list[str]:
    hashes = log(new, salt)
    node = lambda level, index: root_of(hashes[index << level : (index + 1) << level])  # noqa: E731
    return [b64encode(each).decode() for each in prove_consistency(node, old, new)]


def test_it_keeps_and_cosigns_a_log_that_grows(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    for size, before in ((3, 0), (3, 3), (7, 3), (40, 7)):
        seen = watch.look(folder, [VKEY], note(size), prove, 1_700_000_000 + size)
        assert (seen.checkpoint.size, seen.before) == (size, before)
        assert signed_at(seen.note, watch.vkey(folder)) == 1_700_000_000 + size
        assert verify(seen.note, VKEY).size == size
        assert (folder / "checkpoint").read_text() == seen.note
    assert stat.S_IMODE((folder / "witness.key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("then", "proof", "named"),
    [
        (note(4), prove, "a rollback: 7 entries were seen, now there are 4"),
        (note(7, b"x"), prove, "a fork: at size 7"),
        (note(9, b"x"), lambda old, new: prove(old, new, b"x"), "does not extend the one that was seen at 7"),
        (note(9), lambda old, new: prove(old, new)[:-1], "does not extend"),
        (note(9), lambda old, new: ["%"], "cannot be read"),
        (sign(Checkpoint("other.example/audit", 9, bytes(32)), KEY), prove, "of another log"),
        (sign(Checkpoint(ORIGIN, 9, bytes(32)), Ed25519PrivateKey.generate()), prove, "not signed with this key"),
        ("nonsense", prove, "not a checkpoint"),
        (note(0), prove, "empty"),
    ],
)
def test_a_log_that_is_not_the_one_seen_before_is_named_and_kept_as_evidence(
    then: str, proof: Any, named: str, tmp_path: Path
) -> None:
    first = watch.look(tmp_path, [VKEY], note(7), prove, 1).note
    with pytest.raises(watch.Inconsistent) as found:
        watch.look(tmp_path, [VKEY], then, proof, 2)
    assert named in str(found.value)
    assert (tmp_path / "checkpoint").read_text() == first
    assert (tmp_path / "evidence-2").read_text() == then
    assert watch.look(tmp_path, [VKEY], note(8), prove, 3).before == 7


def test_of_several_keys_one_is_enough_so_that_a_change_of_keys_can_be_watched(tmp_path: Path) -> None:
    old, new = vkey_of(ORIGIN, Ed25519PrivateKey.generate()), vkey_of(ORIGIN, MLDSA44PrivateKey.generate())
    assert watch.look(tmp_path, [old, new, VKEY], note(7), prove, 1).checkpoint.size == 7
    with pytest.raises(watch.Inconsistent):
        watch.look(tmp_path, [old, new], note(8), prove, 1)


class TestAgainstAPortal:
    """`attestry audit witness` over HTTP, with a token and the key noted by hand."""

    @pytest.fixture
    def run(self, live_server: Any, people: SimpleNamespace, data_dir: Path, tmp_path: Path) -> Callable[..., Any]:
        from audit import keys
        from portal.cli import app

        token = tmp_path / "token"
        token.write_text(people.vera.token)

        def run(key: str = "", code: int = 0) -> Any:
            asked = ["audit", "witness", "--url", live_server.url, "--key", key or str(keys.verifier()), "--json"]
            asked += ["--state", str(tmp_path / "state"), "--token-file", str(token)]
            done = CliRunner().invoke(app, asked)
            assert done.exit_code == code, done.output
            return json.loads(done.stdout)

        return run

    def test_the_log_is_followed_as_it_grows(self, run: Callable, sequenced: Callable, now: datetime) -> None:
        sequenced(5)
        first = run()
        sequenced(300)
        second = run()
        assert second["before"] == first["size"] >= 5
        assert second["size"] >= first["size"] + 300

    def test_a_log_that_was_rolled_back_is_exit_code_5(
        self, run: Callable, sequenced: Callable, tmp_path: Path
    ) -> None:
        sequenced(5)
        from audit import keys

        ahead = Checkpoint(ORIGIN, 10_000, bytes(32))
        (tmp_path / "state").mkdir()
        (tmp_path / "state" / "checkpoint").write_text(keys.signer().sign(ahead))
        assert "a rollback: 10000 entries were seen" in run(code=5)["why"]

    def test_a_log_that_was_rewritten_is_exit_code_5(self, run: Callable, sequenced: Callable, tmp_path: Path) -> None:
        sequenced(5)
        from audit import keys

        (tmp_path / "state").mkdir()
        (tmp_path / "state" / "checkpoint").write_text(keys.signer().sign(Checkpoint(ORIGIN, 2, bytes(32))))
        assert "does not extend the one that was seen at 2" in run(code=5)["why"]

    def test_the_servers_own_key_is_not_believed(self, run: Callable, sequenced: Callable) -> None:
        sequenced(5)
        assert "not signed with this key" in run(key=str(VKEY), code=5)["why"]
