from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.actor import system
from audit.refusals import Conflict, Forbidden, Invalid, NotSeen
from governance.catalog.models import Asset
from governance.catalog.records import Observed
from governance.registries import records, selectors, services
from governance.registries.models import AliasSeen, Drift, Registry
from governance.registries.rules import Alias, FileDigest, FoundModel
from governance.registries.services import Digested, Look, Sighting
from jobs.models import Job

URI = "http://127.0.0.1:5000"


@pytest.fixture
def registry(connected: Any) -> Registry:
    return connected(URI)


@pytest.fixture
def fraud(registry: Registry, now: datetime) -> Asset:
    """A model with versions 1 to 3, as a sync found it."""
    fresh = [Observed(label, now, run_ended=True) for label in "123"]
    return services.note_model(actor=system(), registry_id=registry.pk, sighting=Sighting("fraud", fresh), now=now)


def look(registry: Registry, at: datetime, latest: int = 3, **aliases: str) -> None:
    models = [FoundModel("fraud", aliases, latest)]
    services.note_look(actor=system(), registry_id=registry.pk, look=Look(models, at), now=at)


def expect(asset: Asset, label: str, at: datetime, alias: str = "champion", key: str = "PR-1") -> None:
    with transaction.atomic():
        records.expect_alias(asset, alias, asset.versions.get(label=label), uuid4(), at, key)


def after(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)


class TestConnecting:
    def test_an_administrator_connects_and_the_first_look_is_owed(self, registry, founded, entries) -> None:
        assert (registry.state, registry.scope_id, registry.namespace) == ("new", founded.pk, "mlflow://127.0.0.1:5000")
        assert set(Job.objects.values_list("kind", flat=True)) == {"registries.sync", "registries.probe"}
        assert len(entries("registry.connected")) == 1

    def test_nobody_else_does(self, people, now) -> None:
        for somebody in (people.ann, people.olga, people.vera, people.eve):
            with pytest.raises(Forbidden):
                services.connect(actor=somebody.actor, name="M", uri=URI, scope_id=None, now=now)

    @pytest.mark.parametrize(
        ("name", "uri", "code"),
        [
            ("MLflow", "http://other:1", "registries.known_already"),
            ("Other", URI + "/", "registries.known_already"),
            ("  ", "http://other:1", "registries.bad_name"),
            ("Other", "file:///etc", "registries.bad_address"),
            ("Other", "http://u:p@h", "registries.password_in_address"),
        ],
    )
    def test_what_cannot_be_connected_says_why(self, registry, people, now, name, uri, code) -> None:
        with pytest.raises(Invalid) as refusal:
            services.connect(actor=people.adam.actor, name=name, uri=uri, scope_id=None, now=now)
        assert refusal.value.code == code

    def test_disconnecting_stops_the_looks_and_asking_for_one_starts_them_again(self, registry, people, now) -> None:
        services.disconnect(actor=people.adam.actor, registry_id=registry.pk, now=now)
        assert selectors.registry(registry.pk) is None
        with pytest.raises(Conflict):
            services.disconnect(actor=people.adam.actor, registry_id=registry.pk, now=now)
        services.ask_sync(actor=people.adam.actor, registry_id=registry.pk, now=now)
        assert selectors.registry(registry.pk) is not None

    def test_the_environments_registry_is_founded_once(self, founded, settings, now, entries) -> None:
        settings.MLFLOW_TRACKING_URI = "http://127.0.0.1:5999/"
        for _ in range(2):
            with transaction.atomic():
                records.found(now)
        assert [r.uri for r in Registry.objects.all()] == ["http://127.0.0.1:5999"]
        assert len(entries("registry.connected")) == 1


class TestSyncing:
    def test_models_appear_unowned_with_versions_whose_digests_are_owed(self, fraud, registry, entries) -> None:
        assert (fraud.adopted, fraud.scope_id, fraud.registry_id) == (False, registry.scope_id, registry.pk)
        assert [v.label for v in fraud.versions.order_by("number")] == ["1", "2", "3"]
        assert Job.objects.filter(kind="registries.digest").count() == 3
        assert (len(entries("asset.discovered")), len(entries("version.noted"))) == (1, 3)

    def test_repeating_it_notes_nothing(self, fraud, registry, now, entries) -> None:
        again = Sighting("fraud", [Observed("1", now)], [Observed("2", now, run_ended=True)])
        services.note_model(actor=system(), registry_id=registry.pk, sighting=again, now=now)
        assert len(entries("version.noted")) == 3
        assert entries("version.facts_noted") == []

    def test_facts_that_came_later_replace_earlier_ones_and_requests_are_weighed_again(
        self, fraud, registry, now, entries
    ) -> None:
        later = Sighting("fraud", known=[Observed("2", now, metrics={"auc": "0.9"}, run_ended=True)])
        services.note_model(actor=system(), registry_id=registry.pk, sighting=later, now=now)
        assert fraud.versions.get(label="2").metrics == {"auc": "0.9"}
        assert len(entries("version.facts_noted")) == 1
        assert Job.objects.filter(kind="promotions.sweep").exists()

    def test_a_run_is_asked_again_while_it_goes_on_and_for_a_day(self, fraud, registry, now) -> None:
        assert set(selectors.unsettled(registry, now)["fraud"]) == {"1", "2", "3"}
        assert selectors.unsettled(registry, now + timedelta(hours=25)) == {}
        fraud.versions.filter(label="1").update(run_ended=False)
        assert set(selectors.unsettled(registry, now + timedelta(hours=25))["fraud"]) == {"1"}


