"""Validates a running consumer against scenarios in the shape of OpenLineage's compatibility tests.

    python -m tests.lineage.validator --url http://127.0.0.1:8000 --token TOKEN --events FOLDER SCENARIO...

`FOLDER/<scenario>/events/*.json` are sent in order; then every test in `scenarios/<scenario>/config.json` asks what
its file in `validation/` says to ask, and compares. An expected object is found where every part of it is found; an
expected list where each of its elements is found in some element. The token needs the roles `ingest` and `viewer`.
"""

import argparse
import json
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

SCENARIOS = Path(__file__).resolve().parent / "scenarios"
Ask = Callable[[str, str, bytes | None], Any]
"""Sends a verb, a path and perhaps a body, and returns the answer's JSON; raises when it is no success."""


def validate(ask: Ask, events: Path, scenario: str) -> Iterator[tuple[str, list[str]]]:
    """Send the events of a scenario; yield each of its tests with what is missing."""
    for path in sorted((events / scenario / "events").glob("*.json")):
        ask("POST", "/api/v1/lineage", path.read_bytes())
    folder = SCENARIOS / scenario
    for test in json.loads((folder / "config.json").read_text())["tests"]:
        said = json.loads((folder / test["path"]).read_text())
        asked = dict(said["ask"])
        answer = ask("GET", f"{asked.pop('path')}?{urlencode(asked)}", None)
        yield f"{scenario}: {test['name']}", list(missing(said["expected"], answer))


def missing(expected: Any, found: Any, at: str = "$") -> Iterator[str]:
    """Yield the places where `found` does not have what is expected."""
    if isinstance(expected, dict):
        for name, one in expected.items():
            if not isinstance(found, dict) or name not in found:
                yield f"{at}.{name} is not there"
            else:
                yield from missing(one, found[name], f"{at}.{name}")
    elif isinstance(expected, list):
        for place, one in enumerate(expected):
            elements = found if isinstance(found, list) else []
            if not any(not list(missing(one, each)) for each in elements):
                yield f"{at}[{place}] is nowhere: {json.dumps(one)}"
    elif expected != found:
        yield f"{at} is {json.dumps(found)}, not {json.dumps(expected)}"


def over_http(url: str, token: str) -> Ask:
    """Ask a running server."""

    def ask(verb: str, path: str, body: bytes | None) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}{path}", body, headers, method=verb)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    return ask


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--url", required=True)
    arguments.add_argument("--token", required=True)
    arguments.add_argument("--events", type=Path, required=True)
    arguments.add_argument("scenarios", nargs="*", default=sorted(path.name for path in SCENARIOS.iterdir()))
    chosen = arguments.parse_args()
    failed = False
    for name in chosen.scenarios:
        for test, gaps in validate(over_http(chosen.url, chosen.token), chosen.events, name):
            print(f"{'FAIL' if gaps else 'ok':<5} {test}", *gaps, sep="\n      " if gaps else "")
            failed |= bool(gaps)
    sys.exit(failed)
