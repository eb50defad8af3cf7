"""What an errand does when others move the alias, the registry loses something, or two want the same place."""

import pytest
from django.db import IntegrityError, transaction

from audit.actor import system
from audit.models import Entry
from governance.catalog.models import Version
from governance.promotions import selectors, tasks
from governance.promotions.models import Promotion
from governance.registries.models import Registry
from jobs import selectors as clock
from jobs.models import Job
from jobs.tasks import Away
from tests.governance.promotions.conftest import now_at, only
from tests.governance.promotions.shelf import Killed, Shelf, digest_of

pytestmark = pytest.mark.django_db


class Doing:
    """A job's errand sees the time and may tell how far it is."""

    def now(self):
        return clock.now()

    def progress(self, done, words=""):
        assert 0 <= done <= 1


@pytest.fixture
def shelf(world, monkeypatch):
    """A registry with three versions; 1 and 3 have the same files."""
    made = Shelf(v1="one", v2="two", v3="one")
    monkeypatch.setattr(tasks, "MlflowRegistry", lambda uri: made)
    world.asset.versions.all().delete()
    for label, auc in (("1", "0.93"), ("2", "0.94"), ("3", "0.93")):
        world.version(label, auc=auc, digest=digest_of(made.files[label]))
    return made


@pytest.fixture
def approve(world, rest):
    def do(label):
        said = rest.ask(world.people.ann, world.versions[label])
        assert said.done, said.body
        key = only().key
        again(key)
        return key

    def again(key):
        for who in (world.people.olga, world.people.omar):
            said = rest.decide(who, key)
            assert said.done, said.body

    do.again = again
    return do


def apply(key):
    tasks.apply(Doing(), str(now_at(key).pk))
    return now_at(key)


def put_back(key):
    tasks.put_back(Doing(), str(now_at(key).pk))
    return now_at(key)


def reassess(key):
    tasks.reassess(Doing(), str(now_at(key).pk))
    return now_at(key)


def seen(shelf, key):
    made = now_at(key)
    with transaction.atomic():
        from governance.promotions import records

        records.note_alias(system(), made, shelf.at or "", clock.now())


def said_on(world, key):
    return world.people.olga.client.get(f"/approvals/{key}").content.decode()


class TestOneAtATime:
    @pytest.fixture
    def two(self, world, rest, shelf, approve):
        """Version 2 runs; going back to 1 and promoting 3 are both approved."""
        apply(approve("1"))
        second = approve("2")
        apply(second)
        third = approve("3")
        assert rest.roll_back(world.people.olga, second).done
        return third, only().key

    def test_the_database_refuses_a_second_mover(self, two):
        third, back = (now_at(key) for key in two)
        Promotion.objects.filter(pk=third.pk).update(state="applying", moving=True)
        with pytest.raises(IntegrityError), transaction.atomic():
            Promotion.objects.filter(pk=back.pk).update(state="applying", moving=True)
        with pytest.raises(IntegrityError), transaction.atomic():
            Promotion.objects.filter(pk=back.pk).update(state="applying")

    def test_the_other_one_waits_and_then_looks_again(self, two, shelf):
        third, back = two

        def meanwhile(call):
            if call == "set_alias":
                shelf.meanwhile = lambda call: None
                with pytest.raises(Away, match="Another request moves this alias"):
                    apply(back)
                assert now_at(back).state == "approved"

        shelf.meanwhile = meanwhile
        assert apply(third).state == "applied"
        assert apply(back).state == "in_review"
        assert shelf.at == "3"

    def test_putting_back_waits_for_whoever_applies(self, two, shelf):
        third, _back = two
        live = selectors.live(now_at(third).asset_id, now_at(third).environment_id)

        def meanwhile(call):
            if call == "set_alias":
                shelf.meanwhile = lambda call: None
                shelf.at = "1"
                with pytest.raises(Away, match="Another request moves this alias"):
                    put_back(live.key)

        shelf.meanwhile = meanwhile
        assert apply(third).state == "applied"
        assert put_back(live.key).state == "superseded"
        assert shelf.at == "3"

    def test_applying_waits_for_whoever_puts_back(self, two, shelf):
        third, back = two
        live = now_at(third).asset.promotions.get(state="applied")
        shelf.at = "1"

        def meanwhile(call):
            if call == "set_alias":
                shelf.meanwhile = lambda call: None
                shelf.at = "2"
                with pytest.raises(Away, match="Another request moves this alias"):
                    apply(back)

        shelf.meanwhile = meanwhile
        assert not put_back(live.key).moving
        assert shelf.at == "2"

    def test_an_alias_that_moves_while_the_files_are_read_is_not_overwritten(self, shelf, approve):
        key = approve("1")
        calls = []

        def meanwhile(call):
            calls.append(call)
            if calls.count("alias") == 2 and call == "alias":
                shelf.at = "2"

        shelf.meanwhile = meanwhile
        with pytest.raises(Away):
            apply(key)
        assert (shelf.sets, shelf.at) == ([], "2")
        assert apply(key).state == "in_review"

    def test_a_put_back_whose_worker_died_is_taken_up_again(self, shelf, approve, run_jobs):
        key = approve("1")
        apply(key)
        shelf.at = "2"

        def dies(call):
            if call == "set_alias":
                shelf.meanwhile = lambda call: None
                raise Killed

        shelf.meanwhile = dies
        with pytest.raises(Killed):
            put_back(key)
        assert now_at(key).moving
        tasks.sweep(Doing())
        run_jobs()
        assert (now_at(key).moving, shelf.at) == (False, "1")


