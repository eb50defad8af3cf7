from datetime import UTC, datetime, timedelta

import pytest

from governance.policies.evidence import Facts, Scanned, evaluate, findings_of
from governance.policies.rules import understand
from governance.policies.sources import Named, compare

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
        ("metrics", {"metrics": {"auc": "nan"}}, "fail"),
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


def accounts(recorded, *told):
    return compare([Named(*recorded)], [Named(*each) for each in told])


@pytest.mark.parametrize(
    ("facts", "expected", "words"),
    [
        ({"accounts": accounts(("file", "/hidden"), ("file", "/told"))}, "fail", "/hidden"),
        ({"accounts": accounts(("file", "/a", "a" * 8), ("file", "/a", "b" * 8))}, "fail", "another digest"),
        ({"accounts": accounts(("mlflow", "frame"), ("file", "/a"))}, "warn", "frame"),
        ({"accounts": accounts(("file", "/a"), ("file", "/a"))}, "pass", "Complete"),
        ({}, "pass", "events alone"),
        ({"sources": ()}, "fail", "before a source"),
    ],
)
def test_the_lineage_check_names_where_its_two_sources_disagree(facts, expected, words):
    found = results(**facts)["lineage"]
    said = findings_of(found.result, "lineage", found.detail)
    assert (found.result, words in said.text.format(**said.params)) == (expected, True)


def test_a_disagreement_is_said_as_well_where_the_check_only_warns():
    found = results(blocks=False, accounts=accounts(("file", "/hidden")))["lineage"]
    said = findings_of(found.result, "lineage", found.detail)
    assert found.result == "warn" and "/hidden" in said.text.format(**said.params)


def test_who_told_the_lineage_is_part_of_the_evidence():
    assert results(told_by=("1",))["lineage"].digest != results(told_by=("2",))["lineage"].digest


@pytest.mark.parametrize(
    ("check", "facts", "expected"),
    [
        ("metrics", {"metrics": {"auc": "0.9", "log_loss": "nan"}}, "fail"),
        ("metrics", {"metrics": {"auc": "1e999999999"}}, "fail"),
        ("metrics", {"metrics": {"auc": ""}}, "fail"),
        ("baseline", {"has_baseline": True, "metrics": {"auc": "0.9"}, "baseline": {"auc": "0.9", "f1": "1"}}, "warn"),
        ("baseline", {"has_baseline": True, "metrics": {"auc": "nan"}, "baseline": {"auc": "0.9"}}, "fail"),
        ("baseline", {"has_baseline": True, "metrics": {"auc": "0.9"}, "baseline": {"auc": "nan"}}, "missing"),
        ("baseline", {"has_baseline": True, "metrics": {}, "baseline": {"auc": "0.9"}}, "missing"),
        ("baseline", {"has_baseline": True, "metrics": {"auc": "1e999999999"}, "baseline": {"auc": "0.9"}}, "fail"),
        ("baseline", {"baseline_unknown": True}, "missing"),
        ("pii", {"read": (Scanned("features", "stale", why="pii.other_bytes"),)}, "fail"),
        ("pii", {"read": (Scanned("features", "stale", (("mail", "EMAIL_ADDRESS", LATER),)),)}, "fail"),
        ("pii", {"read": (Scanned("features", "clean_full"), Scanned("other", "unscanned"))}, "missing"),
        ("pii", {"read": (Scanned("features", ""),)}, "fail"),
        ("pii", {"reads_known": False}, "missing"),
        ("pii_upstream", {"lineage_complete": False}, "warn"),
        ("pii_upstream", {"lineage_complete": False, "upstream": (Scanned("raw", "clean_full"),)}, "warn"),
    ],
)
def test_nothing_passes_without_its_evidence(check, facts, expected):
    found = results(**facts)[check]
    assert found.result == expected
    words = findings_of(found.result, check, found.detail)
    assert words.text.format(**words.params)


def test_two_datasets_of_one_name_are_told_apart():
    one = results(read=(Scanned("features", "clean_full", namespace="file"),))["pii"]
    other = results(read=(Scanned("features", "clean_full", namespace="s3://b"),))["pii"]
    assert one.digest != other.digest
