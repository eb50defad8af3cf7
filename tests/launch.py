"""`make test`: the suite on SQLite, then on PostgreSQL, with Redis and a browser where they are found.

Tests of one process share the cores. Those that start portals or browsers run one after another, on their own.

It never installs anything, and ends with what was skipped and why. `ATTESTRY_TEST_REQUIRE=postgresql,redis,browser`
turns a missing one into a failure. Anything on the command line is handed to pytest:
`python -m tests.launch --on sqlite tests/audit -x`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests import services

ROOT = Path(__file__).resolve().parent.parent
ONCE = "slow or browser"
"""Marks of tests that do not depend on the database: like those that ask for none, they run with the first one only."""
CORES = os.cpu_count() or 1
NOTHING_FOUND = 5
"""pytest's exit code when no test was chosen."""


@dataclass
class Outcome:
    """What one run of pytest came to."""

    database: str
    code: int
    seconds: float
    ran: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


def required(environment: str) -> set[str]:
    """The services named in ATTESTRY_TEST_REQUIRE; an unknown name is a mistake worth stopping for."""
    names = {name.strip() for name in environment.split(",") if name.strip()}
    if unknown := names - set(services.SERVICES):
        raise SystemExit(
            f"ATTESTRY_TEST_REQUIRE names {', '.join(sorted(unknown))}; known: {', '.join(services.SERVICES)}"
        )
    return names


def read_report(path: Path) -> tuple[int, Counter[str]]:
    """How many tests ran, and the reasons of those that were skipped, from pytest's JUnit report."""
    ran, reasons = 0, Counter[str]()
    if path.exists():
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            skipped = case.find("skipped")
            if skipped is None:
                ran += 1
            elif skipped.get("type") != "pytest.xfail":
                reasons[skipped.get("message", "no reason given")] += 1
    return ran, reasons


def run(database: str, urls: list[str], arguments: list[str]) -> Outcome:
    """Run pytest in a process of its own, so that settings see the database from their first line.

    Each process that pytest itself starts gets another of `urls`: roles belong to a whole cluster.
    """
    with tempfile.TemporaryDirectory(prefix="att-data-") as data:
        report = Path(data) / "report.xml"
        environment = {**os.environ, "DATABASE_URL": "".join(urls[:1]), services.EACH: " ".join(urls)}
        # the many processes that tests start share what the first one compiled
        for inherited in (
            "PYTHONDONTWRITEBYTECODE",
            "BROKER_URL",
            "ATTESTRY_URL",
            "ATTESTRY_TOKEN",
            "ATTESTRY_BASE_URL",
            "MLFLOW_TRACKING_URI",
        ):
            environment.pop(inherited, None)
        print(f"\n=== pytest on {database}", flush=True)
        begun = time.monotonic()
        argv = [sys.executable, "-m", "pytest", f"--junitxml={report}", "-p", "no:cacheprovider", *arguments]
        code = subprocess.run(argv, cwd=ROOT, env=environment, check=False).returncode
        ran, reasons = read_report(report)
        return Outcome(database, code, time.monotonic() - begun, ran, reasons)


def parts(rest: list[str], *, first: bool) -> list[list[str]]:
    """What is added to the command line for each run of pytest on one database; nothing where marks are chosen."""
    if "-m" in rest:
        return [[]]
    quick = ["-m", f"not ({ONCE})", "-n", str(CORES)]
    return [quick, ["-m", ONCE]] if first else [[*quick, "--only-with-database"]]


def summary(outcomes: list[Outcome], absent: dict[str, str]) -> list[str]:
    """The last words: what ran where, and what did not and why."""
    lines = []
    for outcome in outcomes:
        verdict = "passed" if outcome.code == 0 else f"FAILED (pytest exit code {outcome.code})"
        lines.append(f"{outcome.database}: {outcome.ran} tests in {outcome.seconds:.0f} s, {verdict}")
        lines += [f"  skipped {count}: {reason}" for reason, count in sorted(outcome.skipped.items())]
    lines += [f"not tested with {name}: {why}" for name, why in absent.items()]
    if not absent and not any(outcome.skipped for outcome in outcomes):
        lines.append("nothing was skipped")
    return lines


def main(arguments: list[str]) -> int:
    """Run what can be run; the exit code is 0 only when all of it passed and nothing required was missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.launch", description=__doc__)
    parser.add_argument("--on", choices=("sqlite", "postgresql"), action="append", help="only this database")
    options, rest = parser.parse_known_args(arguments)
    absent = services.missing()
    lacking = required(os.environ.get("ATTESTRY_TEST_REQUIRE", "")) & absent.keys()
    databases = [name for name in options.on or ("sqlite", "postgresql") if name not in absent]
    outcomes: list[Outcome] = []
    for database in databases:
        with ExitStack() as stack:
            clusters = CORES if database == "postgresql" else 0
            urls = [stack.enter_context(services.postgresql()) for _ in range(clusters)]
            done = [run(database, urls, [*part, *rest]) for part in parts(rest, first=not outcomes)]
            outcomes += [each for each in done if each.code != NOTHING_FOUND] or done
    print("\n" + "\n".join(summary(outcomes, absent)))
    for name in sorted(lacking):
        print(f"required by ATTESTRY_TEST_REQUIRE and missing: {name}", file=sys.stderr)
    return int(bool(lacking) or not outcomes or any(outcome.code for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