class TestAliasMovedByHand:
    def test_to_identical_files_it_is_applied_in_place_of_those(self, shelf, approve):
        apply(approve("1"))
        key = approve("2")
        decided = now_at(key).decided_at
        shelf.at = "3"
        made = apply(key)
        assert (made.state, made.decided_at, made.alias_before, made.baseline.label) == ("applied", decided, "3", "3")

    def test_a_look_in_between_neither_dates_the_approval_again_nor_takes_turns(self, shelf, approve):
        apply(approve("1"))
        key = approve("2")
        decided = now_at(key).decided_at
        shelf.at = "3"
        seen(shelf, key)
        made = reassess(key)
        assert (made.state, made.baseline.label, made.decided_at) == ("approved", "3", decided)
        before = now_at(key).revision
        assert reassess(key).revision == before
        assert apply(key).state == "applied"

    def test_to_other_files_people_decide_again_and_then_it_is_applied(self, shelf, approve):
        key = approve("1")
        shelf.at = "2"
        assert apply(key).state == "in_review"
        made = reassess(key)
        assert (made.state, made.decided_at, made.baseline.label) == ("in_review", None, "2")

    def test_to_a_version_nobody_catalogued_it_waits_for_a_person(self, world, shelf, approve):
        key = approve("1")
        shelf.files["9"], shelf.at = "nine", "9"
        made = apply(key)
        assert (made.state, made.failure["code"]) == ("apply_failed", "promotions.alias_unknown")
        assert "not in the catalog yet" in said_on(world, key)
        for _ in range(2):
            waits = reassess(key)
            assert (waits.state, waits.decided_at) == ("in_review", None)
        assert "What runs there now is not known here" in said_on(world, key)
        shelf.at = None
        seen(shelf, key)
        assert reassess(key).state == "approved"
        assert apply(key).state == "applied"


class TestGone:
    def test_a_version_deleted_while_it_is_applied_is_a_failure_that_says_so(self, world, shelf, approve, rest):
        key = approve("1")

        def meanwhile(call):
            if call == "set_alias":
                shelf.delete("1")

        shelf.meanwhile = meanwhile
        made = apply(key)
        assert (made.state, made.moving, made.failure) == ("apply_failed", False, {"code": "promotions.gone"})
        assert "The registry has no such version any more" in said_on(world, key)
        assert Entry.objects.filter(action="promotion.apply_failed").count() == 1
        shelf.files["1"] = "one"
        shelf.meanwhile = lambda call: None
        revision = now_at(key).revision
        assert rest.post(world.people.olga, f"/{key}/retry", {"revision": revision}).status_code == 202
        assert apply(key).state == "applied"

    def test_failing_again_for_the_same_reason_says_so_again(self, world, shelf, approve, rest):
        key = approve("1")
        shelf.files["1"] = "other"
        for _ in range(2):
            assert apply(key).failure == {"code": "promotions.files_changed"}
            rest.post(world.people.olga, f"/{key}/retry", {"revision": now_at(key).revision})
            assert now_at(key).failure is None

    def test_only_a_registry_that_is_away_is_waited_for(self, shelf, approve):
        key = approve("1")
        shelf.away = True
        with pytest.raises(Away, match="does not answer"):
            apply(key)
        assert now_at(key).state == "approved"
        shelf.away = False
        assert apply(key).state == "applied"

    def test_what_ran_and_is_gone_cannot_be_put_back_and_says_why(self, world, shelf, approve):
        key = approve("1")
        apply(key)
        shelf.delete("1")
        seen(shelf, key)
        made = put_back(key)
        assert (made.state, made.moving, made.failure) == ("applied", False, {"code": "promotions.gone"})
        assert "The registry has no such version any more" in said_on(world, key)

    def test_nothing_is_written_to_a_registry_that_was_disconnected(self, world, shelf, approve):
        key = approve("1")
        Registry.objects.update(state="off")
        made = apply(key)
        assert (made.state, made.failure) == (
            "apply_failed",
            {"code": "registries.off", "params": {"name": "MLflow"}},
        )
        assert shelf.sets == []
        assert "was disconnected" in said_on(world, key)

    def test_not_even_when_it_is_disconnected_while_the_files_are_read(self, shelf, approve):
        key = approve("1")

        def meanwhile(call):
            if call == "alias":
                Registry.objects.update(state="off")

        shelf.meanwhile = meanwhile
        assert apply(key).state == "apply_failed"
        assert shelf.sets == []


