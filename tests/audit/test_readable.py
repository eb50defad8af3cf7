"""An entry is readable: its subjects lead to their pages, and what changed stands beside what it was."""

from uuid import UUID

import pytest
from django.urls import resolve
from hypothesis import given
from hypothesis import strategies as st

from audit import readable

PK, OTHER = str(UUID(int=1)), str(UUID(int=2))


@pytest.mark.parametrize("kind", sorted(readable.PAGES))
def test_every_kind_with_a_page_has_an_address_that_exists(kind):
    assert resolve(readable.page_of(f"{kind}:{PK}", [f"{kind}:{PK}"], {}))


def test_a_version_is_shown_below_its_model_and_a_request_by_its_key():
    subjects = [f"promotion:{OTHER}", f"model_version:{PK}", f"asset:{OTHER}"]
    about = {"key": "PR-7"}
    found = [readable.page_of(each, subjects, about) for each in subjects]
    assert found == ["/approvals/PR-7", f"/models/{OTHER}/versions/{PK}", f"/models/{OTHER}"]
    assert all(resolve(each) for each in found)


@pytest.mark.parametrize("subject", ["audit:log", "model_version:1", f"token:{PK}", "person:../../x", "promotion:1"])
def test_what_has_no_page_gets_no_link(subject):
    assert readable.page_of(subject, [subject], {"key": "//elsewhere.example"}) == ""


def test_an_accepted_event_is_shown_by_its_digest():
    subject = f"lineage_event:{'a' * 64}"
    assert readable.page_of(subject, [subject], {}) == f"/lineage/event?digest={'a' * 64}"
    assert resolve("/lineage/event")
    assert readable.page_of("lineage_event:../x", ["lineage_event:../x"], {}) == ""


def test_what_changed_stands_beside_what_it_was():
    changes, facts = readable.read({"alias": "champion", "before": "1", "after": "2", "state": "applied"})
    assert changes == [("", "1", "2")]
    assert facts == [("alias", "champion"), ("state", "applied")]
    assert readable.read({"from": "", "to": "3"}) == ([("", "", "3")], [])
    assert readable.read({"before": "in_review", "state": "approved"})[0] == [("state", "in_review", "approved")]
    assert readable.read({"before": ["a"], "labels": ["a", "b"]})[0] == [("labels", "a", "a, b")]


@given(
    st.dictionaries(
        st.sampled_from(["before", "after", "from", "to", "state", "keys", "x_y"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    )
)
def test_nothing_is_lost_whatever_an_entry_says(about):
    changes, facts = readable.read(about)
    assert 2 * len(changes) + len(facts) == len(about)
    assert all(isinstance(text, str) for row in [*changes, *facts] for text in row)
