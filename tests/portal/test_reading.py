"""What a request says of itself is not believed: odd charsets are turned away, and files before they are kept."""

import json
import tempfile
from pathlib import Path
from types import SimpleNamespace as Ns
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.portal.asking import ask


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files would go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def big() -> Any:
    return SimpleUploadedFile("zebra.bin", b"z" * 4_000_000)


@pytest.fixture
def written(kept: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Temporary files that were begun, also those that are gone by now."""
    begun: list[str] = []
    make = tempfile.NamedTemporaryFile

    def noted(*args: Any, **kwargs: Any) -> Any:
        begun.append("one")
        return make(*args, **kwargs)

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", noted)
    monkeypatch.setattr("django.core.files.temp.NamedTemporaryFile", noted)
    monkeypatch.setattr("django.core.files.uploadedfile.tempfile.NamedTemporaryFile", noted)
    return begun


@pytest.mark.parametrize("path", ["/account/login", "/preferences", "/access/people/new", "/scans"])
def test_a_form_with_a_file_is_refused_before_any_of_it_is_kept(
    people: Ns, kept: Path, written: list[str], path: str
) -> None:
    for client in (people.ann.client, Client(enforce_csrf_checks=True)):
        answer = client.post(path, {"name": "x", "file": big()})
        assert answer.status_code in {413, 302, 403}, answer.content[:300]
        assert answer.status_code != 302 or answer.headers["Location"].startswith("/account/login")
    assert (written, list(kept.iterdir())) == ([], [])


def test_the_page_says_that_no_files_are_taken(people: Ns) -> None:
    answer = people.ann.client.post("/preferences", {"theme": "dark", "file": big()})
    assert answer.status_code == 413
    assert b"takes no files" in answer.content


@pytest.mark.parametrize("door", ["client", "api"])
def test_rest_takes_no_form_with_a_file(people: Ns, kept: Path, written: list[str], door: str) -> None:
    answer = getattr(people.ann, door).post("/api/v1/promotions", {"file": big()})
    assert answer.status_code in {413, 415}, answer.content[:300]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (written, list(kept.iterdir())) == ([], [])


@pytest.mark.parametrize(
    "charset", ["hex", "rot13", "zlib", "idna", "utf-16", "undefined", "nothing", "\x00", "x" * 5000]
)
@pytest.mark.parametrize("path", ["/api/v1/promotions?a=1", "/account/login?next=%ff"])
def test_a_charset_that_is_not_utf8_is_turned_away(founded: Any, charset: str, path: str) -> None:
    answer = ask(path, body=b"{}", CONTENT_TYPE=f"application/json; charset={charset}")
    assert answer.status in {400, 415}, answer
    if path.startswith("/api"):
        assert json.loads(answer.text)["code"] == "request.charset"
        assert answer.headers["Content-Type"] == "application/problem+json"
    else:
        assert "UTF-8" in answer.text
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("said", ["", "; charset=utf-8", '; charset="UTF-8"', "; charset=us-ascii", "; charset="])
def test_a_charset_that_is_utf8_is_read(people: Ns, said: str) -> None:
    token = f"Bearer {people.adam.token}"
    body = json.dumps({"name": "Grúpo"}).encode()
    answer = ask("/api/v1/groups", body=body, CONTENT_TYPE=f"application/json{said}", HTTP_AUTHORIZATION=token)
    assert answer.status == 201, answer