class TestDigests:
    def test_a_changed_file_is_compromise_told_once(self, fraud, now, entries) -> None:
        version = fraud.versions.get(label="1")
        for letter in ("a", "a", "b", "b"):
            found = Digested([FileDigest("MLmodel", 1, letter * 64)], {"inputs": []})
            services.note_digest(actor=system(), version_id=version.pk, found=found, now=now)
        version.refresh_from_db()
        assert version.state == "compromised"
        assert version.manifest == [{"path": "MLmodel", "size": 1, "sha256": "a" * 64}]
        assert (len(entries("version.sealed")), len(entries("version.compromised"))) == (1, 1)

    def test_a_version_that_cannot_be_read_says_why_once(self, fraud, now, entries) -> None:
        version = fraud.versions.get(label="1")
        for _ in range(2):
            services.note_unreadable(
                actor=system(), version_id=version.pk, problem="registries.files_elsewhere", now=now
            )
        version.refresh_from_db()
        assert (version.state, version.problem) == ("unreadable", "registries.files_elsewhere")
        assert len(entries("version.unreadable")) == 1


class TestTheLedger:
    def test_each_move_is_a_line_and_an_entry(self, fraud, registry, now, entries) -> None:
        look(registry, after(now, 1), champion="1")
        look(registry, after(now, 2), champion="1")
        look(registry, after(now, 3), champion="2", shadow="3")
        look(registry, after(now, 4), champion="2")
        lines = [(row.alias, row.version_label) for row in selectors.ledger_of(fraud).order_by("id")]
        assert lines == [("champion", "1"), ("champion", "2"), ("shadow", "3"), ("shadow", "")]
        assert len(entries("alias.moved")) == 4
        assert selectors.alias_target(fraud, "champion").label == "2"
        assert selectors.alias_target(fraud, "shadow") is None
        assert [a.alias for a in selectors.aliases_of(fraud)] == ["champion"]

    def test_it_answers_what_was_live_then(self, fraud, registry, now) -> None:
        look(registry, after(now, 10), champion="1")
        look(registry, after(now, 20), champion="2")
        look(registry, after(now, 30))
        live = [[row.version_label for row in selectors.live_on(fraud, after(now, s))] for s in (5, 15, 25, 35)]
        assert live == [[], ["1"], ["2"], []]

    def test_a_line_is_never_changed(self, fraud, registry, now) -> None:
        look(registry, after(now, 1), champion="1")
        with pytest.raises(DatabaseError), transaction.atomic():
            AliasSeen.objects.update(version_label="2")

    def test_a_look_that_began_before_another_is_dropped(self, fraud, registry, now) -> None:
        look(registry, after(now, 5), champion="2")
        look(registry, after(now, 4), champion="1")
        assert selectors.alias_target(fraud, "champion").label == "2"

    def test_a_look_under_way_does_not_undo_a_move_that_was_noted_meanwhile(self, fraud, registry, now) -> None:
        look(registry, after(now, 1), champion="1")
        with transaction.atomic():
            records.note_seen(system(), registry, fraud, Alias(fraud.name, "champion", "2"), after(now, 6))
        look(registry, after(now, 5), champion="1")
        assert selectors.alias_target(fraud, "champion").label == "2"

    def test_a_version_nobody_knows_yet_owes_a_sync(self, fraud, registry, now) -> None:
        Job.objects.all().delete()
        look(registry, after(now, 1), latest=3)
        assert not Job.objects.filter(kind="registries.sync").exists()
        look(registry, after(now, 2), latest=4)
        assert Job.objects.filter(kind="registries.sync").count() == 1

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(st.lists(st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from("123")), max_size=6))
    def test_whatever_is_seen_the_ledger_ends_where_the_last_look_was(self, fraud, registry, now, looks) -> None:
        start = (Registry.objects.get(pk=registry.pk).looked_at or now) + timedelta(seconds=1)
        for n, aliases in enumerate(looks):
            look(registry, after(start, n), **aliases)
        last = looks[-1] if looks else {row.alias: row.label for row in selectors.aliases_of(fraud)}
        assert {now.alias: now.label for now in selectors.aliases_of(fraud) if now.label} == last


