"""Facts are asked in SQL of our own; here the ORM is asked the same."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Q

from governance.access import records
from governance.access.facts import above, held, held_by_each, held_where
from governance.access.models import Grant, Group, ScopeClosure, Token


def test_nobody_holds_nothing(founded: Any) -> None:
    assert held(uuid4()) is None
    assert held_by_each([]) == {}


def test_somebody_granted_nothing_is_known_and_holds_nothing(people: Any) -> None:
    found = held(people.eve.id)
    assert found is not None
    assert (found.claims, found.subject.kind, found.subject.active) == ((), "person", True)


def test_grants_are_held_directly_and_through_groups_with_their_places(people: Any, payments: Any, now: Any) -> None:
    group = Group.objects.create(name="scorers")
    group.members.add(people.eve.user, people.ann.user)
    records.grant(group.pk, "viewer", payments, people.adam.id, now)
    for person in (people.eve, people.ann):
        found = held(person.id)
        assert found is not None
        rows = Grant.objects.filter(Q(principal_id=person.id) | Q(principal_id=group.pk))
        assert {claim.id for claim in found.claims} == {row.pk for row in rows}
        assert {claim.via for claim in found.claims if claim.role == "viewer"} == {group.pk}
        assert set(found.paths.values()) == {row.scope.path for row in rows}


def test_what_ended_or_has_not_begun_counts_only_among_the_past(people: Any, payments: Any, now: Any) -> None:
    for times in (
        {"expires_at": now - timedelta(seconds=1), "not_before": now - timedelta(days=1)},
        {"not_before": now + timedelta(hours=1)},
        {"revoked_at": now},
    ):
        Grant.objects.create(
            principal_id=people.eve.id, role="viewer", scope=payments, granted_by=people.adam.id, **times
        )
    found, ever = held(people.eve.id), held(people.eve.id, past=True)
    assert found is not None and found.claims == ()
    assert ever is not None and len(ever.claims) == 3
    assert {claim.not_before for claim in ever.claims} == set(Grant.objects.values_list("not_before", flat=True)) & {
        claim.not_before for claim in ever.claims
    }


def test_an_account_is_as_active_as_its_owner(person: Any, people: Any, payments: Any) -> None:
    robot = person("Robot", "ingest", payments, kind="service", owner=people.ann.user)
    people.ann.user.is_active = False
    people.ann.user.save()
    found = held(robot.id)
    assert found is not None and not found.subject.active


def test_the_moment_is_the_databases_own(people: Any, now: Any) -> None:
    found = held(people.ann.id)
    assert found is not None
    assert timedelta(0) <= found.at - now < timedelta(minutes=1)


def test_a_place_comes_with_everything_above_it_and_what_is_frozen(founded: Any, payments: Any, now: Any) -> None:
    below = records.place(payments, "project", "cards")
    payments.frozen_at = now
    payments.save()
    links = ScopeClosure.objects.filter(descendant=below).values_list("ancestor_id", flat=True)
    assert above(below.pk) == {pk: pk == payments.pk for pk in links}
    assert above(None) == {founded.pk: False}
    assert above(uuid4()) == {}


def test_what_is_held_comes_with_its_places_in_one_question(
    people: Any, payments: Any, now: Any, django_assert_num_queries: Any
) -> None:
    group = Group.objects.create(name="scorers")
    group.members.add(people.eve.user)
    records.grant(group.pk, "viewer", payments, people.adam.id, now)
    records.grant(people.eve.id, "ingest", records.place(payments, "project", "cards"), people.adam.id, now)
    payments.frozen_at = now
    payments.save()
    with django_assert_num_queries(1):
        found = held_where(people.eve.id)
    known = held(people.eve.id)
    assert found is not None and known is not None
    assert (found.subject, found.claims, found.paths) == (known.subject, known.claims, known.paths)
    assert found.places == {claim.id: above(claim.scope_id) for claim in found.claims}
    assert len(found.places) == 2
    assert held_where(uuid4()) is None


@pytest.mark.parametrize("end", ["none", "revoked", "expired", "another's", "unknown"])
def test_what_is_held_by_a_token_is_held_while_it_counts(people: Any, now: Any, end: str) -> None:
    token = Token.objects.get(user=people.ann.user)
    if end == "revoked":
        Token.objects.filter(pk=token.pk).update(revoked_at=now)
    elif end == "expired":
        Token.objects.filter(pk=token.pk).update(expires_at=now)
    shown = {"another's": Token.objects.get(user=people.eve.user).pk, "unknown": uuid4()}.get(end, token.pk)
    found, known = held_where(people.ann.id, shown), held_where(people.ann.id)
    assert known is not None
    assert found == (replace(known, at=found.at) if end == "none" and found else None)
    assert (found is not None) == (end == "none")


def test_what_changed_since_the_last_question_is_said_by_the_next(people: Any, payments: Any, now: Any) -> None:
    records.grant(people.eve.id, "ingest", payments, people.adam.id, now)
    first = held_where(people.eve.id)
    assert first is not None and first.subject.active and not any(first.places[first.claims[0].id].values())
    payments.frozen_at = now
    payments.save()
    frozen = held_where(people.eve.id)
    assert frozen is not None and frozen.places[frozen.claims[0].id][payments.pk] and frozen.at >= first.at
    people.eve.user.is_active = False
    people.eve.user.save()
    gone = held_where(people.eve.id)
    assert gone is not None and not gone.subject.active
