from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.promotions.subject import Subject

S = Subject(
    "sha256:m", {"artifact": "a", "metrics": "b", "pii": "c", "card": "d"}, 2, "production", "champion", "", "p"
)
SHARED = {"manifest_digest": "x", "environment": "x", "alias": "x", "baseline_digest": "x", "policy_digest": "x"}


def test_a_change_in_one_class_leaves_the_others_reviewers_alone():
    after = replace(S, evidence={**S.evidence, "pii": "other"})
    assert after.digest != S.digest
    assert after.reviewed(["metrics"]) == S.reviewed(["metrics"])
    assert after.reviewed(["metrics", "pii"]) != S.reviewed(["metrics", "pii"])
    assert after.changed_since(S) == ["pii"]


def test_the_cards_revision_concerns_only_those_who_review_the_card():
    after = replace(S, card_revision=3)
    assert after.reviewed(["metrics"]) == S.reviewed(["metrics"])
    assert after.reviewed(["card"]) != S.reviewed(["card"])


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(sorted(SHARED)), st.sets(st.sampled_from(["metrics", "pii", "card"])))
def test_what_everybody_reviews_voids_every_decision(name, classes):
    after = replace(S, **{name: "changed"})
    assert after.reviewed(classes) != S.reviewed(classes)


def test_files_are_reviewed_by_everybody():
    after = replace(S, evidence={**S.evidence, "artifact": "other"})
    assert after.reviewed(["card"]) != S.reviewed(["card"])
