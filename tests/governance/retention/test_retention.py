"""Retention: what is old goes and is named in the log; what an approved version reaches stays, whatever its age."""

import json
import random
import zlib
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from audit.actor import Forbidden, system
from audit.models import Entry
from audit.retention.models import Hold
from governance.promotions import records as promotions
from governance.promotions.models import Promotion
from governance.retention import selectors, services, tasks
from governance.retention.selectors import Plan
from jobs import selectors as clock
from lineage import follow, reading, rebuild
from lineage import services as lineage
from lineage.models import DatasetVersion, Edge, JobIO, RawEvent, RemovedEvent, Run, RunIO
from lineage.retention import selectors as pins
from lineage.retention.selectors import Root
from lineage.selectors import ancestry_of
from lineage.story import story_of
from portal import upkeep
from tests.governance.promotions.conftest import NAMESPACE, only, rest, world  # noqa: F401
from tests.governance.reports.made import taken
from tests.lineage.test_projection import picture

pytestmark = pytest.mark.django_db
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@pytest.fixture
def later(now):
    """So late that everything is past its time."""
    return now + timedelta(days=10_000)


def carried_out(at):
    return tasks.carry_out(lambda: at, lambda _: None)


def told(action):
    return [json.loads(bytes(one.body))["about"] for one in Entry.objects.filter(action=action).order_by("pk")]


class TestWhatGoes:
    def test_what_nothing_relies_on_goes_events_first_and_the_log_names_each(self, world, later):  # noqa: F811
        digests = sorted(RawEvent.objects.values_list("sha256", flat=True))
        runs = sorted(str(run.uuid) for run in Run.objects.filter(declared=False))
        edges, ends = Edge.objects.count(), JobIO.objects.count()
        assert carried_out(later) == {"events": len(digests), "runs": len(runs)}
        assert not RawEvent.objects.exists() and not RunIO.objects.exists()
        (events,), (gone,) = told("retention.events_removed"), told("retention.runs_removed")
        assert (events["digests"], events["count"], gone["runs"]) == (digests, len(digests), runs)
        assert (Edge.objects.count(), JobIO.objects.count()) == (edges, ends)
        assert carried_out(later) == {"events": 0, "runs": 0}
        assert len(told("retention.events_removed")) == 1

    def test_what_is_young_stays(self, world, now, settings):  # noqa: F811
        kept = RawEvent.objects.count()
        assert carried_out(now + timedelta(days=settings.LINEAGE_EVENT_DAYS - 1)) == {"events": 0, "runs": 0}
        carried_out(now + timedelta(days=settings.LINEAGE_EVENT_DAYS + 1))
        assert (RemovedEvent.objects.count(), Run.objects.exists()) == (kept, True)

    def test_nothing_goes_where_it_is_kept_for_ever(self, world, later, settings):  # noqa: F811
        settings.LINEAGE_EVENT_DAYS = 0
        assert carried_out(later) == {"events": 0, "runs": 0}
        assert Run.objects.exists()

    def test_it_goes_in_batches_each_under_its_own_entry(self, world, later, monkeypatch):  # noqa: F811
        monkeypatch.setattr(selectors, "BATCH", 2)
        monkeypatch.setattr(pins, "LOOKED", 3)
        count = RawEvent.objects.count()
        assert carried_out(later)["events"] == count
        batches = told("retention.events_removed")
        assert [one["count"] for one in batches][:1] == [2] and sum(one["count"] for one in batches) == count
        for entry in Entry.objects.filter(action="retention.events_removed"):
            named = set(json.loads(bytes(entry.body))["about"]["digests"])
            assert named == set(RemovedEvent.objects.filter(entry_id=entry.pk).values_list("sha256", flat=True))

    def test_counting_changes_nothing_and_says_what_would_go(self, world, later):  # noqa: F811
        before = picture(), RawEvent.objects.count(), Entry.objects.count()
        found = tasks.counted(later)
        assert found["events"]["removed"] == found["events"]["old"] == before[1]
        assert (picture(), RawEvent.objects.count(), Entry.objects.count()) == before

    def test_the_command_counts_first_and_removes_when_told_to(self, person, payments, now):
        producer = person("Early", "ingest", payments)
        events = [reading.read(one, []) for one in history(random.Random(1))]
        lineage.ingest(actor=producer.actor, readings=events, now=now - timedelta(days=800))
        follow.catch_up()
        counted = upkeep.retain_lineage(lambda _: None, only_count=True)
        assert counted["found"]["events"]["removed"] == RawEvent.objects.count() > 0 and "removed" not in counted
        done = upkeep.retain_lineage(lambda _: None, only_count=False)
        assert done["removed"] == {"events": counted["found"]["events"]["old"], "runs": 0}
        assert not RawEvent.objects.exists()

    def test_nobody_removes_by_hand(self, world, later):  # noqa: F811
        plan = selectors.plan(later)
        with pytest.raises(Forbidden):
            services.remove_events(actor=world.people.adam.actor, plan=plan, after=0, now=later)
        assert RawEvent.objects.exists()


