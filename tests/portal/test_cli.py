"""The command line as scripts see it: quick to start, data on stdout, words on stderr, telling exit codes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portal import remote
from portal.client import CHECKS, ERROR, OK, PENDING, REFUSED, SIGNED_OUT, USAGE
from tests.portal import house

HEAVY = (
    "django",
    "celery",
    "rest_framework",
    "rich",
    "httpx",
    "httpx2",
    "granian",
    "mlflow",
    "pyarrow",
    "cryptography",
)
NEVER_SET: dict[str, str] = {}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path / "data"


def test_the_command_line_imports_nothing_heavy() -> None:
    code = f"import sys, portal.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=house.ROOT)
    assert done.stdout.strip() == "[]"


def test_a_command_for_anywhere_stays_light_to_its_end(data: Path) -> None:
    code = f"""
import sys, portal.cli
sys.argv = ["attestry", "promotion", "show", "PR-1"]
try: portal.cli.main()
except SystemExit as end: print(end.code, [name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=house.environment(data)
    )
    assert done.stdout.strip() == f"{USAGE} []"


def test_help_names_every_command(data: Path) -> None:
    words = house.attestry("--help", data=data).stdout
    for command in ("up", "migrate", "web", "worker", "token", "backup", "restore", "doctor", "dataset", "promote",
                    "promotion", "lineage", "audit"):  # fmt: skip
        assert f"  {command} " in words
    assert "prepare" not in words


def test_a_mistake_in_usage_is_exit_code_2(data: Path) -> None:
    assert house.attestry("promote", "model-only", data=data).returncode == USAGE


def test_without_a_token_one_is_told_so(data: Path) -> None:
    done = house.attestry("promotion", "show", "PR-1", data=data, ATTESTRY_URL="http://127.0.0.1:9")
    assert done.returncode == SIGNED_OUT
    assert done.stdout == ""
    assert "ATTESTRY_TOKEN" in done.stderr


def test_a_server_command_without_a_data_directory_says_what_to_do(tmp_path: Path) -> None:
    done = house.attestry("doctor", data=tmp_path / "nowhere")
    assert done.returncode == ERROR
    assert "attestry migrate" in done.stderr
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("arguments", [["audit", "verify"], ["audit", "verify", "x", "--database"]])
def test_verifying_needs_exactly_one_thing_to_verify(arguments: list[str], data: Path) -> None:
    assert house.attestry(*arguments, data=data).returncode == USAGE


def test_verifying_an_export_needs_a_key_given_by_hand(data: Path) -> None:
    done = house.attestry("audit", "verify", str(data), data=data)
    assert done.returncode == USAGE
    assert "--key" in done.stderr


@pytest.mark.slow
def test_a_token_is_alone_on_stdout_and_json_has_it_by_name(data: Path) -> None:
    assert house.attestry("migrate", data=data).returncode == OK
    arguments = ("token", "create", "--name", "ci", "--role", "request,ingest")
    plain = house.attestry(*arguments, data=data)
    assert plain.returncode == OK, plain.stderr
    assert len(plain.stdout.splitlines()) == 1
    assert plain.stdout.startswith("att_")
    assert json.loads(house.attestry(*arguments, "--json", data=data).stdout)["token"].startswith("att_")


@pytest.mark.slow
def test_a_token_with_a_role_that_decides_is_refused(data: Path) -> None:
    house.attestry("migrate", data=data)
    done = house.attestry("token", "create", "--name", "ci", "--role", "admin", data=data)
    assert done.returncode == REFUSED
    assert done.stdout == ""


@pytest.mark.slow
def test_migrating_twice_harms_nothing_and_the_doctor_misses_only_the_worker(data: Path) -> None:
    for _ in range(2):
        assert house.attestry("migrate", data=data).returncode == OK
    seen = house.attestry("doctor", "--json", data=data)
    findings = json.loads(seen.stdout)["findings"]
    assert [each["about"] for each in findings if each["result"] == "wrong"] == ["worker"]
    assert seen.returncode == ERROR


@pytest.mark.slow
def test_the_doctor_sees_open_doors(data: Path) -> None:
    house.attestry("migrate", data=data)
    data.chmod(0o755)
    (data / "audit.key").chmod(0o644)
    words = house.attestry("doctor", data=data).stdout
    assert f"chmod 700 {data}" in words
    assert f"chmod 600 {data / 'audit.key'}" in words


def scan(**more: Any) -> dict[str, Any]:
    return {"id": "s", "state": "done", "verdict": "clean_full", "columns": []} | more


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (scan(), OK),
        (scan(verdict="clean_sampled"), OK),
        (scan(verdict="findings"), CHECKS),
        (scan(verdict="incomplete"), ERROR),
        (scan(verdict="unreadable"), ERROR),
        (scan(state="failed", verdict=None), ERROR),
        (scan(state="running", verdict=None), PENDING),
    ],
)
def test_a_scans_exit_code(seen: dict[str, Any], code: int) -> None:
    assert remote.scan_code(seen) == code


@pytest.mark.parametrize(
    ("state", "result", "code"),
    [
        ("applied", "pass", OK),
        ("rejected", "pass", REFUSED),
        ("changes_requested", "pass", REFUSED),
        ("superseded", "pass", OK),
        ("in_review", "pass", PENDING),
        ("in_review", "waived", PENDING),
        ("in_review", "fail", CHECKS),
        ("in_review", "missing", CHECKS),
    ],
)
def test_a_requests_exit_code(state: str, result: str, code: int) -> None:
    assert remote.promotion_code({"state": state, "checks": [{"name": "metrics", "result": result}]}) == code


def test_a_scan_reads_well() -> None:
    entity = {"type": "EMAIL_ADDRESS", "share": 0.997, "low": 0.991, "high": 1}
    column = {"path": "email", "verdict": "findings", "entities": [entity]}
    words = remote.scan_words(scan(verdict="findings", columns=[column]))
    assert "EMAIL_ADDRESS 99.7 % (99.1 to 100.0)" in words
