from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from audit.refusals import Conflict, Forbidden, Invalid
from governance.policies.rules import Rule
from governance.promotions import rules
from governance.promotions.rules import Ballot, Case, decide, settle
from governance.promotions.subject import Subject

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MIA, ANA, BEN, CAL, STRANGER = (UUID(int=n) for n in range(1, 6))
YES = Ballot("approve")
S = Subject("sha256:m", {"artifact": "a", "metrics": "b", "pii": "c"}, 1, "production", "champion", "", "p")
TWO = Rule("compliance", "compliance_officer", 2, ("artifact", "metrics", "pii"))


def case(**parts):
    base = Case(
        state="in_review",
        submission=1,
        requesters=frozenset({MIA}),
        rules=(TWO,),
        subject=S,
        votes=(),
        holders={"compliance": frozenset({MIA, ANA, BEN, CAL})},
        conflicts={MIA: ("requested",)},
        failing=(),
        rejection="rejected",
        decision_days=14,
        now=NOW,
    )
    return replace(base, **parts)


def test_two_different_people_approve_and_the_request_is_approved():
    once = decide(case(), ANA, YES)
    assert once.state == "in_review"
    assert decide(once, BEN, YES).state == "approved"


def test_nobody_decides_twice():
    with pytest.raises(Invalid, match=r"promotions\.already_decided"):
        decide(decide(case(), ANA, YES), ANA, YES)


@pytest.mark.parametrize(
    ("person", "parts", "refusal", "code"),
    [
        (MIA, {}, Invalid, "promotions.own_request"),
        (ANA, {"conflicts": {ANA: ("made",)}}, Invalid, "promotions.conflicted"),
        (STRANGER, {}, Forbidden, "promotions.not_eligible"),
        (ANA, {"state": "approved"}, Conflict, "promotions.not_in_review"),
        (ANA, {"state": "withdrawn"}, Conflict, "promotions.not_in_review"),
        (ANA, {"state": "checking"}, Conflict, "promotions.still_checking"),
        (ANA, {"failing": ("pii",)}, Invalid, "promotions.checks_failing"),
    ],
)
def test_an_approval_is_refused_with_its_reason(person, parts, refusal, code):
    with pytest.raises(refusal) as refused:
        decide(case(**parts), person, YES)
    assert refused.value.code == code


@pytest.mark.parametrize("verdict", ["reject", "request_changes"])
def test_a_no_needs_a_reason_and_works_while_checks_fail(verdict):
    failing = case(failing=("pii",))
    with pytest.raises(Invalid, match=r"promotions\.reason_needed"):
        decide(failing, ANA, Ballot(verdict, "  "))
    assert decide(failing, ANA, Ballot(verdict, "No.")).state in ("rejected", "changes_requested")


def test_the_policy_says_what_a_rejection_does():
    assert decide(case(rejection="changes_requested"), ANA, Ballot("reject", "No.")).state == "changes_requested"


def test_changed_evidence_voids_only_the_decisions_that_reviewed_it():
    privacy = Rule("privacy", "approver", 1, ("pii",))
    science = Rule("science", "compliance_officer", 1, ("metrics",))
    holders = {"privacy": frozenset({ANA}), "science": frozenset({BEN})}
    voted = decide(case(rules=(privacy, science), holders=holders), ANA, YES)
    metrics = replace(voted, subject=replace(S, evidence={**S.evidence, "metrics": "other"}))
    pii = replace(voted, subject=replace(S, evidence={**S.evidence, "pii": "other"}))
    assert rules.approvers(metrics)["privacy"] == {ANA}
    assert rules.approvers(pii)["privacy"] == set()
    assert rules.stale(pii, pii.votes[0])
    assert decide(metrics, BEN, YES).state == "approved"


def test_who_lost_the_role_or_became_conflicted_no_longer_counts():
    voted = decide(decide(case(), ANA, YES), BEN, YES)
    assert settle(voted, ready=True, until=NOW + timedelta(1)) == "approved"
    lost = replace(voted, holders={"compliance": frozenset({BEN, CAL})})
    tied = replace(voted, conflicts={MIA: ("requested",), ANA: ("made",)})
    assert settle(lost, ready=True, until=NOW + timedelta(1)) == "in_review"
    assert settle(tied, ready=True, until=NOW + timedelta(1)) == "in_review"


def test_an_old_decision_no_longer_counts():
    voted = decide(decide(case(), ANA, YES), BEN, YES)
    assert not rules.enough(replace(voted, now=NOW + timedelta(days=14)))


def test_a_request_past_its_time_expires():
    assert settle(case(), ready=True, until=NOW) == "expired"


def test_checking_ends_when_the_digest_is_known():
    assert settle(case(state="checking"), ready=False, until=NOW + timedelta(1)) == "checking"
    assert settle(case(state="checking"), ready=True, until=NOW + timedelta(1)) == "in_review"


def test_a_request_that_nobody_can_approve_is_refused_with_the_numbers():
    with pytest.raises(Invalid) as refused:
        rules.require_possible(case(holders={"compliance": frozenset({MIA, ANA})}))
    assert refused.value.code == "promotions.nobody_can_approve"
    assert (refused.value.params["eligible"], refused.value.params["excluded"]) == (1, 1)


def test_without_rules_nobody_can_approve():
    with pytest.raises(Invalid, match=r"promotions\.nobody_can_approve"):
        rules.require_possible(case(rules=()))


def test_a_service_accounts_owner_is_as_conflicted_as_it_is():
    found = rules.conflicts(rules.Involved((CAL,), (BEN,)), {CAL: ANA})
    assert found == {CAL: ("requested",), ANA: ("requested",), BEN: ("edited",)}


@pytest.mark.parametrize(
    "name", ["mia@acme.example", "MIA", "Mia Torres", "Mia Torres <mia@acme.example>", "M <mia@acme.example>"]
)
def test_registry_users_and_commit_authors_are_matched_to_people(name):
    people = {MIA: ("mia@acme.example", "Mia Torres"), ANA: ("ana@acme.example", "Ana Lima")}
    assert rules.matches([name], people) == rules.Matched((MIA,))


def test_an_unknown_contributor_is_named():
    assert rules.matches(["root", ""], {MIA: ("mia@acme.example", "Mia")}) == rules.Matched(unknown=("root",))


def test_what_a_name_is_said_to_mean_adds_to_what_it_means_by_itself():
    people = {MIA: ("mia@acme.example", "Mia"), ANA: ("ana@acme.example", "Ana")}
    said = {"mia": (ANA, BEN), "ana": (ANA, CAL)}
    assert rules.matches(["mia", "ana"], people, said) == rules.Matched(tuple(sorted((ANA, MIA), key=str)), (BEN,))


def test_states_that_end_do_not_go_on():
    for state in ("rejected", "withdrawn", "expired", "superseded", "rolled_back", "revoked"):
        with pytest.raises(Conflict):
            rules.move(state, "in_review")
    assert {after for follows in rules.FOLLOWS.values() for after in follows} <= set(rules.FOLLOWS)