class TestWhatStays:
    @pytest.fixture
    def approved(self, world, rest):  # noqa: F811
        """Version 1, asked for by Ann and approved by Olga; version 2 was trained on the same data later."""
        for job in ("idle", "dead-end"):
            world.ran(job, ["/features"], [f"/{job}"])
        assert rest.ask(world.people.ann, world.versions["1"]).done
        assert rest.decide(world.people.olga, only().key).done
        return world.versions["1"]

    @pytest.mark.parametrize("form", ["json", "ndjson", "zip", "pdf"])
    def test_its_report_is_the_same_bytes_afterwards(self, approved, world, run_jobs, later, form):  # noqa: F811
        as_of = clock.now().isoformat()
        before = taken(world.people.vera, approved, run_jobs, format=form, as_of=as_of).content
        gone = carried_out(later)
        assert gone["events"] and gone["runs"]
        assert taken(world.people.vera, approved, run_jobs, format=form, as_of=as_of).content == before

    def test_what_was_approved_once_stays_when_something_else_runs(self, approved, later):
        Promotion.objects.update(state="superseded")
        assert pins_of(selectors.plan(later)) >= {f"train-{approved.label}"}

    @pytest.mark.parametrize(("state", "decided", "kept"), [
        ("in_review", False, True), ("changes_requested", False, True), ("applying", True, True),
        ("rejected", True, False), ("withdrawn", False, False), ("expired", False, False), ("withdrawn", True, True),
    ])  # fmt: skip
    def test_what_is_asked_for_stays_until_it_is_refused(self, approved, later, state, decided, kept):
        at = approved.created_at if decided else None
        Promotion.objects.update(state=state, decided_at=at, moving=state == "applying")
        assert ("train-1" in pins_of(selectors.plan(later))) is kept

    def test_a_request_made_meanwhile_is_known_before_anything_goes(self, world, rest, later):  # noqa: F811
        plan = selectors.plan(later)
        assert rest.ask(world.people.ann, world.versions["1"]).done
        batch = services.remove_events(actor=system(), plan=plan, after=0, now=later)
        assert batch.stale and not RemovedEvent.objects.exists()
        carried_out(later)
        assert Run.objects.filter(job__name="train-1").exists()

    @pytest.mark.parametrize("hold", [
        {"kind": "subject", "subject": "run:{run}"}, {"kind": "subject", "subject": "lineage_event:{event}"},
        {"kind": "subject", "subject": "model_version:{version}"}, {"kind": "actor", "actor_id": "{told_by}"},
        {"kind": "time", "since": "2026-01-01T00:00:00Z"},
    ])  # fmt: skip
    def test_what_a_hold_covers_stays(self, world, later, hold):  # noqa: F811
        run = Run.objects.get(job__name="train-1")
        event = RawEvent.objects.get(run_uuid=run.uuid)
        names = {"run": run.uuid, "event": event.sha256, "version": world.versions["1"].pk}
        names["told_by"] = event.principal_id
        row = {name: value.format(**names) for name, value in hold.items()}
        Hold.objects.create(**row, set_by=UUID(int=1), at=world.now)
        carried_out(later)
        assert RawEvent.objects.filter(pk=event.pk).exists() and Run.objects.filter(pk=run.pk).exists()

    def test_no_request_is_made_while_something_goes(self, world):  # noqa: F811
        from django.db import connection, transaction

        with transaction.atomic():
            promotions.hold_still()
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT mode FROM pg_locks WHERE relation = 'governance_promotion'::regclass")
                    assert ("ShareLock",) in cursor.fetchall()


