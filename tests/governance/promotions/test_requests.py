"""Asking, deciding, withdrawing: through both doors."""

import json

import pytest
from django.db import DatabaseError, transaction

from audit.models import Entry, Opening
from governance.promotions.models import Decision, Promotion, SigningGrant
from jobs.models import Job
from tests.conftest import PASSWORD
from tests.governance.promotions.conftest import now_at, only, scan

pytestmark = pytest.mark.django_db


def asked(world, door, version="1", environment="production"):
    said = door.ask(world.people.ann, world.versions[version], environment)
    assert said.done, said.body
    return only()


def entries(action):
    return Entry.objects.filter(action=action).count()


def test_two_officers_approve_and_the_application_is_owed(world, door):
    made = asked(world, door)
    assert (made.state, made.revision) == ("in_review", 1)
    assert door.decide(world.people.olga, made.key).done
    assert now_at(made.key).state == "in_review"
    assert door.decide(world.people.omar, made.key).done
    assert now_at(made.key).state == "approved"
    assert Job.objects.filter(kind="promotions.apply", state="queued").count() == 1
    assert (entries("promotion.requested"), entries("promotion.decided")) == (1, 2)


def test_the_requester_cannot_approve_and_is_told_who_can(world, door, person):
    both = person("Both", ["contributor", "compliance_officer"])
    world.people.ann = both
    made = asked(world, door)
    said = door.decide(both, made.key)
    assert not said.done
    assert "someone else must approve it" in said.body
    assert Decision.objects.count() == 0


def test_whoever_ran_the_training_cannot_approve(world, door):
    world.version("2", run_user="OLGA@example.org")
    said = door.ask(world.people.ann, world.versions["2"])
    assert not said.done
    assert "Nobody could approve this" in said.body
    assert Promotion.objects.count() == 0


def test_a_request_nobody_could_approve_is_refused_with_the_numbers(world, rest):
    world.card(world.people.omar)
    said = rest.ask(world.people.ann, world.versions["1"])
    assert (said.status, json.loads(said.body)["code"]) == (422, "promotions.nobody_can_approve")
    assert json.loads(said.body)["params"]["eligible"] == 1
    assert Promotion.objects.count() == 0


@pytest.mark.parametrize("who", ["adam", "vera", "ann"])
def test_nobody_else_decides_administrators_included(world, door, who):
    made = asked(world, door)
    assert not door.decide(getattr(world.people, who), made.key).done
    assert (now_at(made.key).state, Decision.objects.count()) == ("in_review", 0)


def test_a_stranger_sees_nothing(world, door):
    made = asked(world, door)
    said = door.decide(world.people.eve, made.key)
    assert said.status == 404


def test_a_service_account_never_signs(world, rest, person):
    made = asked(world, rest)
    robot = person("Robot", "compliance_officer", kind="service", owner=world.people.olga.user)
    said = rest.decide(robot, made.key)
    assert not said.done
    assert SigningGrant.objects.count() == 0


def test_a_wrong_password_signs_nothing(world, door):
    made = asked(world, door)
    said = door.decide(world.people.olga, made.key, password="guess")
    assert not said.done
    assert "That is not your password" in said.body
    assert (Decision.objects.count(), SigningGrant.objects.count()) == (0, 0)


def test_nobody_decides_twice(world, door):
    made = asked(world, door)
    assert door.decide(world.people.olga, made.key).done
    said = door.decide(world.people.olga, made.key)
    assert not said.done
    assert "decided on this already" in said.body
    assert now_at(made.key).state == "in_review"


@pytest.mark.parametrize(("verdict", "state"), [("reject", "rejected"), ("request_changes", "changes_requested")])
def test_a_no_needs_a_reason_and_ends_the_review(world, door, verdict, state):
    made = asked(world, door)
    assert not door.decide(world.people.olga, made.key, verdict).done
    assert door.decide(world.people.olga, made.key, verdict, "The f1 is low for small shops.").done
    assert now_at(made.key).state == state


def test_the_reason_can_be_erased_and_never_stands_in_the_entry(world, rest):
    made = asked(world, rest)
    rest.decide(world.people.olga, made.key, "reject", "Marta called in sick.")
    entry = Entry.objects.get(action="promotion.decided")
    assert b"Marta" not in bytes(entry.body)
    assert Opening.objects.get(entry=entry, field="reason").value == "Marta called in sick."


