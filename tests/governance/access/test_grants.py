from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from audit.actor import ANONYMOUS, home_scope, require, visible
from audit.refusals import Forbidden, NotSignedIn
from governance.access import records, selectors
from governance.access.models import Grant, Scope
from governance.access.rules import HELD_BY_ATTESTRY, ROLES, Action


def test_a_grant_reaches_down_and_never_up(people: SimpleNamespace, payments: Scope) -> None:
    fraud = records.place(payments, "project", "fraud")
    require(people.ann.actor, "request", fraud)
    with pytest.raises(Forbidden):
        require(people.ann.actor, "request", None)


def test_a_stranger_may_nothing_and_sees_nothing(people: SimpleNamespace, payments: Scope) -> None:
    with pytest.raises(Forbidden):
        require(people.eve.actor, "browse", payments)
    assert not Scope.objects.filter(visible(people.eve.actor).q("pk")).exists()


def test_nobody_must_sign_in_first(payments: Scope) -> None:
    with pytest.raises(NotSignedIn):
        require(ANONYMOUS, "browse", payments)


def test_an_expired_grant_counts_for_nothing(people: SimpleNamespace, payments: Scope, now: Any) -> None:
    Grant.objects.filter(principal_id=people.ann.id).update(expires_at=now - timedelta(seconds=1))
    with pytest.raises(Forbidden):
        require(people.ann.actor, "browse", payments)


def test_a_deactivated_person_may_nothing(people: SimpleNamespace, payments: Scope) -> None:
    people.ann.user.is_active = False
    people.ann.user.save()
    with pytest.raises(Forbidden):
        require(people.ann.actor, "browse", payments)
    assert not Scope.objects.filter(visible(people.ann.actor).q("pk")).exists()


def test_what_a_contributor_brings_appears_in_their_scope(people: SimpleNamespace, payments: Scope) -> None:
    assert home_scope(people.ann.actor, "register") == payments.pk


def test_those_who_may_approve_are_the_officers(people: SimpleNamespace, payments: Scope) -> None:
    assert [user.name for user in selectors.people_who_may("approve", payments.pk)] == ["Olga", "Omar"]


def test_admins_and_attestry_itself_never_approve() -> None:
    assert not [role for role in ("admin", *HELD_BY_ATTESTRY) if Action.APPROVE in ROLES[role]]
