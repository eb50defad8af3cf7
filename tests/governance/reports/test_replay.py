"""What ran on a day is told by the log alone, and a table that says otherwise is named by its row."""

import json
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audit import log, sequence, triggers
from audit.actor import system
from audit.models import Entry
from governance.promotions import tasks
from governance.promotions.models import Decision, Promotion
from governance.reports import past, replay
from governance.reports.replay import Line, fold
from jobs import selectors as clock
from portal import context, upkeep, views
from tests.audit.conftest import data_dir  # noqa: F401
from tests.governance.promotions.conftest import now_at, rest, world  # noqa: F401
from tests.governance.promotions.shelf import Shelf, digest_of
from tests.governance.promotions.test_apply import approved, begin, finish
from tests.governance.promotions.test_interleavings import FILES, SCRIPT, STEP, Play

pytestmark = pytest.mark.django_db


def alter(sql, *values):
    """Change a table past the portal, as whoever owns the database can: the triggers are taken away first."""
    table = sql.split()[1]
    with connection.cursor() as cursor:
        on = f" ON {table}" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_update{on}")
        cursor.execute(sql, values)


def pk_of(value):
    return value.hex if connection.vendor == "sqlite" else str(value)


def put_live(world, rest, label):  # noqa: F811
    """Have a version asked for, approved and applied, everything at the time it is."""
    made = approved(world, rest, label)
    now = clock.now()
    assert begin(made, now, made.baseline.label if made.baseline else None).state == "applying"
    return finish(made, now)


@pytest.fixture
def ran(world, rest, data_dir):  # noqa: F811
    """Version 1 ran, and version 2 runs; both asked for by Ann and approved by Olga and Omar."""
    world.version("2", auc="0.94")
    first, second = (put_live(world, rest, label) for label in ("1", "2"))
    sequence.run_once(clock.now())
    return SimpleNamespace(first=now_at(first.key), second=now_at(second.key))


class TestComparing:
    def test_tables_written_by_the_portal_agree(self, world, ran):  # noqa: F811
        found = past.compare()
        assert found.differences == ()
        assert found.requests == 2

    def test_a_changed_column_of_a_request_is_named_with_its_row(self, world, ran):  # noqa: F811
        made = ran.second
        changes = {
            "state": "superseded",
            "policy_digest": "sha256:0",
            "subject_digest": "sha256:1",
            "manifest_digest": "sha256:2",
            "alias": "other",
            "applied_at": "2020-01-01 00:00:00",
            "number": 77,
        }
        for column, value in changes.items():
            with transaction.atomic():
                alter(f"UPDATE governance_promotion SET {column} = %s WHERE id = %s", value, pk_of(made.pk))
                (found,) = past.compare().differences
                transaction.set_rollback(True)
            name = {"number": "key"}.get(column, column)
            row = f"PR-{value if column == 'number' else made.number} {made.pk}"
            assert (found.table, found.column) == ("governance_promotion", name)
            assert found.row in {row, f"{made.key} {made.pk}"}

    def test_another_version_in_the_table_is_named(self, world, ran):  # noqa: F811
        alter(
            "UPDATE governance_promotion SET version_id = %s WHERE id = %s",
            pk_of(ran.first.version_id),
            pk_of(ran.second.pk),
        )
        found = past.compare().differences
        assert [each.column for each in found] == ["version", "label"]
        assert found[0].log == str(ran.second.version_id)
        assert found[0].found == str(ran.first.version_id)

    def test_a_decision_given_to_somebody_else_is_named_by_its_entry(self, world, ran):  # noqa: F811
        made = Decision.objects.filter(promotion=ran.second).first()
        alter("UPDATE governance_decision SET person_id = %s WHERE id = %s", pk_of(world.people.eve.id), pk_of(made.pk))
        (found,) = past.compare().differences
        assert (found.table, found.row, found.column) == ("governance_decision", str(made.entry_id), "person")

    def test_a_decision_that_nobody_gave_is_named(self, world, ran):  # noqa: F811
        known = Decision.objects.filter(promotion=ran.second).first()
        made = Decision.objects.create(
            promotion=ran.second, person=world.people.eve.user, verdict="approve", submission=1, revision=99,
            subject_digest=known.subject_digest, reviewed={}, entry_id=known.entry_id, at=known.at,
        )  # fmt: skip
        (found,) = past.compare().differences
        assert found.log == "nothing"
        assert str(made.pk) in found.row or str(known.pk) in found.row

    def test_a_request_out_of_nowhere_is_named(self, world, ran):  # noqa: F811
        made = ran.first
        made.pk, made.number, made.state = uuid4(), 4711, "withdrawn"
        made.save(force_insert=True)
        (found,) = past.compare().differences
        assert found.row.startswith("PR-4711 ")
        assert found.column == ""

    def test_the_ledgers_of_aliases_are_compared(self, world, ran):  # noqa: F811
        alter(
            "UPDATE governance_aliasexpected SET version_id = %s WHERE promotion_id = %s",
            pk_of(ran.first.version_id),
            pk_of(ran.second.pk),
        )
        alter("UPDATE governance_aliasseen SET version_label = '1'")
        found = past.compare().differences
        assert [each.table for each in found] == ["governance_aliasexpected", "governance_aliasseen"]

    def test_a_leaf_with_other_bytes_is_named_and_not_believed(self, world, ran):  # noqa: F811
        seq = Entry.objects.get(action="promotion.superseded").leaf.seq
        self.empty(seq)
        found = past.compare().differences
        assert ("audit_leaf", str(seq)) in [(each.table, each.row) for each in found]

    def test_a_pruned_request_is_counted_and_not_called_different(self, world, ran):  # noqa: F811
        seq = Entry.objects.filter(action="promotion.applied").order_by("pk").first().leaf.seq
        self.empty(seq)
        with transaction.atomic():
            log.append(
                actor=system(),
                action="retention.pruned",
                subjects=["audit:log"],
                at=clock.now(),
                about={"ranges": [[seq, seq]]},
            )
        found = past.compare()
        assert (found.differences, found.pruned) == ((), 1)

    def empty(self, seq):
        triggers.lift(connection)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE audit_leaf SET body = %s WHERE seq = %s", [b"", seq])
        triggers.set_guards(connection)


