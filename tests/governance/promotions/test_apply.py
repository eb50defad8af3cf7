"""Applying, superseding, rolling back, putting back, and evidence that changes in between."""

import json
from datetime import timedelta

import pytest
from django.db import transaction

from audit.actor import system
from audit.models import Entry
from governance.promotions import applying, selectors, services
from governance.promotions.applying import Found
from governance.promotions.models import Decision, EvidenceItem, Promotion
from governance.registries.models import AliasExpected, AliasSeen
from jobs.models import Job
from jobs.records import enqueue
from tests.governance.promotions.conftest import now_at, only, scan, waive

pytestmark = pytest.mark.django_db


def begin(promotion, now, alias=None, digest=None):
    found = Found(digest or promotion.manifest_digest, alias)
    return applying.begin(actor=system(), promotion_id=promotion.pk, found=found, now=now)


def finish(promotion, now, kept=True):
    return applying.finish(actor=system(), promotion_id=promotion.pk, kept=kept, now=now)


def reassess(promotion, now):
    return services.reassess(actor=system(), promotion_id=promotion.pk, now=now)


def approved(world, rest, label="1", environment="production"):
    said = rest.ask(world.people.ann, world.versions[label], environment)
    assert said.done, said.body
    made = only()
    for who in (world.people.olga, world.people.omar):
        if now_at(made.key).state == "in_review":
            said = rest.decide(who, made.key)
            assert said.done, said.body
    assert now_at(made.key).state == "approved"
    return now_at(made.key)


def applied(world, rest, label="1"):
    made = approved(world, rest, label)
    current = made.baseline.label if made.baseline else None
    assert begin(made, world.now, current).state == "applying"
    assert finish(made, world.now).state == "applied"
    return now_at(made.key)


def actions(promotion):
    rows = Entry.objects.order_by("pk").values_list("action", "body")
    needle = f"promotion:{promotion.pk}".encode()
    return [action for action, body in rows if needle in bytes(body)]


def test_applied_means_the_alias_is_expected_there_and_noted_once(world, rest):
    made = applied(world, rest)
    expected = AliasExpected.objects.get()
    assert (expected.version.label, expected.promotion_id, expected.promotion_key) == ("1", made.pk, made.key)
    assert AliasSeen.objects.filter(alias="champion", version_label="1").count() == 1
    assert actions(made)[-2:] == ["promotion.applying", "promotion.applied"]
    assert made.alias_before == ""


def test_doing_every_step_again_changes_nothing(world, rest):
    made = approved(world, rest)
    for _ in range(2):
        assert begin(made, world.now).state == "applying"
    assert begin(made, world.now, "1").state == "applying"  # killed after the alias was set
    for _ in range(2):
        assert finish(made, world.now).state == "applied"
    assert begin(made, world.now, "1").state == "applied"
    assert actions(made).count("promotion.applied") == 1
    assert actions(made).count("promotion.applying") == 1
    assert AliasExpected.objects.count() == 1


def test_the_next_version_supersedes_the_one_before(world, rest):
    first = applied(world, rest)
    world.version("2", auc="0.94")
    second = applied(world, rest, "2")
    assert second.alias_before == "1"
    assert now_at(first.key).state == "superseded"
    assert actions(first)[-1] == "promotion.superseded"
    assert Promotion.objects.filter(state="applied").count() == 1


def test_a_closed_request_keeps_the_decisions_it_was_closed_with(world, rest):
    from governance.access.models import Grant

    made = applied(world, rest)
    Grant.objects.filter(principal_id=world.people.omar.id).update(revoked_at=world.now)
    assert [rule["given"] for rule in rules_of(world, made)] == [2]


def test_files_that_changed_are_never_applied(world, rest):
    made = approved(world, rest)
    after = begin(made, world.now, digest="sha256:" + "f" * 64)
    assert (after.state, after.failure) == ("apply_failed", {"code": "promotions.files_changed"})
    assert finish(made, world.now).state == "apply_failed"


def test_an_alias_that_moved_meanwhile_sends_it_back_to_review(world, rest):
    world.version("2", auc="0.94")
    made = approved(world, rest)
    assert begin(made, world.now, "2").state == "in_review"
    after = reassess(made, world.now)
    assert (after.state, after.baseline.label) == ("in_review", "2")
    seen = world.people.ann.api.get(f"/api/v1/promotions/{made.key}").json()
    assert [decision["counts"] for decision in seen["decisions"]] == [False, False]


