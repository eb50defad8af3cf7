"""Real producers: the OpenLineage client over HTTP, many at once, and a database that is busy."""

import json
import random
import threading
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from openlineage.client import OpenLineageClient, event_v2, facet_v2
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport

from lineage.models import Dataset, Edge, RawEvent, Run
from tests.lineage.test_projection import picture, story, take, wipe

AT = datetime(2026, 11, 20, 10, tzinfo=UTC).isoformat()


def run_event(state="COMPLETE"):
    return event_v2.RunEvent(
        eventTime=AT,
        eventType=event_v2.RunState(state),
        run=event_v2.Run(runId=str(UUID(int=9)), facets={}),
        job=event_v2.Job(namespace="jobs", name="train"),
        inputs=[event_v2.InputDataset(namespace="file", name="/features")],
        outputs=[
            event_v2.OutputDataset(
                namespace="mlflow://127.0.0.1:5001",
                name="models:/fraud",
                facets={"version": facet_v2.dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion="3")},
            )
        ],
        producer="https://example.org/producer",
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_the_openlineage_client_is_understood(producer, live_server, compression):
    from openlineage.client.transport.http import HttpCompression

    config = HttpConfig(
        url=live_server.url,
        auth=ApiKeyTokenProvider({"api_key": producer.token}),
        compression=HttpCompression(compression) if compression else None,
    )
    client = OpenLineageClient(transport=HttpTransport(config))
    client.emit(run_event("START"))
    client.emit(run_event())
    client.emit(
        event_v2.JobEvent(eventTime=AT, job=event_v2.Job(namespace="jobs", name="plan"), producer="https://example.org")
    )
    client.emit(
        event_v2.DatasetEvent(
            eventTime=AT,
            dataset=event_v2.StaticDataset(namespace="file", name="/features"),
            producer="https://example.org",
        )
    )
    assert Run.objects.get(declared=False).state == "COMPLETE"
    assert Dataset.objects.get(type="MODEL").versions.get().version == "3"
    assert sorted(RawEvent.objects.values_list("kind", flat=True)) == ["dataset", "job", "run", "run"]
    assert all(not warnings for warnings in RawEvent.objects.values_list("warnings", flat=True))


@pytest.mark.django_db(transaction=True)
def test_many_producers_at_once_lose_nothing(producer, say, now, payments):
    events = story(say)
    take(events, now, payments.pk)
    expected = picture()
    wipe()
    statuses = []

    def send(seed):
        mine = list(events)
        random.Random(seed).shuffle(mine)
        try:
            for one in mine:
                answer = producer.api.post("/api/v1/lineage", json.dumps(one), content_type="application/json")
                statuses.append(answer.status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(seed,)) for seed in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert statuses == [201] * 4 * len(events)
    assert RawEvent.objects.count() == len(events)
    assert picture() == expected


@pytest.mark.django_db
def test_a_busy_database_is_503_with_retry_after(producer, say, monkeypatch):
    def busy(*_):
        raise OperationalError("database is locked")

    monkeypatch.setattr("lineage.records.raw", busy)
    answer = producer.api.post("/api/v1/lineage", json.dumps(say("a", [], ["/x"])), content_type="application/json")
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) >= 1
    assert not Edge.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/lineage", "/api/v1/lineage/batch"])
def test_no_answer_is_a_redirect(producer, path):
    for method in ("GET", "POST", "PUT", "DELETE"):
        for tail in ("", "/"):
            answer = producer.api.generic(method, f"{path}{tail}", "{}", content_type="application/json")
            assert answer.status_code not in {301, 302, 307, 308, 429}
