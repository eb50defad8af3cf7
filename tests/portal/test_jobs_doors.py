from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from jobs import records
from jobs.models import Job


@pytest.fixture
def dead(founded: Any) -> Job:
    """A job that was given up."""
    job = records.enqueue("test.nothing", "id")
    Job.objects.filter(pk=job.pk).update(state=Job.State.DEAD)
    return job


def test_a_job_shows_its_progress_and_never_its_arguments(people: SimpleNamespace, dead: Job) -> None:
    answer = people.ann.api.get(f"/api/v1/jobs/{dead.pk}")
    assert (answer.status_code, answer.json()["state"]) == (200, "dead")
    assert "args" not in answer.json()


def test_a_stranger_and_a_wrong_id_get_the_same_answer(people: SimpleNamespace, dead: Job) -> None:
    stranger = people.eve.api.get(f"/api/v1/jobs/{dead.pk}")
    wrong = people.ann.api.get(f"/api/v1/jobs/{uuid4()}")
    assert stranger.status_code == wrong.status_code == 404
    assert stranger.json() == wrong.json()


def test_an_admin_retries_a_dead_job_by_rest(people: SimpleNamespace, dead: Job) -> None:
    assert people.ann.api.post(f"/api/v1/jobs/{dead.pk}/retry", "", "application/json").status_code == 403
    assert people.adam.api.post(f"/api/v1/jobs/{dead.pk}/retry", "", "application/json").json()["state"] == "queued"
    again = people.adam.api.post(f"/api/v1/jobs/{dead.pk}/retry", "", "application/json")
    assert (again.status_code, again.json()["code"]) == (409, "jobs.not_dead")


def test_an_admin_retries_a_dead_job_in_the_browser(people: SimpleNamespace, dead: Job) -> None:
    assert "given up" in people.adam.client.get("/settings/jobs").content.decode()
    assert people.adam.client.post(f"/settings/jobs/{dead.pk}/retry").status_code == 302
    dead.refresh_from_db()
    assert dead.state == Job.State.QUEUED


def test_health_says_what_is_wrong(people: SimpleNamespace) -> None:
    page = people.adam.client.get("/settings/health").content.decode()
    assert "no worker has given a sign of life" in page


def test_jobs_and_health_speak_the_readers_language(people: SimpleNamespace, dead: Job) -> None:
    Job.objects.filter(pk=dead.pk).update(words="moving the alias", error="Its worker died each time.")
    client = people.adam.client
    client.post("/preferences", {"language": "es", "next": "/settings/jobs"})
    page = client.get("/settings/jobs").content.decode()
    assert "moviendo el alias" in page and "Su proceso de trabajo terminó en cada intento." in page
    page = client.get("/settings/health").content.decode()
    assert "Base de datos" in page and "ningún proceso de trabajo ha dado señales de vida" in page


def test_readiness_needs_a_worker(founded: Any, client: Any, now: Any) -> None:
    assert client.get("/readyz").status_code == 503
    records.heartbeat("here:1", now)
    assert client.get("/readyz").json()["checks"]["worker"] == "ok"
