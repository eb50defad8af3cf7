"""What can be typed is written down, and what is written down exists: commands, settings, links, locks."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from portal.cli import app
from tests.test_architecture import HOUSE, sources, tree

PAGES = sorted([*HOUSE.glob("*.md"), *(HOUSE / "docs").rglob("*.md")])
OURS = re.compile(r"ATTESTRY_[A-Z_]+|DATABASE_URL|BROKER_URL|MLFLOW_TRACKING_URI|MLFLOW_WEBHOOK_SECRET")
LOCKS = sorted(HOUSE.glob("requirements*.lock"))


def rel(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def settings_read() -> set[str]:
    """Names of our environment variables that appear as literals anywhere in the code."""
    found: set[str] = set()
    for path in sources():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and OURS.fullmatch(node.value):
                found.add(node.value)
    return found - {"ATTESTRY_PORTS"}


def commands() -> Iterator[list[str]]:
    """Every command of `attestry` that is not hidden, as its words."""

    def walk(group: object, words: list[str]) -> Iterator[list[str]]:
        for name, command in getattr(group, "commands", {}).items():
            if not command.hidden:
                yield from walk(command, [*words, name]) if hasattr(command, "commands") else [[*words, name]]

    yield from walk(typer.main.get_command(app), ["attestry"])


def typed_in(page: Path) -> Iterator[list[str]]:
    """The words of every `attestry ...` and `make ...` line inside the page's code blocks."""
    text = page.read_text()
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL) + re.findall(
        r"(?:^    \S.*\n)+", text, re.M
    )
    for line in "\n".join(blocks).splitlines():
        words = shlex.split(line.split("#")[0].strip(), posix=True) if line.count('"') % 2 == 0 else line.split()
        if words and Path(words[0]).name in {"attestry", "make"}:
            yield [Path(words[0]).name, *words[1:]]


def test_every_setting_that_is_explained_exists() -> None:
    explained = set(re.findall(r"^\| `([A-Z_]+)`", (HOUSE / "docs" / "settings.md").read_text(), re.MULTILINE))
    assert explained <= settings_read()


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_is_explained(words: list[str]) -> None:
    assert " ".join(words) in (HOUSE / "docs" / "cli.md").read_text()


@pytest.mark.parametrize("paper", PAGES, ids=rel)
def test_every_command_that_is_shown_exists(paper: Path) -> None:
    known = [" ".join(words) for words in commands()]
    targets = re.findall(r"^(\w+):", (HOUSE / "Makefile").read_text(), re.MULTILINE)
    for words in typed_in(paper):
        if words[0] == "make":
            assert words[1] in targets
        else:
            assert any(" ".join(words).startswith(command) for command in known), words


@pytest.mark.parametrize("paper", PAGES, ids=rel)
def test_every_link_within_the_house_leads_somewhere(paper: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", paper.read_text()):
        if not target.startswith(("http:", "https:", "mailto:", "#")):
            assert (paper.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("lock", LOCKS, ids=rel)
def test_a_lock_has_hashes_and_neither_addresses_nor_paths(lock: Path) -> None:
    text = lock.read_text()
    assert not re.search(r"https?://|file:|--index-url|--find-links|-e |/(home|root|tmp|opt|work)/", text)
    pins = re.findall(r"^([a-z0-9][a-z0-9._-]*)==\S+ \\$", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)), "something is pinned without a hash"
    assert not re.search(r"(?<!\\)\n +--hash", text), "a hash without what it is the hash of"


def test_the_locks_agree() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", (HOUSE / name).read_text(), re.MULTILINE))

    widest = pins("requirements-dev.lock")
    for name in ("requirements.lock", "requirements-demo.lock"):
        assert pins(name).items() <= widest.items()


class TestTheGuardsBite:
    """What is not written down is noticed."""

    def test_the_settings_that_are_read_are_found(self) -> None:
        assert {"ATTESTRY_DATA_DIR", "DATABASE_URL", "BROKER_URL", "ATTESTRY_SCAN_ROOTS"} <= settings_read()

    def test_the_commands_are_found(self) -> None:
        assert {"attestry up", "attestry token create", "attestry dataset scan"} <= {" ".join(w) for w in commands()}

    def test_a_command_in_a_page_is_found(self, tmp_path: Path) -> None:
        (tmp_path / "x.md").write_text("Do:\n\n```\nattestry fly --high\n```\n\n    make coffee\n")
        assert list(typed_in(tmp_path / "x.md")) == [["attestry", "fly", "--high"], ["make", "coffee"]]
