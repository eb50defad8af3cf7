"""Backups on both databases: what is brought back is what was there, and never a second history."""

import io
import json
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import services
from tests.portal import house

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def lived_in(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A house with a few log entries, the environment of its database, and a backup of it."""
    folder = tmp_path_factory.mktemp(request.param)
    here = SimpleNamespace(data=folder / "data", file=folder / "one.backup", kind=request.param, env={}, empty={})
    if request.param == "sqlite":
        _live(here)
        yield here
        return
    if services.postgresql_folder() is None:
        pytest.skip(services.HOW_TO_GET["postgresql"])
    with services.postgresql() as url:
        here.env = {"DATABASE_URL": url}
        _live(here)
        yield here


def _live(here: Any) -> None:
    for arguments in (("migrate",), ("token", "create", "--name", "first", "--role", "ingest")):
        done = house.attestry(*arguments, data=here.data, **here.env)
        assert done.returncode == 0, done.stderr
    house.number_entries(here.data, **here.env)
    done = house.attestry("backup", str(here.file), "--json", data=here.data, **here.env)
    assert done.returncode == 0, done.stderr
    here.manifest = json.loads(done.stdout)


@pytest.fixture
def elsewhere(lived_in: Any) -> Iterator[dict[str, str]]:
    """The environment of an empty database of the same kind."""
    if lived_in.kind == "sqlite":
        yield {}
        return
    with services.postgresql("restored") as url:
        yield {"DATABASE_URL": url}


def restore(file: Path, data: Path, env: dict[str, str]) -> Any:
    return house.attestry("restore", str(file), data=data, **env)


def test_a_backup_is_private_and_says_what_it_holds(lived_in: Any) -> None:
    assert stat.S_IMODE(lived_in.file.stat().st_mode) == 0o600
    assert lived_in.manifest["log_size"] >= 1
    assert {"audit.key", "secret.key", "audit-signed.json"} <= {each["name"] for each in lived_in.manifest["files"]}


def test_what_was_there_is_there_again(lived_in: Any, elsewhere: dict[str, str], tmp_path: Path) -> None:
    done = restore(lived_in.file, tmp_path / "data", elsewhere)
    assert done.returncode == 0, done.stderr
    assert "were signed after this backup" in done.stderr.replace("\n", " ")
    checked = house.attestry("audit", "verify", "--database", "--json", data=tmp_path / "data", **elsewhere)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert json.loads(checked.stdout)["size"] >= lived_in.manifest["log_size"]
    assert house.entries_found(tmp_path / "data", "token.created", **elsewhere) == 1
    house.number_entries(tmp_path / "data", **elsewhere)
    assert house.entries_found(tmp_path / "data", "token.created", **elsewhere) == 1
    for name in ("audit.key", "secret.key"):
        assert (tmp_path / "data" / name).read_bytes() == (lived_in.data / name).read_bytes()
        assert stat.S_IMODE((tmp_path / "data" / name).stat().st_mode) == 0o600


def test_a_backup_never_overwrites(lived_in: Any) -> None:
    before = lived_in.file.read_bytes()
    done = house.attestry("backup", str(lived_in.file), data=lived_in.data, **lived_in.env)
    assert done.returncode == 1
    assert lived_in.file.read_bytes() == before


def test_a_place_that_is_lived_in_is_not_overwritten(lived_in: Any) -> None:
    done = restore(lived_in.file, lived_in.data, lived_in.env)
    assert done.returncode == 1
    assert "not empty" in done.stderr


def test_a_log_that_falls_short_of_what_was_signed_is_not_brought_back(
    lived_in: Any, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    house.attestry("token", "create", "--name", "later", "--role", "ingest", data=lived_in.data, **lived_in.env)
    house.number_entries(lived_in.data, **lived_in.env)
    target = tmp_path / "data"
    target.mkdir(mode=0o700)
    (target / "audit-signed.json").write_bytes((lived_in.data / "audit-signed.json").read_bytes())
    done = restore(lived_in.file, target, elsewhere)
    assert done.returncode == 1
    assert "would start a second history" in done.stderr
    assert [path.name for path in target.iterdir() if not path.name.endswith(".lock")] == ["audit-signed.json"]
    again = restore(lived_in.file, tmp_path / "other", elsewhere)
    assert again.returncode == 0, "the database was left as empty as it was found: " + again.stderr


def test_keys_can_be_left_out(lived_in: Any, tmp_path: Path) -> None:
    file = tmp_path / "keyless.backup"
    done = house.attestry("backup", str(file), "--without-keys", data=lived_in.data, **lived_in.env)
    assert done.returncode == 0, done.stderr
    with tarfile.open(file) as archive:
        assert not [name for name in archive.getnames() if name.endswith(".key")]


def test_a_damaged_backup_is_refused_and_leaves_nothing(
    lived_in: Any, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.backup"
    with tarfile.open(lived_in.file) as source, tarfile.open(damaged, "w:gz") as target:
        for member in source.getmembers():
            stream = source.extractfile(member)
            assert stream is not None
            data = stream.read()
            if member.name.startswith("database."):
                middle = len(data) // 2
                data = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
            target.addfile(member, io.BytesIO(data))
    done = restore(damaged, tmp_path / "data", elsewhere)
    assert done.returncode == 1
    assert "manifest" in done.stderr
    assert list((tmp_path / "data").iterdir()) == []


def test_a_file_that_is_no_backup_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(os.urandom(2000))
    done = restore(tmp_path / "x", tmp_path / "data", {})
    assert done.returncode == 1
    assert "cannot be read as a backup" in done.stderr
