"""A database that is away while a page is made: 503 in plain words on every door, never "something went wrong"."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import services

ASKED = """
import django, json, sys
django.setup()
from governance.signin.rules import RANDOM_BYTES, mint
from tests.portal.asking import ask
found = []
for cookie in ("", "attestry=abcdefghijklmnopqrstuvwxyz123456"):
    for method, path in (("GET", "/"), ("GET", "/models"), ("POST", "/account/login"), ("GET", "/account/login"),
                         ("GET", "/api/v1/models"), ("POST", "/api/v1/groups")):
        for token in ("", f"Bearer {mint(bytes(RANDOM_BYTES)).text}"):
            heard = ask(path, method, HTTP_COOKIE=cookie, HTTP_AUTHORIZATION=token)
            found.append([method, path, heard.status, heard.headers, heard.text])
print(json.dumps(found))
"""
ROOT = Path(__file__).resolve().parents[2]


def check(url: str, data: Path) -> None:
    """Ask a process of its own, whose database is `url`."""
    environment = {
        **os.environ, "DATABASE_URL": url, "ATTESTRY_DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    said = subprocess.run(
        [sys.executable, "-c", ASKED],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert said.returncode == 0, said.stderr[-2000:]
    answers = json.loads(said.stdout.splitlines()[-1])
    assert len(answers) == 24
    for method, path, status, headers, text in answers:
        assert status == 503, (method, path, status, text[:300])
        assert headers["Retry-After"]
        if path.startswith("/api"):
            assert headers["Content-Type"] == "application/problem+json"
            assert json.loads(text)["code"] == "request.busy"
        else:
            assert "Nothing was changed; try again" in text
            assert 'href="/"' in text and "</html>" in text


def test_with_a_postgresql_that_was_stopped(tmp_path: Path) -> None:
    if services.postgresql_folder() is None:
        pytest.skip(services.HOW_TO_GET["postgresql"])
    with services.postgresql() as url:
        pass
    check(url, tmp_path)


def test_with_a_sqlite_file_in_no_folder(tmp_path: Path) -> None:
    check(f"sqlite:{tmp_path}/nowhere/attestry.sqlite3", tmp_path)
