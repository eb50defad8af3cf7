"""Whole tables by SQL, and one decision at a time by the pure rule, must agree; so must decision and explanation."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.actor import OPERATOR_ID, Actor, visible
from governance.access import records, selectors
from governance.access.decision import decide
from governance.access.guards import Claim, Subject, Target
from governance.access.models import Grant, Group, Scope, User
from governance.access.rules import HELD_BY_ATTESTRY, ROLES, Action

GIVABLE = sorted(set(ROLES) - HELD_BY_ATTESTRY)
hours = st.sampled_from([None, -2, 2])


@st.composite
def worlds(draw):
    """A small tree with some frozen, people of every kind, groups, things, and grants of every sort."""
    scopes = draw(st.integers(1, 4))
    parents = [draw(st.integers(0, n)) for n in range(scopes)]
    grant = st.fixed_dictionaries(
        {
            "holder": st.integers(0, 4),
            "role": st.sampled_from(GIVABLE),
            "scope": st.integers(0, scopes),
            "thing": st.none() | st.integers(0, 2),
            "by": st.sampled_from(["operator", "self"]),
            "not_before": st.sampled_from([-3, -3, 1]),
            "expires_at": hours,
            "revoked": st.sampled_from([False, False, True]),
        }
    )
    return SimpleNamespace(
        parents=parents,
        frozen=draw(st.sets(st.integers(0, scopes), max_size=1)),
        things=[draw(st.integers(0, scopes)) for _ in range(3)],
        active=[draw(st.sampled_from([True, True, True, False])) for _ in range(3)],
        members=[draw(st.sets(st.integers(0, 2))) for _ in range(2)],
        grants=draw(st.lists(grant, max_size=7)),
    )


def build(world, root, now):
    """Make the world in the database; returns its principals, scopes, things and grants as plain values."""
    tag = uuid4().hex[:8]
    scopes = [root]
    for n, parent in enumerate(world.parents):
        scopes.append(records.place(scopes[parent], "team", f"{tag}{n}"))
    Scope.objects.filter(pk__in=[scopes[n].pk for n in world.frozen]).update(frozen_at=now)
    people = [
        User.objects.create(email=f"{n}{tag}@example.org", name=str(n), is_active=active)
        for n, active in enumerate(world.active[:2])
    ]
    people.append(
        User.objects.create(
            email=f"bot{tag}@example.org", name="bot", kind="service", owner=people[0], is_active=world.active[2]
        )
    )
    groups = [Group.objects.create(name=f"{tag}{n}") for n in range(2)]
    for group, members in zip(groups, world.members, strict=True):
        group.members.set([people[n] for n in members])
    things = [(uuid4(), scopes[n]) for n in world.things]
    holders = [*people, *groups]
    for one in world.grants:
        thing = None if one["thing"] is None else things[one["thing"]]
        holder = holders[one["holder"]]
        Grant.objects.create(
            principal_id=holder.pk,
            role=one["role"],
            scope=thing[1] if thing else scopes[one["scope"]],
            object_id=thing[0] if thing else None,
            granted_by=OPERATOR_ID if one["by"] == "operator" else people[0].pk,
            not_before=now + timedelta(hours=one["not_before"]),
            expires_at=one["expires_at"] and now + timedelta(hours=one["expires_at"]),
            revoked_at=now if one["revoked"] else None,
        )
    return people, scopes, things


def naive(world, person: User, action: str, scope: Scope, thing: UUID | None) -> bool:
    """Decide by walking parents and looking at every grant there is: slow, plain, and without a join."""
    chain, at = [], scope
    while at is not None:
        chain.append(at)
        at = next((one for one in world.scopes if one.pk == at.parent_id), None)
    mine = {person.pk, *(group for group, members in world.groups.items() if person.pk in members)}
    claims = [
        Claim(g.pk, g.role, g.scope_id, g.object_id, g.granted_by, "", g.not_before, g.expires_at, g.revoked_at)
        for g in world.all_grants
        if g.principal_id in mine
    ]
    active = person.is_active and (person.owner is None or person.owner.is_active)
    target = Target(frozenset(one.pk for one in chain), thing, frozenset(), any(one.frozen_at for one in chain))
    return decide(Subject(person.pk, person.kind, active), action, target, claims, now=world.now, roles=ROLES).allowed


@pytest.mark.django_db
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(world=worlds(), actions=st.sets(st.sampled_from(sorted(Action)), min_size=2, max_size=3))
def test_tables_decisions_and_explanations_agree_in_any_world(founded, now, world, actions):
    Scope.objects.filter(pk=founded.pk).update(frozen_at=None)
    founded.refresh_from_db()
    Grant.objects.exclude(source="founding").delete()
    people, scopes, things = build(world, founded, now)
    for scope in scopes:
        scope.refresh_from_db()
    world.scopes, world.now, world.all_grants = scopes, now, list(Grant.objects.all())
    world.groups = {one.pk: set(one.members.values_list("pk", flat=True)) for one in Group.objects.all()}
    for person in people:
        for action in actions:
            seen = visible(Actor(person.pk, person.kind, "session"), action)
            by_sql = set(Scope.objects.filter(seen.q("pk")).values_list("pk", flat=True))
            own = selectors.scopes_seen(Actor(person.pk, person.kind, "session"), action)
            assert sorted(own) == sorted(by_sql)
            objects = set(seen.object_ids.values_list("object_id", flat=True))
            for scope in scopes:
                expected = naive(world, person, action, scope, None)
                assert (scope.pk in by_sql) == expected
                assert selectors.may(person.pk, action, scope) == expected
                assert selectors.explain(person, action, scope).allowed == expected
                assert (person in selectors.people_who_may(action, scope.pk)) == (expected and person.kind == "person")
            for pk, scope in things:
                row = SimpleNamespace(pk=pk, scope_id=scope.pk)
                expected = naive(world, person, action, scope, pk)
                assert (scope.pk in by_sql or pk in objects) == expected
                assert selectors.may(person.pk, action, row) == expected
                assert selectors.explain(person, action, row).allowed == expected


def test_an_explanation_names_what_ended_and_a_decision_does_not_need_it(people, payments, now):
    Grant.objects.filter(principal_id=people.ann.id).update(revoked_at=now)
    answer = selectors.explain(people.ann.user, "request", payments)
    assert [how.value for _, how in answer.considered] == ["withdrawn"]
    assert answer.missing == ("contributor", "owner", "request")
    assert answer.requestable


def test_a_grant_from_oneself_does_not_make_an_approver(people, payments, now):
    records.grant(people.ann.id, "approver", payments, people.ann.id, now)
    assert not selectors.may(people.ann.user.pk, "approve", payments)
    assert selectors.explain(people.ann.user, "approve", payments).reason_code == "access.self_granted"
    records.grant(people.ann.id, "approver", payments, people.adam.id, now)
    assert selectors.may(people.ann.user.pk, "approve", payments)


def test_a_grant_from_oneself_through_a_group_does_not_make_an_approver_either(people, payments, now):
    group = Group.objects.create(name="deciders")
    records.grant(group.pk, "approver", payments, people.ann.id, now)
    group.members.add(people.ann.user, people.vera.user)
    assert [one.name for one in selectors.people_who_may("approve", payments.pk)] == ["Olga", "Omar", "Vera"]


def test_a_service_account_stands_still_while_its_owner_is_away(people, person, payments):
    bot = person("Bot", "request", payments, kind="service", owner=people.ann.user)
    assert selectors.may(bot.user.pk, "request", payments)
    User.objects.filter(pk=people.ann.id).update(is_active=False)
    bot.user.refresh_from_db()
    assert not selectors.may(bot.user.pk, "request", payments)
    assert not Scope.objects.filter(visible(bot.actor, "request").q("pk")).exists()


def test_roles_only_attestry_holds_are_not_named_as_what_is_missing(people, payments):
    assert not set(selectors.explain(people.eve.user, "browse", payments).missing) & HELD_BY_ATTESTRY
