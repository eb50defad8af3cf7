"""Decisions and guards, as pure rules over random grants."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.access import guards
from governance.access.decision import ALLOWED, NO_GRANT, Standing, decide, standing
from governance.access.guards import PERSONAL, Case, Claim, Guard, Subject, Target, raised

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ROOT, TEAM, OTHER, THING, ANA, BO, GROUP = (UUID(int=n) for n in range(1, 8))
ROLES = {
    "viewer": frozenset({"browse", "read"}),
    "compliance": frozenset({"browse", "read", "read_pii", "approve", "waive", "classify"}),
    "admin": frozenset({"browse", "manage_access", "admin"}),
}
PERSON = Subject(ANA, "person", True)
HERE = Target(frozenset({ROOT, TEAM}), THING)


def claim(**changes):
    base = Claim(uuid4(), "compliance", TEAM, None, BO, "covers the audit", None, None)
    return replace(base, **changes)


def ask(action, *claims, subject=PERSON, target=HERE):
    return decide(subject, action, target, claims, now=NOW, roles=ROLES)


def test_the_default_is_no_and_says_which_roles_would_do():
    answer = ask("approve")
    assert (answer.allowed, answer.reason_code, answer.missing) == (False, NO_GRANT, ("compliance",))
    assert answer.requestable


def test_a_grant_on_a_scope_above_reaches_down_and_is_named():
    given_here = claim(scope_id=ROOT)
    answer = ask("approve", given_here)
    assert answer.allowed
    assert answer.reason_code == ALLOWED
    assert answer.determining == (given_here,)
    assert answer.missing == ()


@pytest.mark.parametrize(
    ("changes", "how"),
    [
        ({"scope_id": OTHER}, Standing.ELSEWHERE),
        ({"object_id": uuid4()}, Standing.ELSEWHERE),
        ({"object_id": THING, "scope_id": OTHER}, Standing.GIVES),
        ({"role": "viewer"}, Standing.OTHER_ROLE),
        ({"role": "no such role"}, Standing.OTHER_ROLE),
        ({"revoked_at": NOW}, Standing.WITHDRAWN),
        ({"expires_at": NOW}, Standing.EXPIRED),
        ({"expires_at": NOW + timedelta(microseconds=1)}, Standing.GIVES),
        ({"not_before": NOW}, Standing.GIVES),
        ({"not_before": NOW + timedelta(microseconds=1)}, Standing.NOT_YET),
    ],
)
def test_each_way_a_grant_counts_or_not(changes, how):
    assert standing(claim(**changes), "approve", HERE, NOW, ROLES) is how


@pytest.mark.parametrize("kind", ["service", "system"])
@pytest.mark.parametrize("action", ["approve", "waive"])
def test_only_people_approve_or_waive(kind, action):
    answer = ask(action, claim(), subject=Subject(ANA, kind, True))
    assert not answer.allowed
    assert answer.reason_code == Guard.PEOPLE_ONLY
    assert not answer.requestable


@pytest.mark.parametrize("action", ["approve", "waive", "read_pii"])
def test_an_administrator_never_approves_or_reads_personal_detail_even_with_a_grant(action):
    answer = ask(action, claim(), claim(role="admin", scope_id=ROOT))
    assert answer.reason_code == Guard.ADMIN_APART


def test_an_administrator_of_another_place_may_approve_here():
    assert ask("approve", claim(), claim(role="admin", scope_id=OTHER)).allowed


@pytest.mark.parametrize("via", [None, GROUP])
def test_what_somebody_granted_themselves_does_not_count_even_through_a_group(via):
    answer = ask("approve", claim(granted_by=ANA, via=via))
    assert answer.reason_code == Guard.SELF_GRANTED
    assert ask("browse", claim(granted_by=ANA, via=via)).allowed


def test_a_grant_by_somebody_else_beside_it_does_count_and_is_the_one_named():
    own, others = claim(granted_by=ANA), claim()
    assert ask("approve", own, others).determining == (others,)


@pytest.mark.parametrize("label", sorted(PERSONAL))
def test_personal_data_needs_a_time_bound_grant_with_a_purpose(label):
    labelled = replace(HERE, labels=frozenset({label}))
    soon = NOW + timedelta(days=7)
    assert ask("read_pii", claim(), target=labelled).reason_code == Guard.PURPOSE
    assert ask("read_pii", claim(expires_at=soon, reason=" "), target=labelled).reason_code == Guard.PURPOSE
    assert ask("read_pii", claim(expires_at=soon), target=labelled).allowed
    assert ask("read_pii", claim()).allowed


def test_a_self_granted_purpose_does_not_lend_itself_to_anothers_grant():
    labelled = replace(HERE, labels=frozenset({"pii"}))
    own = claim(granted_by=ANA, expires_at=NOW + timedelta(days=1))
    assert ask("read_pii", own, claim(), target=labelled).reason_code == Guard.PURPOSE


def test_a_frozen_scope_is_read_but_not_changed():
    frozen = replace(HERE, frozen=True)
    assert ask("read", claim(), target=frozen).allowed
    assert ask("approve", claim(), target=frozen).reason_code == Guard.FROZEN


def test_somebody_inactive_may_do_nothing():
    answer = ask("browse", claim(), subject=Subject(ANA, "person", False))
    assert answer.reason_code == Guard.INACTIVE
    assert not answer.requestable


def test_a_guard_that_fails_to_answer_denies(monkeypatch):
    def explode(case):
        raise RuntimeError("no labels today")

    monkeypatch.setitem(guards.RULES, Guard.FROZEN, explode)
    assert ask("browse", claim()).reason_code == Guard.BROKEN


def moments():
    return st.none() | st.integers(-2, 2).map(lambda hours: NOW + timedelta(hours=hours))


def claims():
    return st.builds(
        Claim,
        id=st.uuids(),
        role=st.sampled_from([*ROLES, "unknown"]),
        scope_id=st.sampled_from([ROOT, TEAM, OTHER]),
        object_id=st.sampled_from([None, None, THING, ROOT]),
        granted_by=st.sampled_from([None, ANA, BO]),
        reason=st.sampled_from(["", "why"]),
        not_before=moments(),
        expires_at=moments(),
        revoked_at=moments(),
        via=st.sampled_from([None, GROUP]),
    )


targets = st.builds(
    Target,
    scope_ids=st.sampled_from([frozenset({ROOT}), frozenset({ROOT, TEAM}), frozenset({ROOT, OTHER})]),
    object_id=st.sampled_from([None, THING]),
    labels=st.sampled_from([frozenset(), frozenset({"pii"})]),
    frozen=st.booleans(),
)
subjects = st.builds(
    Subject, id=st.sampled_from([ANA, BO]), kind=st.sampled_from(["person", "service"]), active=st.booleans()
)
actions = st.sampled_from(sorted(frozenset[str]().union(*ROLES.values())))


@given(subjects, actions, targets, st.lists(claims(), max_size=6))
def test_whatever_the_grants_an_answer_is_consistent(subject, action, target, held):
    answer = decide(subject, action, target, held, now=NOW, roles=ROLES)
    gives = [one for one, how in answer.considered if how is Standing.GIVES]
    assert answer.allowed == (answer.reason_code == ALLOWED) == bool(answer.determining)
    assert set(answer.determining) <= set(gives)
    assert not (answer.allowed and answer.guards)
    assert answer.guards or answer.allowed or not gives
    assert [one for one, _ in answer.considered] == held
    assert not (answer.requestable and (answer.allowed or not answer.missing))


@given(subjects, actions, targets, st.lists(claims(), max_size=6), st.randoms())
def test_the_order_of_grants_does_not_matter(subject, action, target, held, shuffler):
    mixed = list(held)
    shuffler.shuffle(mixed)
    one = decide(subject, action, target, held, now=NOW, roles=ROLES)
    other = decide(subject, action, target, mixed, now=NOW, roles=ROLES)
    assert (one.allowed, one.reason_code, one.guards) == (other.allowed, other.reason_code, other.guards)


@given(subjects, actions, targets, st.lists(claims(), min_size=1, max_size=6))
def test_withdrawing_everything_always_ends_in_no(subject, action, target, held):
    gone = [replace(one, revoked_at=NOW) for one in held]
    assert not decide(subject, action, target, gone, now=NOW, roles=ROLES).allowed


def test_every_guard_in_the_list_is_worked_out_or_marks_a_broken_one():
    assert set(guards.RULES) == set(Guard) - {Guard.BROKEN}
    assert raised(Case(PERSON, "browse", HERE, (), ())) == ()
