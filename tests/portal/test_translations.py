"""Spanish and Brazilian Portuguese are whole, keep every placeholder, and are compiled as they stand."""

import ast
import gettext
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

HOUSE = Path(__file__).resolve().parent.parent.parent
LOCALE = HOUSE / "portal" / "locale"
LANGUAGES = ("es", "pt_BR")
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|\{[a-z_]*\}|%%")


def entries(language: str, locale: Path = LOCALE) -> Iterator[dict[str, str]]:
    """Each entry of a catalogue: keyword -> text, as the .po file has it."""
    for block in (locale / language / "LC_MESSAGES" / "django.po").read_text().split("\n\n"):
        entry: dict[str, str] = {}
        for line in block.splitlines():
            found = re.match(r'(msg[a-z_]+(?:\[\d\])?) (".*")$', line)
            if found:
                keyword = found[1]
                entry[keyword] = ast.literal_eval(found[2])
            elif line.startswith('"'):
                entry[keyword] += ast.literal_eval(line)
            elif line.startswith("#, ") and "fuzzy" in line:
                entry["fuzzy"] = line
        if entry.get("msgid"):
            yield entry


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_untranslated(language: str) -> None:
    found = list(entries(language))
    assert len(found) > 1000
    assert [
        entry["msgid"] for entry in found if "fuzzy" in entry or not entry.get("msgstr", entry.get("msgstr[0]"))
    ] == []


def asked(language: str, locale: Path) -> set[tuple[str, str, str]]:
    """What a catalogue has words for: context, text and plural of each entry."""
    return {
        (each.get("msgctxt", ""), each["msgid"], each.get("msgid_plural", "")) for each in entries(language, locale)
    }


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Catalogues made afresh, beside a copy of the code, of every string in it that can be translated."""
    for tool in ("xgettext", "msgmerge", "msguniq", "msgattrib"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool}: install gettext")
    copy = tmp_path_factory.mktemp("gathered")
    for room in ("audit", "governance", "jobs", "lineage", "portal", "templates"):
        shutil.copytree(
            HOUSE / room, copy / room, ignore=shutil.ignore_patterns("__pycache__", "static", "*.po", "*.mo")
        )
    shutil.copy(HOUSE / "manage.py", copy)
    command = [sys.executable, "manage.py", "makemessages", "--no-location", "--no-obsolete", "--no-wrap"]
    languages = [word for language in LANGUAGES for word in ("-l", language)]
    subprocess.run(
        [*command, *languages], cwd=copy, check=True, capture_output=True, env=os.environ | {"PYTHONPATH": str(copy)}
    )
    return copy / "portal" / "locale"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_of_the_code_is_in_the_catalogue_and_no_other(gathered: Path, language: str) -> None:
    found, kept = asked(language, gathered), asked(language, LOCALE)
    assert len(found) > 1000
    assert (found - kept, kept - found) == (set(), set())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_placeholder_is_kept(language: str) -> None:
    wrong = []
    for entry in entries(language):
        wanted = set(PLACEHOLDER.findall(entry["msgid"])) | set(PLACEHOLDER.findall(entry.get("msgid_plural", "")))
        said = [text for keyword, text in entry.items() if keyword.startswith("msgstr")]
        wrong += [text for text in said if not set(PLACEHOLDER.findall(text)) <= wanted]
        # %% is a per cent sign, which a language may write without
        if "msgstr" in entry and set(PLACEHOLDER.findall(entry["msgstr"])) - {"%%"} != wanted - {"%%"}:
            wrong.append(entry["msgid"])
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_the_one_that_is_read(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in entries(language):
        if "msgstr" in entry and "msgctxt" not in entry:
            assert compiled.gettext(entry["msgid"]) == entry["msgstr"]


@pytest.mark.parametrize(("language", "word"), [("es", "Bandeja"), ("pt-br", "Caixa")])
def test_a_reader_sees_their_language(people: SimpleNamespace, language: str, word: str) -> None:
    client = people.olga.client
    client.post("/preferences", {"language": language, "next": "/approvals"})
    page = client.get("/approvals").content.decode()
    assert f'lang="{language}"' in page
    assert word in page