class TestDrift:
    def test_an_alias_moved_behind_our_back_is_shown_after_a_second_look(
        self, fraud, registry, people, now, entries
    ) -> None:
        expect(fraud, "1", now)
        look(registry, after(now, 1), champion="1")
        look(registry, after(now, 20), champion="2")
        assert selectors.drifts_for(people.olga.actor) == []
        owed = Job.objects.get(dedupe_key=f"watch:later:{registry.pk}")
        assert owed.run_after == after(now, 25)
        look(registry, after(now, 25), champion="2")
        (drift,) = selectors.drifts_for(people.olga.actor)
        assert (drift.alias, drift.seen_label, drift.expected.version.label) == ("champion", "2", "1")
        assert selectors.drifts_for(people.eve.actor) == []
        look(registry, after(now, 40), champion="2")
        assert len(entries("registry.drift_seen")) == 1

    def test_it_ends_when_the_alias_is_back(self, fraud, registry, people, now, entries) -> None:
        expect(fraud, "1", now)
        for second in (1, 7):
            look(registry, after(now, second), champion="2")
        look(registry, after(now, 9), champion="1")
        assert selectors.drifts_for(people.olga.actor) == []
        assert len(entries("registry.drift_gone")) == 1
        assert Drift.objects.get().resolved_at == after(now, 9)

    def test_an_alias_that_is_gone_has_drifted_too(self, fraud, registry, people, now) -> None:
        expect(fraud, "1", now)
        for second in (1, 7):
            look(registry, after(now, second))
        (drift,) = selectors.drifts_for(people.olga.actor)
        assert drift.seen_label == ""
        (alias,) = selectors.aliases_of(fraud)
        assert (alias.protected, alias.label, alias.drift) == (True, "", drift)

    def test_applying_a_decision_is_no_drift_in_either_order(self, fraud, registry, people, now, entries) -> None:
        expect(fraud, "1", now)
        look(registry, after(now, 1), champion="1")
        look(registry, after(now, 10), champion="2")  # moved first, written down a moment later
        expect(fraud, "2", after(now, 11), key="PR-2")
        look(registry, after(now, 15), champion="2")
        expect(fraud, "3", after(now, 20), key="PR-3")  # written down first
        look(registry, after(now, 19.5), champion="2")
        look(registry, after(now, 26), champion="3")
        assert selectors.drifts_for(people.olga.actor) == []
        assert entries("registry.drift_seen") == []
        assert not Drift.objects.exists()

    def test_an_alias_no_decision_governs_may_move(self, fraud, registry, people, now) -> None:
        for second, label in ((1, "1"), (10, "2"), (20, "3")):
            look(registry, after(now, second), shadow=label)
        assert selectors.drifts_for(people.olga.actor) == []

    def test_an_alias_that_differs_only_in_capitals_is_pointed_out(self, fraud, registry, now) -> None:
        expect(fraud, "1", now)
        look(registry, after(now, 1), champion="1", Champion="2", shadow="3")
        shown = {each.alias: each.lookalike for each in selectors.aliases_of(fraud)}
        assert shown == {"champion": "", "Champion": "champion", "shadow": ""}


class TestAbsence:
    def test_away_and_back_are_news_once_each(self, fraud, registry, now, entries) -> None:
        for _ in range(3):
            services.note_away(actor=system(), registry_id=registry.pk, problem="registries.away", now=now)
        registry.refresh_from_db()
        assert (registry.state, registry.last_error) == ("away", "registries.away")
        look(registry, after(now, 1), champion="1")
        look(registry, after(now, 2), champion="1")
        registry.refresh_from_db()
        assert (registry.state, registry.last_error) == ("available", "")
        assert (len(entries("registry.away")), len(entries("registry.back"))) == (1, 1)

    def test_a_disconnected_registry_stays_disconnected(self, registry, people, now) -> None:
        services.disconnect(actor=people.adam.actor, registry_id=registry.pk, now=now)
        services.note_away(actor=system(), registry_id=registry.pk, problem="registries.away", now=now)
        look(registry, after(now, 1))
        registry.refresh_from_db()
        assert registry.state == "off"


def test_what_could_not_be_read_is_looked_at_again_and_so_is_what_is_in_use(fraud, registry, now) -> None:
    first, second, third = fraud.versions.order_by("number")
    assert selectors.to_recheck() == []
    services.note_unreadable(actor=system(), version_id=first.pk, problem="registries.files_elsewhere", now=now)
    expect(fraud, "2", now)
    look(registry, after(now, 1), shadow="3")
    assert set(selectors.to_recheck()) == {first.pk, second.pk, third.pk}
    look(registry, after(now, 2))
    assert set(selectors.to_recheck()) == {first.pk, second.pk}


def test_registries_are_seen_in_their_scopes_only(connected, payments, people) -> None:
    registry = connected(URI, scope=payments)
    assert selectors.registry_seen_by(people.ann.actor, registry.pk) == registry
    with pytest.raises(NotSeen):
        selectors.registry_seen_by(people.eve.actor, registry.pk)
