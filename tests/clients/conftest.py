"""A portal as anybody starts it, and real producers that know nothing of it but its address and a token."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.clients.venvs import installed
from tests.running import READY, Portal, Reader

FOLDER = os.environ.get("ATTESTRY_CLIENTS")
"""Where the environments of the clients lie; these tests are for `.ci/clients`, which names one."""
collect_ignore_glob = [] if FOLDER else ["test_*.py"]
PROJECTS = Path(__file__).parent / "projects"


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """`attestry up`, without the demo."""
    one = Portal(tmp_path_factory.mktemp("portal") / "data")
    try:
        one.start(until=READY, demo=False)
        yield one
    finally:
        if one.process is not None and one.process.poll() is None:
            one.stop()


@dataclass
class Told:
    """What the portal made of what a client told."""

    reader: Reader

    def graph(self, namespace: str, name: str, **more: str) -> dict[str, Any]:
        """The graph around one thing."""
        asked = {"namespace": namespace, "name": name, "columns": "1", "max_nodes": "1000", **more}
        answer: dict[str, Any] = self.reader.json("GET", f"/api/v1/lineage?{urlencode(asked)}")
        assert not answer["truncated"] and not answer["hidden_nodes"]
        return answer

    def steps(self, namespace: str, name: str, **more: str) -> set[tuple[str, str, str]]:
        """The steps of the graph around one thing: from a dataset by a job to a dataset, by name."""
        graph = self.graph(namespace, name, **more)
        names = {node["id"]: node["name"] for node in graph["nodes"]}
        jobs = {node["id"] for node in graph["nodes"] if node["type"] == "job"}
        into = [(edge["from"], edge["to"]) for edge in graph["edges"] if edge["to"] in jobs]
        out = [(edge["from"], edge["to"]) for edge in graph["edges"] if edge["from"] in jobs]
        return {(names[one], names[job], names[other]) for one, job in into for by, other in out if by == job}

    def columns(self, namespace: str, name: str) -> set[tuple[str, str]]:
        """The steps between columns around one thing, as `dataset.column`."""
        ends = [(one["from"], one["to"]) for one in self.graph(namespace, name)["column_edges"]]
        named = [tuple(f"{end['dataset'].rpartition(':')[2]}.{end['field']}" for end in pair) for pair in ends]
        return {(one, other) for one, other in named}

    def details(self, **asked: str) -> dict[str, Any]:
        """All that is known of one thing."""
        found: dict[str, Any] = self.reader.json("GET", f"/api/v1/lineage/details?{urlencode(asked)}")
        return found


@pytest.fixture(scope="session")
def told(portal: Portal) -> Told:
    return Told(portal.reader(portal.token("auditor")))


@dataclass
class Client:
    """One client in its environment, in a copy of its project."""

    bin: Path
    project: Path
    env: dict[str, str]

    def run(self, *command: str, seconds: float = 600, **env: str) -> str:
        """Run one of its commands as its own documentation says, and return what it said."""
        argv = [str(self.bin / command[0]), *command[1:]]
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            argv, cwd=self.project, env={**self.env, "PATH": path, **env}, text=True, check=False, timeout=seconds,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-8000:]
        return done.stdout


@pytest.fixture
def client(portal: Portal, tmp_path: Path) -> Callable[[str], Client]:
    """Make a client by name; it gets a token of its own, and nothing else that this process knows."""

    def make(name: str) -> Client:
        project = tmp_path / name
        shutil.copytree(PROJECTS / name, project)
        plain = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR") if key in os.environ}
        token = portal.attestry(
            "token", "create", "--name", f"{name}-{time.time_ns()}", "--role", "ingest"
        ).stdout.strip()
        env = {**plain, "OPENLINEAGE_URL": portal.url, "OPENLINEAGE_API_KEY": token}
        return Client(installed(name, Path(str(FOLDER))), project, env)

    return make


def events(text: str) -> list[dict[str, Any]]:
    """The OpenLineage events in what a client wrote line by line."""
    found = []
    for line in text.splitlines():
        if '"eventTime"' in line:
            found.append(json.JSONDecoder().raw_decode(line, line.index("{"))[0])
    return found