class TestTheNight:
    def test_agreement_and_difference_are_entries_and_the_alarm_lasts_until_they_agree(
        self,
        world,  # noqa: F811
        ran,
        run_jobs,
    ):
        self.compare(run_jobs)
        assert last().action == "audit.replay_agrees"
        assert "replay" not in views.degraded({"migrations": "ok"})
        alter("UPDATE governance_promotion SET alias = 'x' WHERE id = %s", pk_of(ran.second.pk))
        self.compare(run_jobs)
        (row,) = json.loads(bytes(last().body))["about"]["rows"]
        assert last().outcome == "failure"
        assert row["row"] == f"{ran.second.key} {ran.second.pk}"
        assert "1 differences" in views.degraded({"migrations": "ok"})["replay"]
        sequence.run_once(world.now)
        assert "The tables differ from the log" in world.people.olga.client.get("/approvals").content.decode()
        assert "audit.replay_differs" in world.people.vera.client.get("/reports/live").content.decode()
        alter("UPDATE governance_promotion SET alias = 'champion' WHERE id = %s", pk_of(ran.second.pk))
        self.compare(run_jobs)
        assert "replay" not in views.degraded({"migrations": "ok"})
        assert context.past.differing() == 0

    def compare(self, run_jobs):
        from jobs.records import enqueue

        with transaction.atomic():
            enqueue("reports.replay")
        assert run_jobs()


def last():
    return Entry.objects.filter(action__startswith="audit.replay").order_by("-pk").first()


