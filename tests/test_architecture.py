"""The house checks itself: floors, beats, ceilings and homes, by reading the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent
PACKAGES = ("jobs", "audit", "lineage", "governance", "portal")
ROOMS = {
    "access": 0, "identities": 1, "signin": 1, "catalog": 1, "policies": 2, "pii": 2, "registries": 2, "privacy": 2,
    "promotions": 3, "gate": 4, "reports": 4, "retention": 4,
}  # fmt: skip
BANNED = {"utils", "common", "core", "helpers", "managers", "signals", "mixins"}
WRITES = {"save", "create", "bulk_create", "update", "delete", "get_or_create", "update_or_create", "bulk_update"}
PURE = {
    "sources.py",
    "rules.py", "merkle.py", "canonical.py", "checkpoint.py", "tiles.py", "event.py", "redact.py", "naming.py",
    "graph.py", "draw.py", "fold.py", "formats.py", "quorum.py", "subject.py", "guards.py", "decision.py", "diff.py",
    "statistics.py", "dialects.py", "evidence.py", "headers.py", "names.py", "shapes.py", "leaf.py", "proof.py",
    "ways_back.py", "replay.py", "readable.py",
    "strength.py", "sight.py", "national.py", "checksums.py", "credentials.py", "telephones.py",
    "chosen.py", "seen.py", "expressions.py", "own.py", "lookalikes.py", "prose.py",
}  # fmt: skip
SERVICES = {"services.py", "applying.py", "measuring.py", "copying.py", "editions.py", "choosing.py"}

ONE_FILE = {"audit/offline/verify.py": 1200}
"""What auditors are handed is one file, so it may be longer; its functions may not."""


def sources(root: Path = HOUSE) -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def imports(module: ast.AST) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def functions(module: ast.AST) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef))


def looks_up(path: Path, module: ast.Module) -> list[str]:
    """Imports of a higher floor, or of a room beside or above."""
    here = path.relative_to(HOUSE).parts if path.is_relative_to(HOUSE) else path.parts
    floor = PACKAGES.index(here[0])
    found = []
    for name in imports(module):
        parts = name.split(".")
        if parts[0] in PACKAGES and PACKAGES.index(parts[0]) > floor:
            found.append(name)
        both_rooms = here[0] == parts[0] == "governance" and len(parts) > 1 and len(here) > 2
        if both_rooms and parts[1] != here[1] and ROOMS.get(parts[1], -1) >= ROOMS[here[1]]:
            found.append(name)
    return found


def impure(module: ast.Module) -> list[str]:
    """What a rule imports beyond the standard library, cryptography, and other rules."""
    allowed = ("audit.refusals", "cryptography")
    bad = []
    for name in imports(module):
        first = name.split(".")[0]
        ours = first in PACKAGES and not any(f"{part}.py" in PURE for part in name.split("."))
        theirs = first in {"django", "rest_framework", "celery", "mlflow", "presidio_analyzer"}
        if (ours or theirs) and not name.startswith(allowed) and name != "audit":
            bad.append(name)
    return bad


def missing_beats(module: ast.Module) -> list[str]:
    """Public functions of a `services.py` that are not durable, keyword-only, `actor` first, and logged."""
    bad = []
    for node in module.body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        text = ast.unparse(node)
        durable = any("atomic(durable=True)" in ast.unparse(each) for each in node.decorator_list)
        keyword_only = not node.args.args and node.args.kwonlyargs and node.args.kwonlyargs[0].arg == "actor"
        flags = {each.arg for each in node.args.kwonlyargs} & {"force", "skip", "log", "unsafe"}
        logged = "log.append(" in text or "log.append_new(" in text
        required = re.search(r"\brequire(_\w+)?\(", text) is not None or "@public" in text
        if not (durable and keyword_only and logged and required and ast.get_docstring(node)) or flags:
            bad.append(node.name)
    return bad


def writes(module: ast.Module) -> list[str]:
    """Calls that write through the ORM."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            text = ast.unparse(node.func)
            if ".objects." in text or "_default_manager" in text or node.func.attr == "save":
                found.append(text)
    return found


