"""The promotion machine under any order of acts, on the real database."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from audit.actor import system
from audit.models import Entry
from audit.refusals import Refused
from governance.promotions import applying, rules, selectors, services
from governance.promotions.applying import Found
from governance.promotions.models import Promotion
from governance.promotions.rules import Ballot
from governance.promotions.services import Signed, Wish
from tests.conftest import PASSWORD
from tests.governance.promotions.conftest import scan

pytestmark = pytest.mark.django_db
WHO = st.sampled_from(["ann", "olga", "omar", "both"])


class Machine(RuleBasedStateMachine):
    """People ask, decide and withdraw in any order while evidence changes and workers die at any step."""

    world = None

    def __init__(self):
        super().__init__()
        self.at = self.world.now
        self.alias = None
        self.entries = Entry.objects.count()
        self.revisions = {}

    def act(self, do, **more):
        """Do it; a refusal is an answer and leaves nothing behind."""
        self.at += timedelta(seconds=1)
        before = Entry.objects.count()
        try:
            return do(now=self.at, **more)
        except Refused:
            assert Entry.objects.count() == before
            return None

    def person(self, who):
        return getattr(self.world.people, who).actor

    def newest(self):
        return selectors.rows().order_by("-number").first()

    @rule(who=WHO, label=st.sampled_from(["1", "2"]))
    def ask(self, who, label):
        wish = Wish(self.world.versions[label].pk, "production", "")
        self.act(services.request, actor=self.person(who), wish=wish)

    @precondition(lambda self: self.newest())
    @rule(who=WHO, verdict=st.sampled_from(["approve", "approve", "approve", "reject", "request_changes"]))
    def decide(self, who, verdict):
        made = self.newest()
        signed = self.act(services.sign, actor=self.person(who), key=made.key, verdict=verdict, password=PASSWORD)
        if signed:
            ballot = Signed(Ballot(verdict, "So."), made.revision, signed[1])
            self.act(services.decide, actor=self.person(who), key=made.key, signed=ballot)

    @precondition(lambda self: self.newest())
    @rule(who=WHO)
    def withdraw(self, who):
        made = self.newest()
        self.act(services.withdraw, actor=self.person(who), key=made.key, revision=made.revision, reason="")

    @precondition(lambda self: self.newest())
    @rule(who=WHO)
    def resubmit(self, who):
        made = self.newest()
        self.act(services.resubmit, actor=self.person(who), key=made.key, revision=made.revision, purpose="")

    @rule(verdict=st.sampled_from(["clean_full", "clean_sampled", "findings"]))
    def scan(self, verdict):
        scan("/features", verdict, [("email", "EMAIL_ADDRESS")] if verdict == "findings" else [])

    @precondition(lambda self: self.newest())
    @rule()
    def reassess(self):
        self.act(services.reassess, actor=system(), promotion_id=self.newest().pk)

    @precondition(lambda self: self.newest())
    @rule(dies=st.sampled_from(["", "", "before", "after"]))
    def apply(self, dies):
        made = self.newest()
        found = Found(made.manifest_digest, self.alias)
        after = self.act(applying.begin, actor=system(), promotion_id=made.pk, found=found)
        if after is None or after.state != "applying" or dies == "before":
            return
        self.alias = made.version.label
        if dies != "after":
            self.act(applying.finish, actor=system(), promotion_id=made.pk, kept=True)

    @invariant()
    def one_is_open(self):
        assert Promotion.objects.filter(state__in=rules.OPEN).count() <= 1
        assert Promotion.objects.filter(state="applied").count() <= 1

    @invariant()
    def nobody_counts_for_their_own_request(self):
        for made in selectors.rows():
            found = selectors.standing(made, self.at)
            counted = set().union(*rules.approvers(found.case).values())
            assert not counted & found.case.requesters
            assert not counted & found.case.conflicts.keys()

    @invariant()
    def what_was_applied_had_two_different_officers_on_that_digest(self):
        for made in selectors.rows().filter(applied_at__isnull=False):
            rule_of = selectors.rules_of(made)[0]
            reviewed = selectors.standing(made, self.at).case.subject.reviewed(rule_of.reviews)
            people = {
                each.person_id
                for each in made.decisions.all()
                if each.verdict == "approve" and each.reviewed.get(rule_of.name) == reviewed
            }
            assert len(people - {made.requester_id}) >= 2

    @invariant()
    def every_revision_is_one_entry(self):
        for made in Promotion.objects.all():
            needle = f'"promotion:{made.pk}"'.encode()
            about = [body for body in map(bytes, Entry.objects.values_list("body", flat=True)) if needle in body]
            signed = sum(b'"action":"promotion.signed"' in body for body in about)
            assert len(about) - signed == made.revision


def test_the_machine_keeps_its_promises_in_any_order(world, person, payments):
    world.people.both = person("Both", ["contributor", "compliance_officer"])
    world.version("2", auc="0.94")
    from django.db import transaction

    class Held(Machine):
        """Each example runs in a savepoint that is rolled back."""

        def __init__(self):
            self.held = transaction.atomic()
            self.held._from_testcase = True
            self.held.__enter__()
            super().__init__()

        def teardown(self):
            transaction.set_rollback(True)
            self.held.__exit__(None, None, None)

    Held.world = world
    checked = settings(
        max_examples=6,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Held, settings=checked)
