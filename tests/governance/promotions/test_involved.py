"""Who had a hand in a request, and what that does to deciding on it."""

import json
from datetime import timedelta

import pytest
from django.db import transaction

from audit.actor import system
from governance.catalog.models import Version
from governance.identities import records as identities
from governance.pii.models import Finding, Waiver
from governance.policies import records as policy_records
from governance.policies import selectors as policies
from governance.promotions import applying, selectors
from governance.promotions.models import Promotion
from tests.governance.promotions.conftest import now_at, only, scan
from tests.governance.promotions.test_apply import applied, reassess

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(world, rest, person):
    """A request that three officers could decide on."""
    world.third = person("Petra", "compliance_officer")
    said = rest.ask(world.people.ann, world.versions["1"])
    assert said.done, said.body
    return only()


def conflicts(made, now):
    return selectors.standing(now_at(made.key), now).case.conflicts


def said_on(world, made):
    return world.people.vera.client.get(f"/approvals/{made.key}").content.decode()


def waived(world, by, decided_by):
    scan("/features", "findings", [("email", "EMAIL_ADDRESS")])
    return Waiver.objects.create(
        scope_id=world.asset.scope_id,
        finding=Finding.objects.get(column="email", dataset_id=Finding.objects.latest("created_at").dataset_id),
        reason="Needed.",
        proposer_id=by.id,
        decider_id=decided_by.id,
        state="approved",
        expires_at=world.now + timedelta(days=2),
        created_at=world.now,
    )


@pytest.mark.parametrize("part", ["olga", "omar"])
def test_whoever_waives_what_the_request_relies_on_does_not_decide_on_it(world, rest, asked, part):
    waived(world, world.people.olga, world.people.omar)
    reassess(asked, world.now)
    who = getattr(world.people, part)
    assert conflicts(asked, world.now)[who.id] == ("waived",)
    said = rest.decide(who, asked.key)
    assert (said.status, "waived or disputed a finding" in said.body) == (422, True)
    assert "cannot decide: waived or disputed a finding" in said_on(world, asked)


def test_a_waiver_that_ended_or_of_other_data_conflicts_nobody(world, asked):
    held = waived(world, world.people.olga, world.people.omar)
    reassess(asked, world.now)
    assert world.people.olga.id not in conflicts(asked, held.expires_at)
    Finding.objects.filter(pk=held.finding_id).update(dataset_id=0)
    assert world.people.olga.id not in conflicts(asked, world.now)


def test_whoever_disputes_a_finding_does_not_decide_on_what_relies_on_that(world, rest, asked):
    scan("/features", "findings", [("email", "EMAIL_ADDRESS")])
    Finding.objects.filter(column="email").update(state="disputed", judged_by=world.people.olga.id)
    reassess(asked, world.now)
    assert conflicts(asked, world.now)[world.people.olga.id] == ("waived",)
    assert not rest.decide(world.people.olga, asked.key).done
    assert rest.decide(world.people.omar, asked.key).done


def test_everybody_who_edited_the_card_since_it_was_last_approved_is_conflicted(world, rest, person):
    world.card(world.people.omar)
    world.card(world.people.ann)
    third = person("Petra", "compliance_officer")
    rest.ask(world.people.ann, world.versions["1"])
    first = only()
    assert conflicts(first, world.now)[world.people.omar.id] == ("edited",)
    for who in (world.people.olga, third):
        assert rest.decide(who, first.key).done
    found = applying.Found(first.manifest_digest, None)
    applying.begin(actor=system(), promotion_id=first.pk, found=found, now=world.now)
    applying.finish(actor=system(), promotion_id=first.pk, kept=True, now=world.now)
    world.version("2", auc="0.94")
    world.card(third)
    world.card(world.people.ann)
    assert rest.ask(world.people.ann, world.versions["2"]).done
    later = conflicts(only(), world.now)
    assert later[third.id] == ("edited",)
    assert world.people.omar.id not in later


def test_the_owner_of_the_service_account_that_ran_the_training_is_conflicted(world, rest, asked, person, payments):
    person("Trainer", "ingest", payments, kind="service", owner=world.people.olga.user)
    Version.objects.filter(label="1").update(run_user="trainer")
    assert conflicts(asked, world.now)[world.people.olga.id] == ("made",)
    assert now_at(asked.key).version.run_user not in selectors.standing(now_at(asked.key), world.now).unknown
    assert not rest.decide(world.people.olga, asked.key).done


def test_commit_authors_that_the_run_names_are_conflicted_or_shown(world, asked):
    Version.objects.filter(label="1").update(authors=[f"Omar <{world.people.omar.user.email}>", "Zoe <zoe@else.org>"])
    assert conflicts(asked, world.now)[world.people.omar.id] == ("made",)
    assert "nobody here: Zoe &lt;zoe@else.org&gt;" in said_on(world, asked)


def test_a_contributor_is_who_an_identity_says_and_whoever_said_so_does_not_decide(world, rest, asked):
    Version.objects.filter(label="1").update(run_user="osantos", authors=["Z <zoe@else.org>"])
    with transaction.atomic():
        identities.give("OSantos", world.people.omar.user, world.people.olga.id, world.now)
        identities.give("zoe@else.org", world.people.ann.user, world.people.adam.id, world.now)
    found = selectors.standing(now_at(asked.key), world.now)
    assert found.unknown == ()
    assert found.case.conflicts[world.people.omar.id] == ("made",)
    assert found.case.conflicts[world.people.olga.id] == ("identified",)
    assert found.case.conflicts[world.people.ann.id][-1] == "made"
    assert not rest.decide(world.people.omar, asked.key).done
    said = rest.decide(world.people.olga, asked.key)
    assert (said.status, "said whose a contributor" in said.body) == (422, True)


class TestWherePolicyBlocks:
    @pytest.fixture
    def strict(self, world):
        body = {**json.loads(json.dumps(policy_records.STARTERS["production"])), "unmatched": "block"}
        with transaction.atomic():
            policy_records.publish(policies.environment_named("production"), body, world.people.olga.id, world.now)

    def test_an_unmatched_contributor_stops_an_approval_and_is_named(self, world, strict, rest, door, asked):
        Version.objects.filter(label="1").update(run_user="root")
        said = door.decide(world.people.olga, asked.key)
        assert not said.done
        assert "nobody matches: root" in world.people.olga.client.get(f"/approvals/{asked.key}").content.decode()
        assert rest.decide(world.people.olga, asked.key, "reject", "Who is root?").done

    def test_an_identity_lets_the_approval_go_on(self, world, strict, rest, asked):
        Version.objects.filter(label="1").update(run_user="root")
        assert "?name=root" in said_on(world, asked)
        with transaction.atomic():
            identities.give("root", world.people.ann.user, world.people.adam.id, world.now)
        assert rest.decide(world.people.olga, asked.key).done

    def test_one_who_turns_up_after_approval_sends_it_back_until_they_are_known(self, world, strict, rest, person):
        rest.ask(world.people.ann, world.versions["1"])
        made = only()
        for who in (world.people.olga, world.people.omar):
            assert rest.decide(who, made.key).done
        Version.objects.filter(label="1").update(authors=["Zoe"])
        assert reassess(now_at(made.key), world.now).state == "in_review"
        person("Zoe", "viewer")
        assert reassess(now_at(made.key), world.now).state == "approved"

    def test_a_policy_that_does_not_say_so_only_shows_them(self, world, rest):
        Version.objects.filter(label="1").update(run_user="root")
        made = applied(world, rest)
        assert Promotion.objects.get(pk=made.pk).state == "applied"
        assert "nobody here: root" in said_on(world, made)
