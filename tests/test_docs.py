"""What the docs say is checked against the code."""

import re
from pathlib import Path

import pytest

from portal import docs
from portal.sentences import SENTENCES

HOUSE = Path(__file__).resolve().parent.parent


@pytest.mark.django_db
def test_the_pages_that_are_written_from_the_code_are_in_step_with_it() -> None:
    for path, text in docs.pages().items():
        assert path.read_text() == text, f"{path.name}: run `python -m portal.docs`"


@pytest.mark.parametrize("code", docs.codes())
def test_every_refusal_has_its_sentence(code: str) -> None:
    assert SENTENCES.get(code), f"{code} has no words in portal/sentences.py"


def test_every_sentence_is_used() -> None:
    ours = "\n".join(path.read_text() for package in docs.PACKAGES for path in (HOUSE / package).rglob("*.py"))
    assert [code for code in SENTENCES if ours.count(f'"{code}"') < 2] == []


def test_every_setting_is_explained() -> None:
    named = set()
    for path in (HOUSE / "portal").rglob("*.py"):
        named |= set(re.findall(r"environ(?:\.get|\.setdefault)?[\[(]\s*\"([A-Z_]+)\"", path.read_text()))
    explained = (HOUSE / "docs" / "settings.md").read_text()
    assert sorted(name for name in named - {"DJANGO_SETTINGS_MODULE"} if f"`{name}`" not in explained) == []


def test_the_readme_is_short_and_its_commands_exist() -> None:
    readme = (HOUSE / "README.md").read_text()
    assert readme.count("\n") <= 150
    targets = set(re.findall(r"^([a-z]+):", (HOUSE / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", readme)) <= targets


def test_no_document_names_a_place_on_somebodys_machine() -> None:
    for path in [*HOUSE.glob("*.md"), *(HOUSE / "docs").rglob("*.md")]:
        assert not re.search(r"/(root|work|home|opt)/", path.read_text()), path.name


def test_every_entry_that_regulators_are_promised_is_one_the_code_makes() -> None:
    guide = (HOUSE / "docs" / "audit.md").read_text()
    table = guide.split("## What regulators ask for")[1].split("\n## ")[0]
    promised = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", table))
    assert len(promised) > 25
    assert sorted(promised - set(docs.actions())) == []
