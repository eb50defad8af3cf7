"""The tables in the docs that are read off the code: refusal codes, audit actions, API paths, facets.

`python -m portal.docs` writes `docs/reference.md` and the pages about facets again; a test fails while they are out of
step.
"""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import django
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import translation

from portal.actions import Site
from portal.actions import sites as named

HOUSE = Path(__file__).resolve().parent.parent
PAGE = HOUSE / "docs" / "reference.md"
PACKAGES = ("jobs", "audit", "lineage", "governance", "portal")
REFUSALS = {"Refused", "Malformed", "NotSignedIn", "Forbidden", "NotSeen", "Conflict", "Invalid", "Unavailable"}
VERBS = ("get", "post", "put", "patch", "delete")
INTRODUCTION = """# Reference

This page is written by `python -m portal.docs` from the code; do not edit it by hand.
"""


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield every call in our own code with the name that is called."""
    for package in PACKAGES:
        for path in sorted((HOUSE / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield ast.unparse(node.func).rpartition(".")[2], node


def codes() -> dict[str, str]:
    """Return every refusal code raised somewhere, with the class that carries it."""
    found = {}
    for name, call in calls():
        if name in REFUSALS and call.args and isinstance(call.args[0], ast.Constant):
            found[str(call.args[0].value)] = name
    return dict(sorted(found.items()))


def actions() -> list[str]:
    """Return every action the log can name."""
    return sorted({action for site in sites() for action in site.actions})


def sites() -> list[Site]:
    """Return every place in our own code that gives the log an action."""
    return named([path for package in PACKAGES for path in sorted((HOUSE / package).rglob("*.py"))])


def addresses(resolver: URLResolver, before: str = "/") -> Iterator[tuple[str, URLPattern]]:
    """Yield every address and its pattern below `resolver`."""
    for pattern in resolver.url_patterns:
        address = before + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, address)
        else:
            yield address, pattern


def endpoints() -> list[tuple[str, str, str]]:
    """Return each machine address with its verb and the first line of what it promises."""
    found: list[tuple[str, str, str]] = []
    for address, pattern in addresses(get_resolver()):
        if address.startswith(("/api/", "/access/v1/", "/.well-known/")):
            found.extend((address, verb, says) for verb, says in promises(pattern.callback))
    return sorted(found)


def promises(view: object) -> Iterator[tuple[str, str]]:
    """Yield each verb a view answers, and the first line of its promise."""
    shown = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if shown is None:
        yield "", first_line(getattr(view, "__doc__", ""))
        return
    for verb in VERBS:
        method = getattr(shown, verb, None)
        if method is not None:
            yield verb.upper(), first_line(method.__doc__ or shown.__doc__)


def first_line(text: str | None) -> str:
    """Return the first line of a docstring."""
    return (text or "").strip().partition("\n")[0]


def page() -> str:
    """Return the whole page."""
    from portal.sentences import SENTENCES  # noqa: PLC0415 - needs Django's settings

    with translation.override("en"):
        rows = [f"| `{code}` | {kind} | {SENTENCES.get(code, '')} |" for code, kind in codes().items()]
    paths = [f"| {verb} | `{address}` | {says} |" for address, verb, says in endpoints()]
    return "\n".join(
        [
            INTRODUCTION,
            "## Refusal codes\n\n| code | kind | sentence |\n|---|---|---|",
            *rows,
            "\n## Actions in the audit log\n",
            *(f"- `{action}`" for action in actions()),
            "\n## API\n\n| verb | path | promise |\n|---|---|---|",
            *paths,
            "",
        ]
    )


def pages() -> dict[Path, str]:
    """Return every file below `docs/` that is written from the code."""
    from lineage import conformance  # noqa: PLC0415 - needs Django's settings

    folder = HOUSE / "docs"
    return {
        PAGE: page(),
        folder / "facets.md": conformance.page(),
        folder / "openlineage" / "mapping.json": conformance.mapping_text(),
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    for written, text in pages().items():
        written.parent.mkdir(exist_ok=True)
        written.write_text(text)
