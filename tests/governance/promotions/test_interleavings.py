"""The errands that move an alias, with anything at all happening between any two of their calls to the registry."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audit.actor import system
from audit.refusals import Conflict, Invalid
from governance.promotions import rules, selectors, services, tasks
from governance.promotions.models import Promotion
from governance.promotions.rules import Ballot
from governance.promotions.services import Signed, Wish
from governance.registries import services as registries
from governance.registries.rules import FoundModel
from governance.registries.services import Look
from jobs.tasks import Away
from tests.conftest import PASSWORD
from tests.governance.promotions.shelf import Killed, Shelf, digest_of
from tests.governance.promotions.test_tasks import Doing

pytestmark = pytest.mark.django_db

FILES = {"1": "one", "2": "two", "3": "one", "9": "not catalogued"}
BETWEEN = ("hand 1", "hand 2", "hand 3", "hand ", "away", "back", "delete", "restore", "watch", "die", "off", "on")
ACTS = ("apply", "put back", "roll back", "reassess", "sweep", "promote 1", "promote 2", "promote 3")
ALONE = ("hand 1", "hand 2", "hand 3", "hand 9", "hand ", "watch", "tamper", "restore")
CALM = st.just("")
STEP = st.one_of(CALM, CALM, CALM, CALM, st.sampled_from(BETWEEN), st.sampled_from(ACTS[:4]))
SCRIPT = st.lists(st.sampled_from((*ACTS, *ACTS[:3], *ALONE)), min_size=4, max_size=12)


class Play:
    """People and errands act by a script while what `between` says happens at each call to the registry."""

    def __init__(self, world, shelf, between):
        self.world, self.shelf, self.between = world, shelf, iter(between)
        self.at, self.depth = world.now, 0
        self.sets, self.hands, self.busy = Counter(), Counter(), set()
        shelf.meanwhile, shelf.moved = self.meanwhile, self.moved

    def tick(self):
        self.at += timedelta(seconds=1)
        return self.at

    def meanwhile(self, _call):
        self.do(next(self.between, ""))

    def moved(self, label):
        """An errand moved the alias: exactly one request may, and what it put there is approved at this moment."""
        (made,) = Promotion.objects.filter(moving=True).select_related("version")
        assert made.version.label == label
        assert made.state in ("applying", *rules.LIVE)
        assert made.decided_at is not None
        assert made.manifest_digest == digest_of(self.shelf.files[label])
        self.sets[made.pk, made.state == "applying"] += 1

    def do(self, act):
        what, _, which = act.partition(" ")
        if act in ACTS:
            self.act(what, which)
        elif act:
            getattr(self, what)(which)

    def away(self, _which):
        self.shelf.away = True

    def back(self, _which):
        self.shelf.away = False

    def delete(self, _which):
        """As MLflow does it, the alias goes with the version."""
        if self.shelf.at == "2":
            self.hand("")
        self.shelf.delete("2")

    def tamper(self, _which):
        """Somebody changes the files of version 2, while no errand looks at them."""
        self.shelf.files["2"] = "tampered"

    def restore(self, _which):
        self.shelf.files["2"] = "two"

    def off(self, _which, state="off"):
        self.world.registry.state = state
        self.world.registry.save()

    def on(self, which):
        self.off(which, "available")

    def die(self, _which):
        raise Killed

    def hand(self, label):
        """Somebody moves the alias in MLflow, or removes it."""
        if not label or label in self.shelf.files:
            self.shelf.at = label or None
            for pk in Promotion.objects.filter(moving=True).values_list("pk", flat=True):
                self.hands[pk] += 1

    def watch(self, _which):
        aliases = {"champion": self.shelf.at} if self.shelf.at else {}
        look = Look([FoundModel("fraud", aliases, 3)], self.tick())
        registries.note_look(actor=system(), registry_id=self.world.registry.pk, look=look, now=self.tick())

    def act(self, what, which):
        if self.depth > 2:
            return
        self.depth += 1
        try:
            {"promote": self.promote, "roll": self.roll_back, "apply": self.apply, "put": self.put_back}.get(
                what, self.look
            )(which)
        except Away:
            pass
        except Killed:
            if self.depth > 1:
                raise
        finally:
            self.depth -= 1

    def promote(self, label):
        """Ask for a version and approve it, where that is possible."""
        people = self.world.people
        wish = Wish(self.world.versions[label].pk, "production", "")
        try:
            made = services.request(actor=people.ann.actor, wish=wish, now=self.tick())
        except (Conflict, Invalid):
            made = Promotion.objects.filter(kind="promotion", state__in=rules.OPEN).first()
        for who in (people.olga, people.omar) if made else ():
            self.sign(who, made.key, "approve")

    def sign(self, who, key, verdict):
        try:
            made, grant, _ = services.sign(
                actor=who.actor, key=key, verdict=verdict, password=PASSWORD, now=self.tick()
            )
            signed = Signed(Ballot(verdict, "So."), made.revision, grant)
            do = services.roll_back if verdict == "roll_back" else services.decide
            do(actor=who.actor, key=key, signed=signed, now=self.tick())
        except (Conflict, Invalid):
            pass

    def roll_back(self, _which):
        live = Promotion.objects.filter(state__in=rules.PLACED).first()
        if live:
            self.sign(self.world.people.olga, live.key, "roll_back")

    def apply(self, _which):
        for pk in Promotion.objects.filter(state__in=("approved", "applying")).values_list("pk", flat=True):
            self.work(tasks.apply, pk)

    def work(self, errand, pk):
        """Do an errand as a worker does: under a lease, so that no other does the same one meanwhile."""
        if pk not in self.busy:
            self.busy.add(pk)
            try:
                errand(Doing(), str(pk))
            finally:
                self.busy.discard(pk)

    def put_back(self, _which):
        for pk in Promotion.objects.filter(state__in=rules.PLACED).values_list("pk", flat=True):
            self.work(tasks.put_back, pk)

    def look(self, _which):
        for pk in selectors.watched_ids():
            tasks.reassess(Doing(), str(pk))

    def rest(self):
        """Let the registry answer and the errands run: everything comes to rest within a few rounds."""
        self.shelf.away, self.shelf.meanwhile = False, lambda call: None
        for _round in range(8):
            before = self.state()
            self.look("")
            self.act("apply", "")
            for pk in selectors.put_back_ids():
                tasks.put_back(Doing(), str(pk))
            if self.state() == before:
                return
        raise AssertionError(f"it never came to rest: {self.state()}")

    def state(self):
        return sorted(Promotion.objects.values_list("number", "state", "revision", "moving"))


def test_whatever_happens_in_between_one_moves_it_once_to_what_is_approved_and_all_comes_to_rest(world, monkeypatch):
    world.asset.versions.all().delete()
    for label, auc in (("1", "0.93"), ("2", "0.94"), ("3", "0.93")):
        world.version(label, auc=auc, digest=digest_of(FILES[label]))
    reached = Counter()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @example(script=["apply", "promote 2", "hand 3"], between=[])
    @example(script=["apply", "promote 2", "hand 9", "watch"], between=[])
    @example(script=["apply", "promote 2", "apply", "hand 1", "tamper", "put back"], between=[])
    @example(script=["apply", "promote 2", "apply", "hand 1", "put back"], between=["", "", "", "roll back", "apply"])
    @example(script=["apply", "promote 2", "apply"], between=["", "", "", "", "", "", "hand 3"])
    @given(script=SCRIPT, between=st.lists(STEP, max_size=40))
    def check(script, between):
        shelf = Shelf(**{f"v{label}": text for label, text in FILES.items()})
        monkeypatch.setattr(tasks, "MlflowRegistry", lambda uri: shelf)
        held = transaction.atomic()
        held._from_testcase = True
        with held:
            play = Play(world, shelf, between)
            play.promote("1")
            for act in script:
                play.do(act)
            play.rest()
            resting(play)
            reached["sets"] += sum(play.sets.values())
            reached.update(Promotion.objects.values_list("state", flat=True))
            transaction.set_rollback(True)
        world.registry.refresh_from_db()

    check()
    assert reached["applied"]
    assert reached["sets"]
    assert reached["apply_failed"] or reached["in_review"]


def resting(play):
    """Nothing is half done, and no request moved the alias twice by itself."""
    assert not Promotion.objects.filter(moving=True).exists()
    assert not Promotion.objects.filter(state__in=("approved", "applying")).exists()
    assert Promotion.objects.filter(state="applied").count() <= 1
    for made in Promotion.objects.filter(applied_at__isnull=False):
        assert made.decided_at is not None
    for (pk, applying), times in play.sets.items():
        assert not applying or times <= 1 + play.hands[pk], "an applied request moved the alias twice by itself"
