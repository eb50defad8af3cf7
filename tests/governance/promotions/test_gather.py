"""Evidence gathered from real rows: what MLflow and events say, who said it, and which scan counts."""

import json
from datetime import timedelta

import pytest

from governance.catalog.models import Version
from governance.pii.freshness import current_ruleset
from governance.pii.models import Scan
from governance.policies import selectors as policies
from governance.promotions.gather import gather
from governance.promotions.models import EvidenceItem
from governance.registries.models import AliasSeen
from jobs import selectors as clock
from lineage.models import Dataset
from tests.governance.promotions.conftest import NAMESPACE, now_at, only, scan, waive

pytestmark = pytest.mark.django_db
ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def event(read, label="7", run=7, **more):
    """A training run that read these (name, version) and wrote a version of the model."""
    inputs = [
        {"namespace": "file", "name": name, "facets": {"version": {"datasetVersion": said}} if said else {}}
        for name, said in read
    ]
    version = {"version": {"datasetVersion": label}}
    return {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-20T11:00:00Z",
        "producer": "https://example.org/p",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": f"00000000-0000-4000-9000-{run:012}"},
        "job": {"namespace": "jobs", "name": f"train-{label}"},
        "inputs": inputs,
        "outputs": [{"namespace": NAMESPACE, "name": "models:/fraud", "facets": version}],
        **more,
    }


def tell(who, said):
    answer = who.api.post("/api/v1/lineage", json.dumps(said), content_type="application/json")
    assert answer.status_code == 201, answer.content


def made(world, *recorded, label="7"):
    """A version whose MLflow run recorded these (name, digest) as read; no event speaks of it yet."""
    inputs = [{"namespace": "file", "name": name, "digest": digest} for name, digest in recorded]
    return Version.objects.create(
        asset=world.asset,
        label=label,
        number=int(label),
        state="sealed",
        manifest_digest=f"sha256:{int(label):064x}",
        manifest=[{"path": "MLmodel", "size": 10, "sha256": "0" * 64}],
        metrics={"auc": "0.93", "f1": "0.61"},
        inputs=inputs,
        registry=world.registry,
        created_at=world.now,
        seen_at=world.now,
        run_user="ann",
    )


def gathered(world, version, now=None):
    place = policies.environment_named("production")
    found = gather(version, place, policies.current(place), now or world.now, narrow=False)
    return {each.check: each for each in found.results}, found


def rows(result):
    return {row["dataset"]: (row["verdict"], row["why"]) for row in result.detail["datasets"]}


def test_what_only_mlflow_says_was_read_fails_the_lineage_and_must_be_scanned(world):
    version = made(world, ("/features", "a1b2c3d4"), ("/hidden", "b1b2c3d4"))
    tell(world.producer, event([("/features", "")]))
    found, _ = gathered(world, version)
    assert (found["lineage"].result, found["lineage"].detail["missing"]) == ("fail", ["/hidden"])
    assert found["pii"].result == "missing"
    assert rows(found["pii"])["/hidden"] == ("unscanned", "")


def test_a_dataset_that_events_swapped_for_a_clean_one_is_judged_by_its_own_findings(world):
    version = made(world, ("/raw", "a1b2c3d4"))
    tell(world.producer, event([("/features", "")]))
    found, _ = gathered(world, version)
    assert (found["lineage"].result, found["pii"].result) == ("fail", "fail")
    assert rows(found["pii"])["/raw"] == ("findings", "")


def test_another_digest_than_mlflow_recorded_fails(world):
    version = made(world, ("/features", "a1b2c3d4"))
    tell(world.producer, event([("/features", "ffffffff")]))
    assert gathered(world, version)[0]["lineage"].detail["differs"] == ["/features"]
    assert gathered(world, version)[0]["lineage"].result == "fail"


def test_two_sources_that_agree_pass(world):
    version = made(world, ("/features", "a1b2c3d4"))
    tell(world.producer, event([("/features", "a1b2c3d4")]))
    scan("/features", "clean_full")
    found, whole = gathered(world, version)
    assert found["lineage"].result == "pass"
    assert found["lineage"].detail["told_by"] == [str(world.producer.id)]
    assert whole.origin("lineage")["produced_by"] == str(world.producer.id)


def test_who_told_is_shown_and_that_it_is_the_requesters_own_account(world, rest, person, payments):
    foreign = person("Foreign", "ingest", payments, kind="service", owner=world.people.omar.user)
    tell(foreign, event([("/features", "")], label="1", run=8))
    assert rest.ask(world.people.ann, world.versions["1"]).done
    made_ = only()
    item = EvidenceItem.objects.get(promotion=made_, check_name="lineage", replaced_at=None)
    assert item.detail["told_by"] == sorted([str(world.producer.id), str(foreign.id)])
    text = world.people.olga.client.get(f"/approvals/{made_.key}").content.decode()
    assert "Told by Producer" in text and "Told by Foreign" in text and text.count("for whoever asks") == 1
    seen = world.people.olga.api.get(f"/api/v1/promotions/{made_.key}/evidence").json()["items"]
    (told,) = [each["told_by"] for each in seen if each["name"] == "lineage"]
    assert {each["id"]: each["own"] for each in told} == {str(world.producer.id): True, str(foreign.id): False}


