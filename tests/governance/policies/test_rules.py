import json
from contextlib import suppress
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.refusals import Invalid, Refused
from governance.policies.records import STARTERS
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
        (changed("v", value=1.0), "v"),
        (changed("v", value=True), "v"),
        (changed("checks", 0, "check", value=["artifact"]), "checks[0].check"),
        (changed("checks", 1, "minimum", value={"a\ud800": "0.8"}), "checks[1].minimum.'a\\ud800'"),
        (changed("checks", 1, "minimum", value={"\u00e9": "0.8", "e\u0301": "0.1"}), "checks[1].minimum"),
        (changed("checks", 1, "minimum", value={"auc": "1_0"}), "checks[1].minimum.auc"),
        (changed("checks", 1, "minimum", value={"": "0.8"}), "checks[1].minimum."),
        (changed("rules", 0, "name", value="a\x00b"), "rules[0].name"),
        (changed("rules", 0, "name", value=" "), "rules[0].name"),
        (changed("rules", 0, "role", value={}), "rules[0].role"),
        (changed("rules", 0, "needed", value=2.0), "rules[0].needed"),
        (changed("rules", 0, "reviews", value=[["artifact"]]), "rules[0].reviews"),
        (changed("rejection", value=["rejected"]), "rejection"),
        (changed("\ud800", value=1), "policy.'\\ud800'"),
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


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["artifact", "0.5", "pii"])
)
JSON = st.recursive(
    SCALARS, lambda deeper: st.lists(deeper, max_size=4) | st.dictionaries(st.text(), deeper, max_size=4)
)


def places(value, at=()):
    """Every place inside a body, the whole of it first."""
    yield at
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*at, key))


PLACES = [place for place in places(GOOD) if place]


@settings(max_examples=600, deadline=None)
@given(data=st.data())
def test_whatever_stands_anywhere_in_a_body_it_is_understood_or_refused(data):
    body = deepcopy(GOOD)
    for place in data.draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)):
        with suppress(LookupError, TypeError):
            body = placed(body, place, data.draw(JSON))
    judge(body)


def placed(body, place, value):
    inside = body
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    return body


@given(JSON)
def test_any_json_at_all_is_understood_or_refused(body):
    judge(body)


def judge(body):
    """Accepted, and then it can be kept, digested and said in words; or refused by place in words that can be sent."""
    try:
        known = understand(body, ROLES)
    except Refused as refused:
        json.dumps(refused.params, ensure_ascii=False).encode()
        return
    assert policy_digest(body).startswith("sha256:")
    assert json.dumps(body, ensure_ascii=False).encode().count(b"\\u0000") == 0
    assert all(words.text.format(**words.params) for words in explain(known))


def test_a_policy_may_ask_that_every_contributor_is_known_and_says_so():
    strict = understand({**STARTERS["production"], "unmatched": "block"})
    shown = understand(STARTERS["production"])
    assert (strict.unmatched, shown.unmatched) == ("block", "show")
    assert len(explain(strict)) == len(explain(shown)) + 1
    with pytest.raises(Invalid):
        understand({**STARTERS["production"], "unmatched": True})
