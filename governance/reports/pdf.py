"""Documents for people to keep: PDF/A-3 with the data they were made from attached, by typst.

A template (`typeset/<name>.typ`) and its data are all that goes in: no font, file, package or clock of the machine. The
data reaches the template as JSON that it reads, never as part of its source, so nothing in it is ever taken for
markup. The same data as of the same time gives the same bytes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

TEMPLATES = Path(__file__).parent / "typeset"
STANDARDS = ["a-3a", "ua-1"]
"""PDF/A-3, the one that may carry other files, with the structure that screen readers need (PDF/UA-1)."""
LONGEST = 2_000
"""How many characters of a text stand in a document; what it was made from is attached whole."""
_SHOWN = (
    (0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x2AF), (0x384, 0x38A), (0x38E, 0x3A1), (0x3A3, 0x3CE), (0x400, 0x45F),
    (0x1EA0, 0x1EF9), (0x2010, 0x2015), (0x2018, 0x2027), (0x2030, 0x2037), (0x20A0, 0x20B5), (0x2190, 0x21FF),
    (0x2260, 0x2265), (0x2500, 0x25FF),
)  # fmt: skip
"""What the fonts inside typst can show, upright and bold; PDF/A allows nothing that no font has."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a document is made of: a template, its title and time, its data, and the files it shows or carries.

    `data` is what the template may read; `files` are pictures it draws; `attached` travels in the PDF, byte for byte.
    """

    template: str
    title: str
    at: datetime
    data: Mapping[str, Any]
    attached: tuple[str, bytes]
    files: Mapping[str, bytes] = field(default_factory=dict)


def made(document: Document) -> bytes:
    """Return a document as PDF."""
    name, attachment = document.attached
    about = {"title": document.title, "at": _parts(document.at), "attached": name, **document.data}
    parts = {f"{path.stem}.typ": path.read_bytes() for path in TEMPLATES.glob("*.typ")}
    given: dict[str, Any] = {
        **parts,
        **document.files,
        "main.typ": parts[f"{document.template}.typ"],
        "data.json": json.dumps(shown(about), sort_keys=True).encode(),
        name: attachment,
    }
    moment = int(document.at.timestamp())
    # its stubs do not know that it takes files in memory
    compiled: Callable[..., bytes] = typst.compile
    return compiled(given, format="pdf", ignore_system_fonts=True, pdf_standards=STANDARDS, timestamp=moment)


def shown(value: Any) -> Any:
    """Return data as a document can show it: no text is longer than `LONGEST`, none has a character without a glyph."""
    if isinstance(value, str):
        cut = f" … ({len(value) - LONGEST} more characters)" if len(value) > LONGEST else ""
        return printable(value[:LONGEST] + cut)
    if isinstance(value, Mapping):
        return {key: shown(one) for key, one in value.items()}
    return [shown(one) for one in value] if isinstance(value, list | tuple) else value


def printable(text: str) -> str:
    """Return a text in which every character that no font has stands as its number, `[U+4F60]`."""
    return "".join(one if _has(one) else _number(one) for one in text)


def _has(one: str) -> bool:
    return any(first <= ord(one) <= last for first, last in _SHOWN)


def _number(one: str) -> str:
    return {"\n": "\n", "\t": "    ", "\r": ""}.get(one) or f"[U+{ord(one):04X}]"


def _parts(at: datetime) -> dict[str, int]:
    return {name: getattr(at, name) for name in ("year", "month", "day", "hour", "minute", "second")}
