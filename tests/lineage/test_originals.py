"""Raw events for whoever may see them: exact bytes, or none."""

import hashlib

import pytest

from audit import keys, sequence
from governance.access import records
from lineage import originals
from lineage.models import Dataset, RawEvent
from tests.lineage.conftest import post

pytestmark = pytest.mark.django_db


def given_to(who, digests):
    return dict(originals.lines(who.actor, digests))


def test_the_bytes_are_those_of_the_digest_in_the_order_asked_for(chain, person, payments):
    reader = person("Rita", "auditor", payments)
    digests = sorted(RawEvent.objects.values_list("sha256", flat=True))
    found = list(originals.lines(reader.actor, digests))
    assert [one for one, _ in found] == digests
    assert all(hashlib.sha256(body).hexdigest() == digest for digest, body in found)


@pytest.mark.parametrize(
    "more",
    [
        {"inputs": [{"namespace": "file", "name": "/secret"}]},
        {"inputs": [{"namespace": "FILE", "name": "/secret/"}]},
        {"run": {"runId": "r", "facets": {"any": {"deep": [{"namespace": "file", "name": "/secret"}]}}}},
    ],
)
def test_whatever_names_something_hidden_is_held_back(producer, say, person, payments, founded, more):
    for event in (say("hide", [], ["/secret"]), say("use", [], ["/open"], **more)):
        assert post(producer, event).status_code == 201
    Dataset.objects.filter(name__startswith="/secret").update(scope_id=records.place(founded, "team", "elsewhere").pk)
    reader = person("Rita", "auditor", payments)
    digests = list(RawEvent.objects.values_list("sha256", flat=True))
    assert given_to(reader, digests) == dict.fromkeys(digests)


def test_events_of_a_scope_that_they_may_not_see_and_unknown_ones_have_no_bytes(chain, person, founded):
    stranger = person("Sam", "auditor", records.place(founded, "team", "elsewhere"))
    digest = RawEvent.objects.values_list("sha256", flat=True).first()
    assert given_to(stranger, [digest, "0" * 64]) == {digest: None, "0" * 64: None}


def test_an_event_leads_to_its_entry_and_the_entry_back(chain, person, founded, now, settings, tmp_path):
    settings.DATA_DIR, settings.AUDIT_KEY_FILE = tmp_path, tmp_path / "audit.key"
    keys.ensure_key(settings.AUDIT_KEY_FILE)
    sequence.run_once(now)
    auditor = person("Vic", "auditor", founded)
    digest = RawEvent.objects.values_list("sha256", flat=True).first()
    told = auditor.api.get("/api/v1/lineage/event", {"digest": f"sha256:{digest}"}).json()
    assert hashlib.sha256(told["canonical"].encode()).hexdigest() == digest
    page = auditor.client.get(f"/lineage/event?digest={digest}").content.decode()
    assert f'href="/audit/{told["entry"]}"' in page and digest in page and "generate" in page
    entry = auditor.client.get(f"/audit/{told['entry']}").content.decode()
    assert f"/lineage/event?digest={digest}" in entry and "lineage.event_accepted" in entry


def test_the_page_of_an_event_shows_nothing_hidden_and_knows_no_other(producer, say, person, payments, founded):
    for event in (say("hide", [], ["/secret"]), say("use", ["/secret"], ["/open"])):
        assert post(producer, event).status_code == 201
    Dataset.objects.filter(name="/secret").update(scope_id=records.place(founded, "team", "elsewhere").pk)
    reader = person("Rita", "viewer", payments)
    digest = RawEvent.objects.order_by("pk").values_list("sha256", flat=True).last()
    page = reader.client.get(f"/lineage/event?digest={digest}").content.decode()
    assert "/secret" not in page and "may not see" in page and "/audit/" not in page
    told = reader.api.get("/api/v1/lineage/event", {"digest": digest}).json()
    assert (told["canonical"], told["withheld"], told["entry"]) == (None, True, None)
    for wrong in ("0" * 64, "", "x", digest + "0"):
        assert reader.api.get("/api/v1/lineage/event", {"digest": wrong}).status_code == 404
        assert reader.client.get("/lineage/event", {"digest": wrong}).status_code == 404