class TestCompromised:
    @pytest.fixture
    def changed(self, world, shelf, approve):
        apply(approve("1"))
        key = approve("2")
        apply(key)
        Version.objects.filter(label="2").update(state="compromised")
        return key

    def test_an_applied_request_whose_files_changed_is_compromised(self, world, changed, run_jobs):
        tasks.sweep(Doing())
        run_jobs()
        assert now_at(changed).state == "compromised"
        assert Entry.objects.filter(action="promotion.compromised").count() == 1
        tasks.sweep(Doing())
        run_jobs()
        assert Entry.objects.filter(action="promotion.compromised").count() == 1

    def test_it_is_shown_as_something_to_act_on(self, world, changed):
        reassess(changed)
        for path in ("/approvals", f"/approvals/{changed}"):
            page = world.people.olga.client.get(path).content.decode()
            assert "files were changed after they were approved" in page, path
        assert "Roll back to version 1" in said_on(world, changed)

    def test_strangers_see_nothing_of_it(self, world, changed, person):
        reassess(changed)
        stranger = person("Stranger")
        assert changed not in stranger.client.get("/approvals").content.decode()

    def test_it_is_not_put_back_but_rolled_back(self, world, rest, shelf, changed):
        reassess(changed)
        shelf.at = None
        assert rest.put_back(world.people.olga, changed).status == 409
        assert put_back(changed).state == "compromised"
        assert shelf.at is None
        shelf.at = "2"
        assert rest.roll_back(world.people.olga, changed).done
        assert apply(only().key).state == "applied"
        assert (now_at(changed).state, shelf.at) == ("rolled_back", "1")

    def test_the_next_version_supersedes_it(self, shelf, changed, approve):
        reassess(changed)
        assert apply(approve("1")).state == "applied"
        assert now_at(changed).state == "superseded"


class TestWayBack:
    @pytest.fixture
    def three(self, world, shelf, approve):
        shelf.files["3"] = "three"
        Version.objects.filter(label="3").delete()
        world.version("3", auc="0.95", digest=digest_of("three"))
        keys = [approve(label) for label in ("1",)]
        apply(keys[0])
        for label in ("2", "3"):
            keys.append(approve(label))
            apply(keys[-1])
        return keys

    def back(self, world, rest, key):
        said = rest.roll_back(world.people.olga, key)
        return apply(only().key) if said.done else None

    def test_a_second_one_goes_further_back_and_a_third_says_there_is_none(self, world, rest, three):
        first = self.back(world, rest, three[2])
        assert first.version.label == "2"
        second = self.back(world, rest, first.key)
        assert second.version.label == "1"
        assert self.back(world, rest, second.key) is None
        said = rest.roll_back(world.people.olga, second.key)
        assert "nothing_to_roll_back_to" in said.body

    def test_what_was_rolled_back_from_is_no_way_back_even_where_it_was_superseded_before(self, world, rest, three):
        first = self.back(world, rest, three[2])
        self.back(world, rest, first.key)
        assert not rest.roll_back(world.people.olga, three[1]).done
        assert not rest.roll_back(world.people.olga, three[2]).done

    def test_what_was_rolled_back_from_and_approved_anew_is_one_again(self, world, rest, three, approve):
        first = self.back(world, rest, three[2])
        again = approve("3")
        apply(again)
        Version.objects.filter(label="1").update(created_at=world.now)
        latest = approve("1")
        apply(latest)
        found = self.back(world, rest, latest)
        assert (first.version.label, found.version.label) == ("2", "3")

    @pytest.mark.parametrize("lost", [{"state": "compromised"}, {"gone_at": "2026-11-20T10:00:00Z"}])
    def test_what_was_changed_or_lost_is_passed_over(self, world, rest, three, lost):
        Version.objects.filter(label="2").update(**lost)
        assert self.back(world, rest, three[2]).version.label == "1"

    def test_one_that_could_not_be_applied_gives_way_to_the_next(self, world, rest, shelf, three):
        shelf.delete("2")
        failed = self.back(world, rest, three[2])
        assert (failed.state, failed.failure["code"]) == ("apply_failed", "promotions.gone")
        assert Job.objects.filter(kind="registries.digest", args=[str(failed.version_id)]).exists()
        Version.objects.filter(label="2").update(gone_at=world.now)
        assert self.back(world, rest, three[2]).version.label == "1"
        assert now_at(failed.key).state == "withdrawn"
