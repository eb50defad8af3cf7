"""A worker killed at random moments of its scans: they are done again by themselves, once, and never end as clean."""

import json
import subprocess
import sys

import pytest

from tests.running import HOUSE


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_worker_that_is_killed_again_and_again_loses_no_scan(kind: str, request: pytest.FixtureRequest) -> None:
    if kind == "postgresql":
        request.getfixturevalue("postgresql_url")  # where there is none, this says so
    command = [sys.executable, "-m", "tests.drills.scans", "--scans", "1", "--kills", "3", "--on", kind]
    done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["kills"] >= 1 and told["wrong"] == []
