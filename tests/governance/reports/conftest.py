"""A model that was trained twice, as its producers told it."""

import json
from datetime import UTC, datetime

import pytest

from governance.catalog.models import Asset, Version
from tests.governance.reports.made import event, file, model


@pytest.fixture
def told(person, payments):
    """Two trainings: version 1 from the first features, version 2 after they were made again."""
    producer = person("Pipeline", "ingest", payments)
    events = [
        event("generate", [], [file("/raw")], 1),
        event("derive", ["/raw"], [file("/features")], 2),
        event("train", ["/features"], [model("1")], 3),
        event("derive", ["/raw", "/more"], [file("/features")], 4),
        event("train", ["/features"], [model("2")], 5),
        event("score", [], [file("/scores")], 6, inputs=[model("2")]),
    ]
    for one in events:
        answer = producer.api.post("/api/v1/lineage", json.dumps(one), content_type="application/json")
        assert answer.status_code == 201
    return [json.dumps(one, sort_keys=True, separators=(",", ":")) for one in events]


@pytest.fixture
def version(told, payments, now):
    asset = Asset.objects.create(kind="model", key="k", namespace="mlflow://h:5001", name="fraud", scope=payments)
    long_ago = datetime(2026, 11, 20, 11, tzinfo=UTC)
    return Version.objects.create(asset=asset, label="2", created_at=long_ago, seen_at=now, code_commit="abc123")