class TestLive:
    def test_a_day_is_told_with_its_approvers_and_the_entries_that_prove_it(self, world, ran):  # noqa: F811
        people = world.people
        (row,) = past.read_until(None).past.live
        assert (row.key, row.label) == (ran.second.key, "2")
        assert set(row.approvers) == {str(people.olga.id), str(people.omar.id)}

    def test_before_the_second_the_first_ran(self, world, ran):  # noqa: F811
        (row,) = past.read_until(ran.first.applied_at).past.live
        assert (row.key, row.label, row.policy_digest) == (ran.first.key, "1", ran.first.policy_digest)
        assert not past.read_until(ran.first.applied_at - timedelta(seconds=1)).past.live

    def test_rest_names_people_and_proofs(self, world, ran):  # noqa: F811
        at = ran.first.applied_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        said = world.people.ann.api.get(f"/api/v1/live?on={at}&environment=production").json()
        (row,) = said["results"]
        assert row["promotion"] == ran.first.key
        assert {each["name"] for each in row["approved_by"]} == {"Olga", "Omar"}
        assert [world.people.vera.api.get(path).status_code for path in row["proofs"]] == [200] * 4
        assert world.people.ann.api.get(f"/api/v1/live?on={at}&environment=staging").json()["results"] == []

    def test_somebody_without_the_scope_sees_nothing_of_it(self, world, ran, person):  # noqa: F811
        at = ran.first.applied_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert world.people.eve.api.get(f"/api/v1/live?on={at}").json()["results"] == []
        assert "fraud" not in world.people.eve.client.get(f"/reports/live?on={at}").content.decode()

    def test_a_day_that_cannot_be_meant_is_refused_in_words(self, people):
        for on in ("soon", "2026-13-01", "2999-01-01", "2026-11-20T10:00:00", "0001-01-01T00:00:00+14:00"):
            answer = people.ann.api.get("/api/v1/live", {"on": on})
            assert answer.status_code in {400, 422}, on
            assert "problem" in answer["Content-Type"]
            assert "There is a problem" in people.ann.client.get("/reports/live", {"on": on}).content.decode()

    def test_the_page_links_each_row_to_its_entries(self, world, ran):  # noqa: F811
        at = ran.first.applied_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        text = world.people.vera.client.get(f"/reports/live?on={at}").content.decode()
        (row,) = past.read_until(ran.first.applied_at).past.live
        for line in (*row.steps.values(), *(said.line for said in row.approvals)):
            assert f'href="/audit/{line.seq}"' in text

    def test_the_command_fails_on_a_difference(self, world, ran):  # noqa: F811
        assert upkeep.replay("")["differences"] == []
        assert upkeep.replay("")["live"][0]["promotion"] == ran.second.key
        alter(
            "UPDATE governance_promotion SET version_id = %s WHERE id = %s",
            pk_of(ran.first.version_id),
            pk_of(ran.second.pk),
        )
        for on in ("", clock.now().date().isoformat()):
            assert str(ran.second.pk) in upkeep.replay(on)["words"]


def test_a_roll_back_names_who_signed_it(world, rest, ran):  # noqa: F811
    assert rest.roll_back(world.people.olga, ran.second.key).done
    made = Promotion.objects.order_by("-number").first()
    assert begin(now_at(made.key), clock.now(), "2").state == "applying"
    finish(now_at(made.key), clock.now())
    found = past.read_until(None, waiting=True)
    (row,) = found.past.live
    assert (row.key, row.label, list(row.approvers)) == (made.key, "1", [str(world.people.olga.id)])
    assert past.compare().differences == ()


def test_every_action_about_requests_is_replayed_or_left_out_on_purpose():
    from portal import docs

    written = {each for each in docs.actions() if each.startswith("promotion.")}
    assert written - {"promotion.signed"} <= set(replay.ACTIONS)


def test_entries_that_are_not_about_a_whole_request_tell_nothing():
    said = {"action": "promotion.decided", "subjects": ["promotion:0"], "about": {"verdict": "approve"}}
    assert fold([Line(0, 1, said)]).requests == {}


def test_whatever_people_errands_and_the_registry_do_the_log_alone_says_what_the_tables_say(world, monkeypatch):  # noqa: F811
    world.asset.versions.all().delete()
    for label, auc in (("1", "0.93"), ("2", "0.94"), ("3", "0.93")):
        world.version(label, auc=auc, digest=digest_of(FILES[label]))
    reached = set()

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @example(script=["apply", "promote 2", "apply", "roll back", "apply"], between=[])
    @example(script=["hand 1", "apply", "hand 9", "watch", "apply"], between=["roll back", "apply", "hand 1"])
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
            found = past.compare()
            assert found.differences == ()
            assert found.requests == Promotion.objects.count()
            assert {each.id for each in past.read_until(None, waiting=True).past.live} == {
                str(pk) for pk in Promotion.objects.filter(state__in=replay.PLACED).values_list("pk", flat=True)
            }
            reached.update(Promotion.objects.values_list("state", flat=True))
            transaction.set_rollback(True)
        world.registry.refresh_from_db()

    check()
    assert {"applied", "rolled_back"} <= reached
