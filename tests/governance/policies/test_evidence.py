from datetime import UTC, datetime, timedelta

import pytest

from governance.policies.evidence import Facts, Scanned, evaluate, findings_of
from governance.policies.rules import understand

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def body(blocks=True):
    return understand(
        {
            "v": 1,
            "checks": [
                {"check": "artifact", "blocks": True},
                {"check": "metrics", "blocks": blocks, "minimum": {"auc": "0.80", "log_loss": "0.40"}},
                {"check": "baseline", "blocks": blocks, "tolerance": "0.02"},
                {"check": "lineage", "blocks": blocks},
                {"check": "pii", "blocks": blocks},
                {"check": "pii_upstream", "blocks": False},
                {"check": "card", "blocks": blocks},
            ],
            "rules": [{"name": "c", "role": "approver", "needed": 1, "reviews": ["artifact"]}],
            "rejection": "rejected",
            "validity": {"request_days": 30, "decision_days": 14, "apply_hours": 72},
        },
        ["approver"],
    )


GOOD = {
    "manifest_digest": "sha256:aa",
    "files": 3,
    "metrics": {"auc": "0.91"},
    "lineage_complete": True,
    "sources": ("raw",),
    "read": (Scanned("features", "clean_sampled"),),
    "card_revision": 1,
}


def results(blocks=True, **facts):
    return {each.check: each for each in evaluate(body(blocks), Facts(**{**GOOD, **facts}), NOW)}


def test_good_evidence_passes_every_check():
    assert {each.result for each in results().values()} == {"pass"}


@pytest.mark.parametrize(
    ("check", "facts", "expected"),
    [
        ("artifact", {"manifest_digest": ""}, "missing"),
        ("artifact", {"compromised": True}, "fail"),
        ("metrics", {"metrics": {}}, "missing"),
        ("metrics", {"metrics": {"auc": "0.79"}}, "fail"),
        ("metrics", {"metrics": {"auc": "nan"}}, "missing"),
        ("metrics", {"metrics": {"auc": "0.9", "log_loss": "0.5"}}, "fail"),
        ("metrics", {"metrics": {"log_loss": "0.3"}}, "pass"),
        ("baseline", {"has_baseline": True, "baseline": {"auc": "0.93"}}, "pass"),
        ("baseline", {"has_baseline": True, "baseline": {"auc": "0.9301"}}, "fail"),
        ("baseline", {"has_baseline": True, "baseline": {"f1": "0.9"}}, "missing"),
        (
            "baseline",
            {"has_baseline": True, "metrics": {"log_loss": "0.5"}, "baseline": {"log_loss": "0.3"}},
            "fail",
        ),
        ("lineage", {"lineage_complete": False, "sources": (), "gaps": ()}, "missing"),
        ("lineage", {"lineage_complete": False, "gaps": ("features",)}, "fail"),
        ("pii", {"read": ()}, "missing"),
        ("pii", {"read": (Scanned("features", "unscanned"),)}, "missing"),
        ("pii", {"read": (Scanned("features", "incomplete"),)}, "fail"),
        ("pii", {"read": (Scanned("features", "unreadable"),)}, "fail"),
        ("pii", {"read": (Scanned("features", "findings", (("mail", "EMAIL_ADDRESS", None),)),)}, "fail"),
        ("pii", {"read": (Scanned("features", "findings", (("mail", "EMAIL_ADDRESS", NOW),)),)}, "fail"),
        ("pii", {"read": (Scanned("features", "findings", (("mail", "EMAIL_ADDRESS", LATER),)),)}, "waived"),
        ("pii", {"read": (Scanned("features", "incomplete", (("mail", "EMAIL_ADDRESS", LATER),)),)}, "fail"),
        ("pii_upstream", {"upstream": (Scanned("raw", "findings", (("mail", "EMAIL_ADDRESS", None),)),)}, "warn"),
        ("card", {"card_revision": 0}, "missing"),
        ("card", {"card_gaps": ("purpose",)}, "fail"),
    ],
)
def test_each_check_says_what_the_evidence_is_worth(check, facts, expected):
    found = results(**facts)[check]
    assert found.result == expected
    assert found.failing == (expected in ("fail", "missing"))
    words = findings_of(found.result, check, found.detail)
    assert words.text.format(**words.params)


def test_a_check_that_only_warns_never_fails():
    found = results(blocks=False, metrics={}, lineage_complete=False, read=(), card_revision=0)
    assert {found[name].result for name in ("metrics", "lineage", "pii", "card")} == {"warn"}
    assert not any(each.failing for each in found.values())


def test_a_rescan_with_the_same_outcome_is_the_same_evidence():
    first = results(read=(Scanned("features", "clean_full", scan="1", at=NOW),))["pii"]
    again = results(read=(Scanned("features", "clean_full", scan="2", at=LATER),))["pii"]
    assert first.digest == again.digest


def test_a_waiver_bounds_how_long_the_evidence_can_stand():
    found = results(read=(Scanned("features", "findings", (("mail", "EMAIL_ADDRESS", LATER),)),))["pii"]
    assert found.valid_until == LATER