def test_an_alias_that_the_registry_does_not_keep_is_a_failure_people_see(world, rest, door):
    made = approved(world, rest)
    begin(made, world.now)
    assert finish(made, world.now, kept=False).state == "apply_failed"
    page = world.people.olga.client.get(f"/approvals/{made.key}").content.decode()
    assert "did not keep the alias" in page
    assert begin(now_at(made.key), world.now).state == "applying"


def test_an_officer_who_lost_the_role_no_longer_counts_when_it_is_applied(world, rest):
    from governance.access.models import Grant

    made = approved(world, rest)
    Grant.objects.filter(principal_id=world.people.omar.id).update(revoked_at=world.now)
    assert begin(made, world.now).state == "in_review"


def test_an_officer_who_was_deactivated_no_longer_counts(world, rest):
    made = approved(world, rest)
    world.people.olga.user.is_active = False
    world.people.olga.user.save()
    assert reassess(made, world.now).state == "in_review"


def test_changed_evidence_voids_the_decisions_that_reviewed_it_and_the_page_says_so(world, rest):
    rest.ask(world.people.ann, world.versions["1"])
    made = only()
    rest.decide(world.people.olga, made.key)
    scan("/features", "findings", [("email", "EMAIL_ADDRESS")])
    after = reassess(made, world.now)
    assert (after.state, after.subject_digest != made.subject_digest) == ("in_review", True)
    page = world.people.omar.client.get(f"/approvals/{made.key}").content.decode()
    assert "no longer counts" in page
    assert "0 of 2 given" in page
    replaced = EvidenceItem.objects.filter(promotion=made, check_name="pii", replaced_at__isnull=False).get()
    assert replaced.result == "pass"
    assert actions(made)[-1] == "promotion.reassessed"


def test_stale_evidence_voids_only_the_decisions_that_reviewed_the_class(world, rest, person):
    from governance.policies import records
    from governance.policies import selectors as policies

    body = json.loads(json.dumps(records.STARTERS["production"]))
    body["rules"] = [
        {"name": "privacy", "role": "approver", "needed": 1, "reviews": ["pii"]},
        {"name": "science", "role": "compliance_officer", "needed": 1, "reviews": ["metrics", "lineage"]},
    ]
    with transaction.atomic():
        records.publish(policies.environment_named("production"), body, world.people.olga.id, world.now)
    privacy = person("Petra", "approver")
    rest.ask(world.people.ann, world.versions["1"])
    made = only()
    assert rest.decide(privacy, made.key).done
    world.card(world.people.ann, purpose="More.")
    reassess(made, world.now)
    assert [rule["given"] for rule in rules_of(world, made)] == [1, 0]
    scan("/raw", "clean_full")
    reassess(made, world.now)
    assert [rule["given"] for rule in rules_of(world, made)] == [0, 0]


def rules_of(world, made):
    return world.people.ann.api.get(f"/api/v1/promotions/{made.key}").json()["rules"]


def test_evidence_that_moved_is_noticed_when_somebody_decides(world, door):
    door.ask(world.people.ann, world.versions["1"])
    made = only()
    scan("/features", "incomplete")
    said = door.decide(world.people.olga, made.key)
    assert said.status == 409
    assert Decision.objects.count() == 0


def test_a_page_that_was_loaded_before_something_moved_shows_what_did(world, rest):
    rest.ask(world.people.ann, world.versions["1"])
    made = only()
    scan("/features", "findings", [("email", "EMAIL_ADDRESS")])
    reassess(made, made.created_at + timedelta(seconds=1))
    body = {
        "verdict": "approve",
        "password": "x",
        "revision": made.revision,
        "subject": made.subject_digest,
        "seen_at": made.created_at.isoformat(),
    }
    answer = world.people.olga.client.post(f"/approvals/{made.key}/decide", body)
    assert answer.status_code == 409
    assert "Something moved since you looked" in answer.content.decode()
    assert "Personal data in the training datasets" in answer.content.decode()


def test_a_waiver_lets_it_pass_and_its_end_fails_it_again(world, rest):
    scan("/features", "findings", [("email", "EMAIL_ADDRESS")])
    rest.ask(world.people.ann, world.versions["1"])
    made = only()
    waive("email", world.now + timedelta(days=2))
    reassess(made, world.now)
    item = EvidenceItem.objects.get(promotion=made, check_name="pii", replaced_at=None)
    assert (item.result, item.valid_until) == ("waived", world.now + timedelta(days=2))
    assert rest.decide(world.people.olga, made.key).done
    after = reassess(made, world.now + timedelta(days=2))
    assert [item.check_name for item in selectors.items_of(after) if item.failing] == ["pii"]
    assert not rest.decide(world.people.omar, made.key).done