def too_big(path: Path, module: ast.Module) -> list[str]:
    lines = path.read_text().count("\n")
    ceiling = ONE_FILE.get(rel(path), 400) if path.is_relative_to(HOUSE) else 400
    found = [f"{path.name}: {lines} lines"] if lines > ceiling else []
    for node in functions(module):
        length = (node.end_lineno or 0) - node.lineno + 1
        if length > 40:
            found.append(f"{path.name}:{node.lineno} {node.name}: {length} lines")
    return found


def undocumented(module: ast.Module) -> list[str]:
    return [
        node.name
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]


def rel(path: Path) -> str:
    return str(path.relative_to(HOUSE))


ALL = list(sources())


@pytest.mark.parametrize("path", ALL, ids=rel)
def test_nothing_imports_upward(path: Path) -> None:
    assert looks_up(path, tree(path)) == []


@pytest.mark.parametrize("path", ALL, ids=rel)
def test_everything_stays_below_its_ceiling(path: Path) -> None:
    assert too_big(path, tree(path)) == []


@pytest.mark.parametrize("path", [p for p in ALL if p.name in PURE], ids=rel)
def test_rules_know_no_framework(path: Path) -> None:
    assert impure(tree(path)) == []


@pytest.mark.parametrize("path", [p for p in ALL if p.name in SERVICES], ids=rel)
def test_a_service_has_its_beats(path: Path) -> None:
    assert missing_beats(tree(path)) == []


@pytest.mark.parametrize(
    "path", [p for p in ALL if p.name in {"api.py", "views.py", "selectors.py"} and p.parts[-2] != "jobs"], ids=rel
)
def test_doors_and_selectors_write_nothing(path: Path) -> None:
    assert writes(tree(path)) == []


@pytest.mark.parametrize(
    "path",
    [p for p in ALL if p.name in PURE | SERVICES | {"selectors.py", "records.py", "log.py", "tasks.py"}],
    ids=rel,
)
def test_promises_are_written_down(path: Path) -> None:
    assert undocumented(tree(path)) == []


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    assert [rel(path) for path in ALL if path.stem in BANNED or BANNED & set(path.relative_to(HOUSE).parts)] == []


class TestTheGuardsBite:
    """Each guard is fed a small violation and must catch it."""

    def test_an_upward_import_is_caught(self) -> None:
        assert looks_up(HOUSE / "audit" / "x.py", ast.parse("from governance.access import models"))
        assert looks_up(HOUSE / "governance" / "catalog" / "x.py", ast.parse("import governance.pii.models"))

    def test_an_impure_rule_is_caught(self) -> None:
        assert impure(ast.parse("from django.db import models"))
        assert impure(ast.parse("from jobs.models import Job"))

    @pytest.mark.parametrize(
        "service",
        [
            "def a(*, actor):\n    '''D.'''\n    require(actor)\n    log.append()",
            "@transaction.atomic(durable=True)\ndef a(actor):\n    '''D.'''\n    require(actor)\n    log.append()",
            "@transaction.atomic(durable=True)\ndef a(*, actor):\n    '''D.'''\n    require(actor)",
            "@transaction.atomic(durable=True)\ndef a(*, actor):\n    '''D.'''\n    log.append()",
            "@transaction.atomic(durable=True)\ndef a(*, actor):\n    require(actor)\n    log.append()",
            "@transaction.atomic(durable=True)\ndef a(*, actor, skip):\n    'D'\n    require(actor)\n    log.append()",
        ],
    )
    def test_a_service_that_skips_a_beat_is_caught(self, service: str) -> None:
        assert missing_beats(ast.parse(service)) == ["a"]

    def test_a_door_that_writes_is_caught(self) -> None:
        assert writes(ast.parse("Job.objects.filter(pk=1).update(state='x')"))
        assert writes(ast.parse("row.save()"))

    def test_a_long_function_is_caught(self, tmp_path: Path) -> None:
        path = tmp_path / "x.py"
        path.write_text("def f():\n" + "    x = 1\n" * 41)
        assert too_big(path, tree(path))
