"""Spanish and Brazilian Portuguese are whole, keep every placeholder, and are compiled as they stand."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

LOCALE = Path(__file__).resolve().parent.parent.parent / "portal" / "locale"
LANGUAGES = ("es", "pt_BR")
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|\{[a-z_]*\}|%%")


def entries(language: str) -> Iterator[dict[str, str]]:
    """Each entry of a catalogue: keyword -> text, as the .po file has it."""
    for block in (LOCALE / language / "LC_MESSAGES" / "django.po").read_text().split("\n\n"):
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