def test_looking_again_without_a_change_writes_nothing(world, rest):
    rest.ask(world.people.ann, world.versions["1"])
    before = Entry.objects.count()
    after = reassess(only(), world.now)
    assert (Entry.objects.count(), after.revision) == (before, 1)


def test_a_request_expires(world, rest, now):
    rest.ask(world.people.ann, world.versions["1"])
    made = only()
    assert reassess(made, made.expires_at).state == "expired"
    assert not rest.decide(world.people.olga, made.key).done


def test_an_approval_that_is_not_applied_in_time_expires(world, rest):
    made = approved(world, rest)
    assert reassess(made, made.decided_at + timedelta(hours=71)).state == "approved"
    assert reassess(made, made.decided_at + timedelta(hours=72)).state == "expired"


class TestRollBack:
    def test_one_officer_brings_back_the_version_before(self, world, rest, door):
        first = applied(world, rest)
        world.version("2", auc="0.94")
        second = applied(world, rest, "2")
        assert door.roll_back(world.people.olga, second.key).done
        back = only()
        assert (back.kind, back.state, back.version.label) == ("rollback", "approved", "1")
        assert begin(back, world.now, "2").state == "applying"
        assert finish(back, world.now).state == "applied"
        assert (now_at(second.key).state, now_at(first.key).state) == ("rolled_back", "superseded")
        assert selectors.live(world.asset.pk, back.environment_id).key == back.key

    def test_a_superseded_request_is_a_way_back_to_itself(self, world, rest, door):
        first = applied(world, rest)
        world.version("2", auc="0.94")
        second = applied(world, rest, "2")
        assert door.roll_back(world.people.olga, first.key).done
        back = only()
        assert (back.version.label, back.reverses.key) == ("1", second.key)

    def test_what_was_rolled_back_is_no_way_back(self, world, rest, door):
        applied(world, rest)
        world.version("2", auc="0.94")
        second = applied(world, rest, "2")
        rest.roll_back(world.people.olga, second.key)
        begin(only(), world.now, "2")
        finish(only(), world.now)
        assert not door.roll_back(world.people.olga, second.key).done

    def test_it_needs_somewhere_to_go_back_to(self, world, rest, door):
        first = applied(world, rest)
        assert not door.roll_back(world.people.olga, first.key).done
        assert Promotion.objects.count() == 1

    def test_only_whoever_may_approve_rolls_back(self, world, rest, door):
        applied(world, rest)
        world.version("2", auc="0.94")
        second = applied(world, rest, "2")
        for who in (world.people.ann, world.people.adam, world.people.vera):
            assert not door.roll_back(who, second.key).done
        assert not door.roll_back(world.people.olga, second.key, password="guess").done
        assert Promotion.objects.filter(kind="rollback").count() == 0

    def test_an_open_review_does_not_stand_in_its_way(self, world, rest):
        applied(world, rest)
        world.version("2", auc="0.94")
        second = applied(world, rest, "2")
        world.version("3", auc="0.95")
        assert rest.ask(world.people.ann, world.versions["3"]).done
        assert rest.roll_back(world.people.olga, second.key).done


class TestPutBack:
    def test_nothing_to_put_back_while_the_alias_is_where_it_should_be(self, world, rest, door):
        made = applied(world, rest)
        assert not door.put_back(world.people.olga, made.key).done

    def test_a_moved_alias_is_shown_and_the_work_is_owed(self, world, rest, door):
        made = applied(world, rest)
        world.version("2")
        world.alias("2")
        page = world.people.omar.client.get(f"/approvals/{made.key}").content.decode()
        assert "moved behind the portal" in page
        assert door.put_back(world.people.omar, made.key).done
        assert Job.objects.filter(kind="promotions.put_back", state="queued").count() == 1

    @pytest.mark.parametrize("who", ["ann", "vera", "adam"])
    def test_not_everybody_puts_back(self, world, rest, door, who):
        made = applied(world, rest)
        world.alias("")
        assert not door.put_back(getattr(world.people, who), made.key).done
        assert not Job.objects.filter(kind="promotions.put_back").exists()


def test_the_sweep_owes_a_look_at_everything_open(world, rest, run_jobs):
    rest.ask(world.people.ann, world.versions["1"])
    scan("/features", "findings", [("email", "EMAIL_ADDRESS")])
    with transaction.atomic():
        enqueue("promotions.sweep")
    run_jobs()
    assert not Job.objects.filter(kind__startswith="promotions.").exclude(state="done").exists()
    assert {item.check_name for item in only().items if item.failing} == {"pii"}