def test_who_declared_a_job_without_a_run_is_known_too(world):
    version = made(world)
    said = event([("/features", "")])
    del said["run"], said["eventType"]
    said["schemaURL"] = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent"
    tell(world.producer, said)
    assert gathered(world, version)[0]["lineage"].detail["told_by"] == [str(world.producer.id)]


def scanned(name, at, **more):
    known = {"digest": ONE, "ruleset": current_ruleset(), "verdict": "clean_full", **more}
    dataset = Dataset.objects.get(name=name)
    return Scan.objects.create(
        scope_id=dataset.scope_id,
        dataset_id=dataset.pk,
        path=name,
        state="done",
        seed="s",
        requested_by=dataset.scope_id,
        started_at=at,
        ended_at=at,
        **more | known,
    )


def test_a_scan_of_other_bytes_than_the_run_read_does_not_count(world):
    version = made(world)
    tell(world.producer, event([("/features", TWO)]))
    later = clock.now() + timedelta(seconds=5)
    scanned("/features", later)
    found, _ = gathered(world, version, later)
    assert (found["pii"].result, rows(found["pii"])["/features"]) == ("fail", ("stale", "pii.other_bytes"))
    scanned("/features", later + timedelta(seconds=5), digest=TWO)
    assert gathered(world, version, later)[0]["pii"].result == "pass"


def test_the_page_says_why_a_scan_does_not_count_and_leads_to_the_next(world, rest, run_jobs):
    version = made(world)
    tell(world.producer, event([("/features", TWO)]))
    run_jobs()
    scanned("/features", clock.now() + timedelta(seconds=5))
    assert rest.ask(world.people.ann, version).done
    text = world.people.olga.client.get(f"/approvals/{only().key}").content.decode()
    assert "other bytes than those that were read" in text and "Scan again" in text
    assert not rest.decide(world.people.olga, only().key).done
    assert now_at(only().key).state == "in_review"


def test_a_version_no_run_wrote_has_no_personal_data_to_speak_of(world):
    found, _ = gathered(world, made(world))
    assert (found["lineage"].result, found["pii"].result, found["pii_upstream"].result) == ("fail", "missing", "warn")


def test_a_run_that_says_nothing_of_its_inputs_is_not_evidence(world):
    version = made(world)
    tell(world.producer, event([("/features", "")]))
    tell(world.producer, event([], run=9))
    found, _ = gathered(world, version)
    assert (found["lineage"].result, found["pii"].result) == ("fail", "missing")


def test_lineage_that_goes_round_in_a_circle_has_no_source(world):
    version = made(world)
    tell(world.producer, event([("/round", "a")]))
    circle = [{"namespace": "file", "name": "/round", "facets": {"version": {"datasetVersion": "a"}}}]
    tell(world.producer, {**event([("/about", "b")], run=20), "outputs": circle})
    back = [{"namespace": "file", "name": "/about", "facets": {"version": {"datasetVersion": "b"}}}]
    tell(world.producer, {**event([("/round", "a")], run=21), "outputs": back})
    result = gathered(world, version)[0]["lineage"]
    assert (result.result, result.detail["sources"]) == ("fail", [])


def test_an_alias_at_a_version_nobody_knows_is_no_empty_place(world):
    AliasSeen.objects.create(
        registry=world.registry, asset=world.asset, alias="champion", version_label="99", seen_at=world.now
    )
    assert gathered(world, world.versions["1"])[0]["baseline"].result == "missing"


def test_a_waiver_counts_for_its_own_dataset_and_not_at_the_moment_it_ends(world):
    tell(world.producer, event([("/features", "")], label="1", run=8))
    twin = {**event([], run=30), "outputs": [{"namespace": "s3://b", "name": "/features"}]}
    tell(world.producer, twin)
    scan("/raw", "findings", [("email", "EMAIL_ADDRESS")])
    until = world.now + timedelta(hours=1)
    waive("email", until)
    Dataset.objects.filter(name="/raw").update(name="/elsewhere")
    dataset = Dataset.objects.get(namespace="file", name="/features")
    Dataset.objects.filter(namespace="s3://b").delete()
    scan("/features", "findings", [("email", "EMAIL_ADDRESS")])
    assert gathered(world, world.versions["1"])[0]["pii"].result == "fail"
    from governance.pii.models import Finding, Waiver

    Waiver.objects.all().delete()
    assert Finding.objects.filter(dataset_id=dataset.pk).exists()
    waive("email", until)
    assert gathered(world, world.versions["1"], until - timedelta(seconds=1))[0]["pii"].result == "waived"
    assert gathered(world, world.versions["1"], until)[0]["pii"].result == "fail"
