"""What every page shares: navigation, preferences, refusals in words."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_theme_and_a_language_are_remembered_and_the_reader_goes_back(people: SimpleNamespace) -> None:
    client = people.ann.client
    answer = client.post("/preferences", {"theme": "dark", "language": "es", "next": "/models?kind=x"})
    assert answer.headers["Location"] == "/models?kind=x"
    page = client.get("/no-such-page").content.decode()
    assert 'data-theme="dark"' in page
    assert '<html lang="es"' in page


@pytest.mark.parametrize("away", ["https://evil.example", "//evil.example", "javascript:alert(1)", "\\\\evil", ""])
def test_preferences_never_send_anybody_elsewhere(client: Client, away: str) -> None:
    assert client.post("/preferences", {"next": away}).headers["Location"] == "/"


def test_preferences_remember_nothing_unknown(client: Client) -> None:
    assert not client.post("/preferences", {"theme": "x';--", "language": "tlh"}).cookies


def test_a_missing_page_says_what_to_do_next_with_the_way_back(people: SimpleNamespace) -> None:
    answer = people.eve.client.get("/no-such-page")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "There is nothing here that you can see" in page
    assert page.count("<h1>") == 1
    assert 'href="/models"' in page
    assert "not_seen" in page


def test_a_stranger_sees_no_navigation(client: Client) -> None:
    page = client.get("/no-such-page").content.decode()
    assert 'href="/models"' not in page


def test_jobs_that_gave_up_are_counted_for_admins_only(people: SimpleNamespace) -> None:
    from jobs.models import Job

    Job.objects.create(kind="x", args=[], state="dead")
    assert "jobs gave up" in people.adam.client.get("/no-such-page").content.decode()
    assert "jobs gave up" not in people.ann.client.get("/no-such-page").content.decode()


def test_the_foot_of_a_page_says_how_much_of_the_log_is_sealed_and_whether_it_lags(
    people: SimpleNamespace, now: datetime
) -> None:
    from audit.models import Checkpoint, Entry

    assert "sealed in the log" not in people.ann.client.get("/no-such-page").content.decode()
    Checkpoint.objects.create(size=7, root=b"r" * 32, note="n", at=now)
    assert "7 entries sealed in the log" in people.ann.client.get("/no-such-page").content.decode()
    an_hour_ago = now - timedelta(hours=1)
    Entry.objects.create(action="x.y", at=an_hour_ago, body=b"{}", actor_id=people.ann.id, outcome="success")
    assert "The log is behind" in people.ann.client.get("/no-such-page").content.decode()
