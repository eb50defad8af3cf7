"""The commands for anywhere against a running portal, and an export that is verified away from it."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from portal.client import CHECKS, ERROR, OK, REFUSED, USAGE
from tests.portal import house

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A running house that may scan one folder, and a token of each kind the commands need."""
    folder = tmp_path_factory.mktemp("remote")
    here = SimpleNamespace(data=folder / "data", port=house.free_port(), log=folder / "log", tables=folder / "tables")
    here.tables.mkdir()
    roots = {"ATTESTRY_SCAN_ROOTS": str(here.tables)}
    with house.running("up", "--port", str(here.port), data=here.data, log=here.log, **roots):
        assert house.eventually(lambda: house.ready(here.port), 120), here.log.read_text()
        here.pipeline = token(here, "pipeline", "register,request,ingest")
        here.auditor = token(here, "auditor", "auditor")
        yield here


def token(here: Any, name: str, roles: str) -> str:
    done = house.attestry("token", "create", "--name", name, "--role", roles, data=here.data)
    assert done.returncode == OK, done.stderr
    return done.stdout.strip()


def anywhere(here: Any, *arguments: str, who: str = "pipeline") -> subprocess.CompletedProcess[str]:
    told = {"ATTESTRY_URL": f"http://127.0.0.1:{here.port}", "ATTESTRY_TOKEN": getattr(here, who)}
    return house.attestry(*arguments, data=here.data, **told)


def table(here: Any, name: str, column: str, values: list[str]) -> Path:
    path: Path = here.tables / name
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column, "amount"])
        writer.writerows([value, n] for n, value in enumerate(values))
    return path


def test_a_table_with_addresses_is_exit_code_5_and_json_names_the_column(home: Any) -> None:
    path = table(home, "people.csv", "contact", [f"someone{n}@example.org" for n in range(200)])
    done = anywhere(home, "dataset", "scan", str(path), "--wait", "--json")
    assert done.returncode == CHECKS, done.stdout + done.stderr
    scan = json.loads(done.stdout)
    assert scan["verdict"] == "findings"
    (column,) = (each for each in scan["columns"] if each["path"] == "contact")
    assert column["entities"][0]["type"] == "EMAIL_ADDRESS"


def test_a_clean_table_is_exit_code_0(home: Any) -> None:
    path = table(home, "colours.csv", "colour", ["red", "green", "blue"] * 50)
    done = anywhere(home, "dataset", "scan", str(path), "--wait")
    assert done.returncode == OK, done.stdout + done.stderr
    assert "clean" in done.stdout


def test_what_is_no_table_is_exit_code_1(home: Any) -> None:
    path = home.tables / "noise.parquet"
    path.write_bytes(os.urandom(5000))
    assert anywhere(home, "dataset", "scan", str(path), "--wait").returncode == ERROR


def test_a_file_outside_the_folders_for_scans_is_refused_with_the_reason(home: Any) -> None:
    done = anywhere(home, "dataset", "scan", "/etc/passwd", "--wait", "--json")
    assert done.returncode == REFUSED
    assert json.loads(done.stdout)["code"] == "pii.outside_roots"
    assert done.stderr.strip()


def test_a_dataset_nobody_knows_is_refused_with_its_name(home: Any) -> None:
    done = anywhere(home, "dataset", "scan", "nowhere-to-be-seen")
    assert done.returncode == REFUSED
    assert "nowhere-to-be-seen" in done.stderr


def test_promoting_what_nobody_knows_is_refused(home: Any) -> None:
    done = anywhere(home, "promote", "no-such-model", "1", "--to", "production")
    assert done.returncode == REFUSED
    assert done.stdout == ""


def test_a_wrong_token_is_not_signed_in(home: Any) -> None:
    home.wrong = "att_00000000_wrong"
    assert anywhere(home, "promotion", "show", "PR-1", who="wrong").returncode == 6


def test_the_export_verifies_elsewhere_and_continues_the_one_before(home: Any, tmp_path: Path) -> None:
    target = tmp_path / "export"
    first = anywhere(home, "audit", "export", str(target), "--json", who="auditor")
    assert first.returncode == OK, first.stderr
    again = anywhere(home, "audit", "export", str(target), "--json", who="auditor")
    assert again.returncode == OK, again.stderr
    assert json.loads(again.stdout)["size"] >= json.loads(first.stdout)["size"]
    key = (home.data / "audit.vkey").read_text().strip()
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(target, elsewhere)
    verifier = [sys.executable, "-I", str(elsewhere / "verify.py"), str(elsewhere), "--key", key]
    assert subprocess.run(verifier, cwd=tmp_path, check=False).returncode == OK
    assert house.attestry("audit", "verify", str(elsewhere), "--key", key, data=home.data).returncode == OK
    bundle = next(path for path in sorted((elsewhere / "tile" / "entries").rglob("*")) if path.is_file())
    bundle.write_bytes(bundle.read_bytes().replace(b"token.created", b"token.creatEd", 1))
    changed = house.attestry("audit", "verify", str(elsewhere), "--key", key, data=home.data)
    assert changed.returncode == CHECKS
    assert "entry" in changed.stdout


def test_an_export_never_overwrites_a_folder_of_something_else(home: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("do not lose")
    done = anywhere(home, "audit", "export", str(tmp_path / "mine"), who="auditor")
    assert done.returncode == ERROR
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "do not lose"


def test_an_unknown_kind_of_lineage_is_explained(home: Any) -> None:
    done = anywhere(home, "lineage", "show", "x", "--namespace", "n", "--type", "planet")
    assert done.returncode in {REFUSED, USAGE}
    assert done.stderr.strip()
