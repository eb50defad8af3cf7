"""Raw events for whoever may see them: exact bytes, or none."""

import hashlib

import pytest

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