def test_one_request_is_open_per_model_and_environment(world, door):
    made = asked(world, door)
    world.version("2")
    assert not door.ask(world.people.ann, world.versions["2"]).done
    assert door.ask(world.people.ann, world.versions["2"], "staging").done
    assert door.withdraw(world.people.ann, made.key).done
    assert door.ask(world.people.ann, world.versions["2"]).done


def test_what_runs_there_already_is_not_asked_for_again(world, door):
    world.alias("1")
    assert not door.ask(world.people.ann, world.versions["1"]).done


def test_withdrawn_is_withdrawn(world, door):
    made = asked(world, door)
    assert door.withdraw(world.people.ann, made.key).done
    assert not door.decide(world.people.olga, made.key).done
    assert not door.withdraw(world.people.ann, made.key).done
    assert now_at(made.key).state == "withdrawn"


def test_a_resubmission_keeps_the_approvals_whose_evidence_is_the_same(world, door, person):
    world.people.opal = person("Opal", "compliance_officer")
    made = asked(world, door)
    assert door.decide(world.people.olga, made.key).done
    assert door.decide(world.people.opal, made.key, "request_changes", "Say more.").done
    assert door.resubmit(world.people.ann, made.key).done
    assert now_at(made.key).state == "in_review"
    assert door.decide(world.people.omar, made.key).done
    assert now_at(made.key).state == "approved"


def test_whoever_resubmits_is_as_conflicted_as_whoever_asked(world, door, person):
    both = person("Both", ["contributor", "compliance_officer"])
    made = asked(world, door)
    door.decide(world.people.olga, made.key, "request_changes", "Say more.")
    assert door.resubmit(both, made.key).done
    assert not door.decide(both, made.key).done


def test_failing_checks_stand_in_the_way_of_an_approval_but_not_of_a_no(world, door):
    scan("/features", "findings", [("email", "EMAIL_ADDRESS")])
    made = asked(world, door)
    assert not door.decide(world.people.olga, made.key).done
    assert door.decide(world.people.olga, made.key, "reject", "Clean the features first.").done


def test_personal_data_further_upstream_only_warns(world, rest):
    made = json.loads(rest.ask(world.people.ann, world.versions["1"]).body)
    results = {check["name"]: check["result"] for check in made["checks"]}
    assert (results["pii"], results["pii_upstream"], results["lineage"]) == ("pass", "warn", "pass")


def test_without_a_digest_the_request_is_still_checking(world, door):
    world.version("2", digest="")
    made = asked(world, door, "2")
    assert made.state == "checking"
    assert not door.decide(world.people.olga, made.key).done
    assert Job.objects.filter(kind="registries.digest").exists()


def test_the_answer_has_the_shape_that_outside_checks_read(world, rest):
    made = json.loads(rest.ask(world.people.ann, world.versions["1"]).body)
    rest.decide(world.people.olga, made["key"])
    seen = world.people.ann.api.get(f"/api/v1/promotions/{made['key']}").json()
    assert {"key", "state", "revision", "manifest_digest", "subject_digest", "checks", "rules"} <= seen.keys()
    assert (seen["model"], seen["version"], seen["environment"]) == ("fraud", "1", "production")
    (rule,) = seen["rules"]
    assert {name: rule[name] for name in ("name", "needed", "given", "eligible", "remaining")} == {
        "name": "compliance",
        "needed": 2,
        "given": 1,
        "eligible": 2,
        "remaining": 1,
    }