def pins_of(plan):
    return set(Run.objects.filter(pk__in=plan.pinned.runs).values_list("job__name", flat=True))


class TestAfterwards:
    def test_the_page_of_a_removed_event_says_so_and_its_entry_stays(self, world, later):  # noqa: F811
        digest = RawEvent.objects.order_by("pk").values_list("sha256", flat=True)[0]
        carried_out(later)
        vera = world.people.vera
        shown = vera.api.get(f"/api/v1/lineage/event?digest=sha256:{digest}").json()
        assert shown["removed_at"] == RemovedEvent.objects.get(sha256=digest).removed_at.isoformat()
        assert (shown["canonical"], shown["withheld"]) == (None, False)
        page = vera.client.get(f"/lineage/event?digest=sha256:{digest}").content.decode()
        assert "was removed by retention" in page and "may not see" not in page
        accepted = [json.loads(bytes(one.body)) for one in Entry.objects.filter(action="lineage.event_accepted")]
        assert f"sha256:{digest}" in {one["about"]["digest"] for one in accepted}
        assert world.people.eve.api.get(f"/api/v1/lineage/event?digest=sha256:{digest}").status_code == 404

    def test_what_is_told_again_is_kept_again(self, world, later):  # noqa: F811
        world.ran("again", ["/features"], ["/x"])
        carried_out(later)
        world.minutes = iter([int(str(RemovedEvent.objects.order_by("-pk")[0].run_uuid)[-12:])])
        world.ran("again", ["/features"], ["/x"])
        assert RawEvent.objects.count() == 1 and Run.objects.get(job__name="again").state == "COMPLETE"

    def test_the_page_says_how_long_lineage_is_kept(self, world, later):  # noqa: F811
        carried_out(later)
        page = world.people.adam.client.get("/audit/retention").content.decode()
        assert "is kept for 730 days" in page and f"{RemovedEvent.objects.count()} events were removed" in page

    @pytest.mark.django_db(transaction=True)
    def test_rebuilding_keeps_what_only_removed_events_said_and_puts_right_the_rest(self, world, now):  # noqa: F811
        carried_out(now + timedelta(days=800))
        world.ran("after", ["/features"], ["/y"])
        Run.objects.filter(job__name="after").update(state="FAIL", state_rank=9)
        before = Run.objects.count(), RunIO.objects.count(), Edge.objects.count()
        with closing(rebuild.prepared()) as copy:
            lineage.rebuild(actor=world.people.adam.actor, copy=copy, now=now)
        assert (Run.objects.count(), RunIO.objects.count(), Edge.objects.count()) == before
        assert set(Run.objects.values_list("state", flat=True)) <= {"COMPLETE", "FAIL"}


def history(chance):
    """Random runs over few datasets, the same ones again and again, and a model that is trained now and then."""
    names = [f"/d{one}" for one in range(6)]
    for minute in range(chance.randint(8, 30)):
        read = chance.sample(names, chance.randint(0, 3))
        trained = chance.random() < 0.3
        wrote = [("models:/m", str(minute))] if trained else [(one, "") for one in chance.sample(names, 1)]
        version = {"version": {"datasetVersion": wrote[0][1]}} if trained else {}
        yield {
            "eventType": "COMPLETE",
            "eventTime": f"2026-11-20T10:{minute:02}:00Z",
            "producer": "https://example.org/p",
            "run": {"runId": str(UUID(int=minute + 1)), "facets": {}},
            "job": {"namespace": "jobs", "name": f"job-{chance.randint(0, 5)}"},
            "inputs": [{"namespace": "file", "name": one} for one in read],
            "outputs": [{"namespace": NAMESPACE if trained else "file", "name": wrote[0][0], "facets": version}],
        }
        if chance.random() < 0.2:
            dataset = {
                "namespace": "file",
                "name": chance.choice(names),
                "facets": {"documentation": {"description": "x"}},
            }
            yield {"eventTime": f"2026-11-20T11:{minute:02}:00Z", "producer": "p", "dataset": dataset}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("walked", [500, 2])
