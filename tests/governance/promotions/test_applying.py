"""Moving a real alias on a real MLflow, with workers that die and a server that goes away."""

import pytest
from django.db import transaction

from audit.models import Entry
from governance.promotions import tasks
from governance.promotions.models import Promotion
from governance.registries.models import AliasExpected, Registry
from governance.registries.rules import manifest_digest
from jobs.models import Job
from jobs.records import enqueue
from tests.governance.conftest import Door
from tests.governance.promotions.conftest import now_at, only

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def live(world, mlflow, rest):
    """The world with its registry on a real MLflow behind a door that can be shut."""
    gate = Door(("127.0.0.1", int(mlflow.uri.rpartition(":")[2])))
    gate.open()
    trained = mlflow.train()
    Registry.objects.filter(pk=world.registry.pk).update(uri=gate.uri)
    world.registry.refresh_from_db()
    world.asset.name = trained.name
    world.asset.save()
    world.asset.versions.all().delete()
    world.versions.clear()
    world.gate, world.mlflow, world.trained = gate, mlflow, trained
    yield world
    gate.shut()


def version(world, label):
    from governance.registries.mlflow import MlflowRegistry

    files = MlflowRegistry(world.registry.uri).manifest(world.trained.name, label)
    world.ran(f"train-{label}", ["/features"], [(f"models:/{world.trained.name}", label)])
    return world.versions.get(label) or world.version(label, auc="0.94", digest=manifest_digest(files))


def approve(world, rest, label):
    found = version(world, label)
    body = {"version_id": str(found.pk), "environment": "production"}
    assert rest.post(world.people.ann, "", body).status_code == 201
    key = only().key
    for who in (world.people.olga, world.people.omar):
        said = rest.decide(who, key)
        assert said.done, said.body
    return key


def alias_of(world):
    client = world.mlflow.client()
    return client.get_registered_model(world.trained.name).aliases.get("champion")


def run_now(run_jobs):
    """Run what is due now and what was put off."""
    Job.objects.filter(state="queued").update(run_after="2020-01-01T00:00:00Z")
    run_jobs()


def test_the_alias_moves_and_the_request_is_applied(live, rest, run_jobs):
    key = approve(live, rest, "1")
    run_jobs()
    assert (now_at(key).state, alias_of(live)) == ("applied", "1")
    assert AliasExpected.objects.get().promotion_key == key


@pytest.mark.parametrize("step", ["look", "begin", "set", "finish"])
def test_a_worker_killed_at_any_step_leaves_work_that_finishes_once(live, rest, run_jobs, monkeypatch, step):
    class Killed(BaseException):
        pass

    key = approve(live, rest, "1")
    places = {
        "look": (tasks, "look"),
        "begin": (tasks.applying, "begin"),
        "set": (tasks, "point"),
        "finish": (tasks.applying, "finish"),
    }
    home, name = places[step]
    real = getattr(home, name)

    def dies(*args, **more):
        real(*args, **more)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(home, name, dies)
        with pytest.raises(Killed):
            tasks.apply(Doing(), str(now_at(key).pk))
    tasks.apply(Doing(), str(now_at(key).pk))
    tasks.apply(Doing(), str(now_at(key).pk))
    assert (now_at(key).state, alias_of(live)) == ("applied", "1")
    assert Entry.objects.filter(action="promotion.applied").count() == 1
    assert AliasExpected.objects.count() == 1


class Doing:
    """A job's errand sees the time and may tell how far it is."""

    def now(self):
        from jobs import selectors

        return selectors.now()

    def progress(self, done, words=""):
        assert 0 <= done <= 1


def test_an_mlflow_that_is_away_is_waited_for(live, rest, run_jobs):
    key = approve(live, rest, "1")
    live.gate.shut()
    run_jobs()
    assert now_at(key).state == "approved"
    assert Job.objects.get(kind="promotions.apply").state == "queued"
    live.gate.open()
    run_now(run_jobs)
    assert (now_at(key).state, alias_of(live)) == ("applied", "1")


def test_files_that_were_changed_in_mlflow_are_never_applied(live, rest, run_jobs):
    key = approve(live, rest, "1")
    (live.trained.folder / "weights" / "a.bin").write_text("other weights")
    run_jobs()
    assert (now_at(key).state, alias_of(live)) == ("apply_failed", None)
    assert now_at(key).failure == {"code": "promotions.files_changed"}


def test_the_way_back_and_putting_back_move_the_real_alias(live, rest, run_jobs):
    first = approve(live, rest, "1")
    run_jobs()
    live.mlflow.train(live.trained.name)
    second = approve(live, rest, "2")
    run_now(run_jobs)
    assert (now_at(first).state, now_at(second).state, alias_of(live)) == ("superseded", "applied", "2")
    assert rest.roll_back(live.people.olga, second).done
    run_now(run_jobs)
    back = Promotion.objects.get(kind="rollback")
    assert (back.state, now_at(second).state, alias_of(live)) == ("applied", "rolled_back", "1")
    live.mlflow.client().set_registered_model_alias(live.trained.name, "champion", "2")
    live.alias("2")
    assert rest.put_back(live.people.omar, back.key).done
    run_now(run_jobs)
    assert alias_of(live) == "1"
    assert Entry.objects.filter(action="promotion.put_back").count() == 1


def test_delivering_the_same_job_twice_applies_once(live, rest, run_jobs):
    key = approve(live, rest, "1")
    with transaction.atomic():
        enqueue("promotions.apply", str(now_at(key).pk))
    run_jobs()
    assert Entry.objects.filter(action="promotion.applied").count() == 1


def test_a_version_deleted_in_mlflow_cannot_be_applied_and_says_so(live, rest, run_jobs):
    key = approve(live, rest, "1")
    live.mlflow.client().delete_model_version(live.trained.name, "1")
    run_jobs()
    assert (now_at(key).state, now_at(key).failure) == ("apply_failed", {"code": "promotions.gone"})
    assert now_at(key).version.gone_at is not None
    page = live.people.olga.client.get(f"/approvals/{key}").content.decode()
    assert "The registry has no such version any more" in page
    assert "Try again" in page


def test_a_model_deleted_in_mlflow_leaves_nothing_to_put_back(live, rest, run_jobs):
    key = approve(live, rest, "1")
    run_jobs()
    live.mlflow.client().delete_registered_model(live.trained.name)
    live.alias("")
    assert rest.put_back(live.people.omar, key).done
    run_now(run_jobs)
    assert (now_at(key).state, now_at(key).failure) == ("applied", {"code": "promotions.gone"})
    assert not Job.objects.filter(kind="promotions.put_back").exclude(state="done").exists()