class TestSignatures:
    def sign(self, world, rest, key, who="olga", verdict="approve"):
        body = {"password": PASSWORD, "verdict": verdict}
        answer = rest.post(getattr(world.people, who), f"/{key}/signatures", body)
        assert answer.status_code == 201, answer.content
        return answer.json()

    def decide(self, world, rest, key, grant, who="olga", verdict="approve", revision=None, reason=""):
        body = {"grant": grant, "verdict": verdict, "reason": reason, "revision": revision or now_at(key).revision}
        answer = rest.post(getattr(world.people, who), f"/{key}/decisions", body)
        return answer.status_code, answer.json().get("code", "")

    def test_the_statement_names_person_version_digest_and_policy(self, world, rest):
        made = asked(world, rest)
        signed = self.sign(world, rest, made.key)
        for part in ("Olga", "fraud", "production", made.subject_digest, made.policy_digest):
            assert part in signed["statement"]

    def test_a_replayed_signature_is_refused(self, world, rest, person):
        world.people.opal = person("Opal", "compliance_officer")
        made = asked(world, rest)
        grant = self.sign(world, rest, made.key)["grant"]
        assert self.decide(world, rest, made.key, grant)[0] == 201
        assert self.decide(world, rest, made.key, grant) == (422, "promotions.already_decided")
        assert self.decide(world, rest, made.key, grant, "opal") == (409, "promotions.signature_unknown")

    def test_a_used_signature_stays_used_after_changes_were_asked_for(self, world, rest):
        made = asked(world, rest)
        grant = self.sign(world, rest, made.key, verdict="request_changes")["grant"]
        assert self.decide(world, rest, made.key, grant, verdict="request_changes", reason="Say more.")[0] == 201
        rest.resubmit(world.people.ann, made.key)
        again = self.decide(world, rest, made.key, grant, verdict="request_changes", reason="Say more.")
        assert again == (409, "promotions.signature_used")

    def test_a_signature_is_for_one_verdict(self, world, rest):
        made = asked(world, rest)
        grant = self.sign(world, rest, made.key, verdict="reject")["grant"]
        assert self.decide(world, rest, made.key, grant) == (409, "promotions.signature_unknown")

    def test_a_signature_is_for_one_person(self, world, rest):
        made = asked(world, rest)
        grant = self.sign(world, rest, made.key)["grant"]
        assert self.decide(world, rest, made.key, grant, "omar") == (409, "promotions.signature_unknown")

    def test_a_signature_is_late_after_two_minutes(self, world, rest, now):
        made = asked(world, rest)
        grant = self.sign(world, rest, made.key)["grant"]
        SigningGrant.objects.update(expires_at=now)
        assert self.decide(world, rest, made.key, grant) == (409, "promotions.signature_late")

    def test_a_decision_on_an_old_revision_is_refused_and_the_signature_stays_good(self, world, rest):
        made = asked(world, rest)
        grant = self.sign(world, rest, made.key)["grant"]
        assert rest.decide(world.people.omar, made.key).done
        assert self.decide(world, rest, made.key, grant, revision=made.revision) == (409, "promotions.moved")
        assert self.decide(world, rest, made.key, grant)[0] == 201

    def test_the_secret_is_kept_nowhere(self, world, rest):
        made = asked(world, rest)
        grant = self.sign(world, rest, made.key)["grant"]
        assert not SigningGrant.objects.filter(digest=grant).exists()
        assert not any(grant.encode() in bytes(body) for body in Entry.objects.values_list("body", flat=True))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"verdict": "approve"}, 400),
        ({"verdict": "bless", "grant": "x", "revision": 1}, 400),
        ({"verdict": "approve", "grant": "x"}, 400),
        ({"verdict": "approve", "grant": "x", "revision": 0}, 400),
        ({"verdict": "approve", "grant": "x", "revision": 1, "colour": "red"}, 400),
        ({"verdict": "approve", "grant": "x", "revision": 1}, 409),
        ([], 400),
    ],
)
def test_a_bad_decision_is_a_problem_and_never_half_written(world, rest, body, status):
    made = asked(world, rest)
    answer = rest.post(world.people.olga, f"/{made.key}/decisions", body)
    assert answer.status_code == status, answer.content
    assert (Decision.objects.count(), now_at(made.key).revision) == (0, 1)


@pytest.mark.parametrize("key", ["PR-0", "PR-999999", "PR-01", "42", "PR-99999999999999999999", "pr-1", "PR-١"])
def test_a_foreign_key_is_not_found(world, rest, key):
    assert world.people.olga.api.get(f"/api/v1/promotions/{key}").status_code == 404
    assert world.people.olga.client.get(f"/approvals/{key}").status_code == 404


def test_the_same_idempotency_key_asks_once(world, rest):
    body = json.dumps({"model": "fraud", "version": "1", "environment": "production"})
    headers = {"Idempotency-Key": "once"}
    first, again = (
        world.people.ann.api.post("/api/v1/promotions", body, content_type="application/json", headers=headers)
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["key"] == again.json()["key"]


def test_the_database_refuses_to_change_a_decision(world, rest):
    made = asked(world, rest)
    rest.decide(world.people.olga, made.key)
    for change in (lambda: Decision.objects.update(verdict="reject"), lambda: Decision.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