def test_nothing_that_pinned_versions_reach_is_lost_in_any_history(
    seed, walked, person, people, payments, now, monkeypatch
):
    """`walked` is how far reports follow; what is pinned has no such bound."""
    monkeypatch.setattr("lineage.retention.selectors.CHUNK", 2)
    monkeypatch.setattr(ancestry_of, "__defaults__", (None, walked))
    chance = random.Random(seed)
    producer = person("Random", "ingest", payments)
    lineage.ingest(actor=producer.actor, readings=[reading.read(one, []) for one in history(chance)], now=now)
    follow.catch_up()
    trained = list(DatasetVersion.objects.values_list("version", flat=True))
    chosen = chance.sample(trained, min(2, len(trained)))
    roots = [Root(NAMESPACE, "models:/m", version) for version in chosen]
    times = [now, *(datetime(2026, 11, 20, 10, minute, tzinfo=UTC) for minute in (40, 59))]

    def stories():
        return [story_of(people.adam.actor, (NAMESPACE, "m"), one, at) for one in chosen for at in times]

    before, all_runs = stories(), set(Run.objects.filter(declared=False).values_list("pk", flat=True))
    reached = closure(chosen)
    assert len(all_runs) >= 8 and (reached or not chosen)
    touched = set(RunIO.objects.filter(run_id__in=reached).values_list("dataset__name", flat=True))
    about = {raw.sha256 for raw in RawEvent.objects.filter(kind="dataset") if dataset_in(raw) in touched}
    pinned = pins.pinned(roots)
    assert reached <= pinned.runs <= all_runs
    plan = Plan(pinned, (), 0, NEVER, NEVER)
    for remove in (services.remove_events, services.remove_runs):
        after = 0
        while after := (batch := remove(actor=system(), plan=plan, after=after, now=now)).after:
            assert not batch.stale
    assert stories() == before
    assert set(Run.objects.filter(declared=False).values_list("pk", flat=True)) == pinned.runs
    kept = RawEvent.objects.filter(kind="dataset")
    assert {raw.sha256 for raw in kept} == about
    assert {one["event"] for story in before for one in story.evidence} <= {
        f"sha256:{digest}" for digest in RawEvent.objects.values_list("sha256", flat=True)
    }


def dataset_in(raw):
    return json.loads(zlib.decompress(bytes(raw.body)))["dataset"]["name"]


def closure(versions):
    """The runs behind versions, found one by one: each read dataset's last writer before it was read."""
    waiting = list(RunIO.objects.filter(direction="out", version__in=versions).values_list("run_id", flat=True))
    found = set()
    while waiting:
        run = waiting.pop()
        if run in found:
            continue
        found.add(run)
        for io in RunIO.objects.filter(run_id=run, direction="in"):
            wrote = RunIO.objects.filter(direction="out", dataset_id=io.dataset_id, first_seen__lte=io.last_seen)
            waiting += wrote.order_by("-first_seen", "-run_id").values_list("run_id", flat=True)[:1]
    return found


def test_the_runs_that_pinned_ones_belong_to_stay_too(world, later):  # noqa: F811
    dag, root = str(UUID(int=77)), str(UUID(int=78))
    world_told(world, dag, parent={"run": {"runId": root}, "job": {"namespace": "jobs", "name": "week"}})
    world_told(world, root)
    child = Run.objects.get(job__name="train-1")
    Run.objects.filter(pk=child.pk).update(parent_uuid=dag)
    held = f"model_version:{world.versions['1'].pk}"
    Hold.objects.create(kind="subject", subject=held, set_by=UUID(int=1), at=world.now)
    carried_out(later)
    assert {str(uuid) for uuid in Run.objects.values_list("uuid", flat=True)} >= {dag, root}


def world_told(world, run, parent=None):  # noqa: F811
    event = {"eventType": "COMPLETE", "eventTime": "2026-11-20T10:00:00Z", "producer": "p"}
    event |= {"run": {"runId": run, "facets": {"parent": parent} if parent else {}}}
    event |= {"job": {"namespace": "jobs", "name": f"job {run[-2:]}"}}
    answer = world.producer.api.post("/api/v1/lineage", json.dumps(event), content_type="application/json")
    assert answer.status_code == 201
