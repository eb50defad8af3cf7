"""Producers with a token, and events of our own making."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

HOUSE = Path(__file__).resolve().parents[2]


@pytest.fixture
def producer(person: Callable[..., Any], payments: Any) -> Any:
    """A service account of the payments team that may ingest and nothing else."""
    return person("Producer", "ingest", payments, kind="service", owner=person("Otto").user)


@pytest.fixture
def say() -> Callable[..., dict[str, Any]]:
    """Make a RunEvent: `say("clean", ["/raw"], ["/clean"])`; names are of files, `models:/x` of models."""
    minutes = itertools.count()

    def make(job: str, read: Any = (), written: Any = (), **more: Any) -> dict[str, Any]:
        event = {
            "eventType": "COMPLETE",
            "eventTime": f"2026-11-20T10:{next(minutes) % 60:02}:00Z",
            "producer": "https://example.org/p",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": str(UUID(int=sum(map(ord, job)) + 2**80))},
            "job": {"namespace": "jobs", "name": job},
            "inputs": [thing(name) for name in read],
            "outputs": [thing(name) for name in written],
        }
        return event | more

    return make


def thing(name: Any) -> dict[str, Any]:
    """A dataset by name; `models:/x@3` is version 3 of a model; a whole dataset stays as it is."""
    if isinstance(name, dict):
        return name
    if not name.startswith("models:/"):
        return {"namespace": "file", "name": name}
    name, _, version = name.partition("@")
    facets = {"version": {"datasetVersion": version}} if version else {}
    return {"namespace": "mlflow://127.0.0.1:5001", "name": name, "facets": facets}


def events_in(path: Path) -> list[dict[str, Any]]:
    """The events of a file: JSON lines, one event, or a list of them."""
    text = path.read_text()
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    found = json.loads(text)
    return found if isinstance(found, list) else [found]


@pytest.fixture
def shared_folder() -> Path:
    """The folder `shared/events`; skips where it is not at hand."""
    places = [above / "shared" / "events" for above in HOUSE.parents]
    folder = next((one for one in places if one.is_dir()), None)
    if folder is None:
        pytest.skip("the recordings of real producers (shared/events) are not on this machine")
    return folder


@pytest.fixture
def shared_events(shared_folder: Path) -> Callable[[str], list[dict[str, Any]]]:
    """The real events below a folder of `shared/events`."""

    def below(part: str) -> list[dict[str, Any]]:
        place = shared_folder / part
        files = [place] if place.is_file() else sorted(p for p in place.rglob("*json") if p.name != "INDEX.json")
        return [event for file in files for event in events_in(file)]

    return below


def post(who: Any, event: Any, path: str = "/api/v1/lineage", **headers: str) -> Any:
    """Send an event, or bytes as they are."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return who.api.post(path, body, content_type="application/json", headers=headers)


@pytest.fixture
def chain(producer: Any, say: Callable[..., dict[str, Any]]) -> None:
    """raw, clean, features, model: four jobs, the first of which reads nothing."""
    for event in (
        say("generate", [], ["/raw"]),
        say("clean", ["/raw"], ["/clean"]),
        say("derive", ["/clean"], ["/features"]),
        say("train", ["/features"], ["models:/fraud@3"]),
    ):
        assert post(producer, event).status_code == 201
