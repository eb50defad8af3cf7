from copy import deepcopy

import pytest

from audit.refusals import Invalid
from governance.policies.rules import explain, policy_digest, understand

ROLES = ["viewer", "approver", "compliance_officer"]
GOOD = {
    "v": 1,
    "checks": [
        {"check": "artifact", "blocks": True},
        {"check": "metrics", "blocks": True, "minimum": {"auc": "0.80", "f1": "0.5"}},
        {"check": "baseline", "blocks": True, "tolerance": "0.02"},
        {"check": "pii_upstream", "blocks": False},
    ],
    "rules": [{"name": "compliance", "role": "compliance_officer", "needed": 2, "reviews": ["artifact", "metrics"]}],
    "rejection": "rejected",
    "validity": {"request_days": 30, "decision_days": 14, "apply_hours": 72},
}


def changed(*path, value):
    body = deepcopy(GOOD)
    place = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return body


def test_a_policy_is_understood_and_explained_with_its_own_numbers():
    body = understand(GOOD, ROLES)
    words = [each.text.format(**each.params) for each in explain(body)]
    assert any("auc ≥ 0.80" in sentence for sentence in words)
    assert any(sentence.startswith("2 different people") for sentence in words)
    assert any("0.02" in sentence for sentence in words)
    assert len(words) == len(body.checks) + len(body.rules) + 4


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (changed("v", value=2), "v"),
        (changed("extra", value=1), "policy.extra"),
        (changed("checks", 0, "check", value="vibes"), "checks[0].check"),
        (changed("checks", 0, "blocks", value="yes"), "checks[0].blocks"),
        (changed("checks", 1, "minimum", value={}), "checks[1].minimum"),
        (changed("checks", 1, "minimum", value={"auc": 0.8}), "checks[1].minimum.auc"),
        (changed("checks", 1, "minimum", value={"auc": "NaN"}), "checks[1].minimum.auc"),
        (changed("checks", 2, "tolerance", value="-1"), "checks[2].tolerance"),
        (changed("checks", 3, value={"check": "artifact", "blocks": True}), "checks"),
        (changed("rules", 0, "role", value="emperor"), "rules[0].role"),
        (changed("rules", 0, "needed", value=0), "rules[0].needed"),
        (changed("rules", 0, "needed", value=True), "rules[0].needed"),
        (changed("rules", 0, "reviews", value=["mood"]), "rules[0].reviews"),
        (changed("rejection", value="shrug"), "rejection"),
        (changed("validity", "request_days", value=10**9), "validity.request_days"),
        ("nonsense", "policy"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_place(body, place):
    with pytest.raises(Invalid) as refused:
        understand(body, ROLES)
    assert (refused.value.code, refused.value.params) == ("policies.wrong", {"place": place})


def test_no_rule_never_means_that_nobody_has_to_approve():
    with pytest.raises(Invalid, match=r"policies\.no_rules"):
        understand(changed("rules", value=[]), ROLES)


def test_a_policy_always_binds_the_files():
    with pytest.raises(Invalid, match=r"policies\.artifact_needed"):
        understand(changed("checks", 0, "blocks", value=False), ROLES)


def test_the_digest_depends_on_content_and_not_on_key_order():
    assert policy_digest(GOOD) == policy_digest(dict(reversed(GOOD.items())))
    assert policy_digest(GOOD) != policy_digest(changed("rejection", value="changes_requested"))
