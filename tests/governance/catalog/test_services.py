import json
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from audit.refusals import Conflict, Forbidden, Invalid, NotSeen
from governance.access.models import User
from governance.catalog import records, selectors, services
from governance.catalog.models import Card, Version
from governance.catalog.records import Observed
from governance.catalog.services import Adoption
from jobs.models import Job

CARD = {"purpose": "Flag card payments for Bea to review.", "risk_tier": "high"}


def test_a_card_is_written_revision_by_revision(fraud, people, now, entries) -> None:
    for revision, purpose in enumerate(["Flag payments.", "Flag card payments."]):
        services.edit_card(
            actor=people.ann.actor, asset_id=fraud.pk, fields={"purpose": purpose}, revision=revision, now=now
        )
    card = selectors.card_of(fraud)
    assert (card.revision, card.fields, card.by) == (2, {"purpose": "Flag card payments."}, people.ann.id)
    assert [json.loads(bytes(e.body))["about"]["revision"] for e in entries("card.edited")] == [1, 2]
    assert Job.objects.filter(kind="promotions.sweep", state="queued").count() == 1


def test_the_words_of_a_card_stay_out_of_the_entry(fraud, people, now, entries) -> None:
    services.edit_card(actor=people.ann.actor, asset_id=fraud.pk, fields=CARD, revision=0, now=now)
    (entry,) = entries("card.edited")
    assert b"Bea" not in bytes(entry.body)
    fraud.refresh_from_db()
    assert fraud.risk_tier == "high"


def test_writing_on_top_of_an_older_revision_is_refused(fraud, people, now) -> None:
    services.edit_card(actor=people.ann.actor, asset_id=fraud.pk, fields=CARD, revision=0, now=now)
    with pytest.raises(Conflict):
        services.edit_card(actor=people.ann.actor, asset_id=fraud.pk, fields={"limits": "x"}, revision=0, now=now)
    assert Card.objects.count() == 1


def test_saving_the_same_card_again_is_refused(fraud, people, now) -> None:
    services.edit_card(actor=people.ann.actor, asset_id=fraud.pk, fields=CARD, revision=0, now=now)
    with pytest.raises(Invalid, match="card_unchanged"):
        services.edit_card(actor=people.ann.actor, asset_id=fraud.pk, fields=CARD, revision=1, now=now)


def test_who_may_only_look_may_not_write_and_strangers_see_nothing(fraud, people, now, entries) -> None:
    with pytest.raises(Forbidden):
        services.edit_card(actor=people.vera.actor, asset_id=fraud.pk, fields=CARD, revision=0, now=now)
    with pytest.raises(NotSeen):
        services.edit_card(actor=people.eve.actor, asset_id=fraud.pk, fields=CARD, revision=0, now=now)
    assert entries("card.edited") == []


def test_a_card_row_is_never_edited(fraud, people, now) -> None:
    card = services.edit_card(actor=people.ann.actor, asset_id=fraud.pk, fields=CARD, revision=0, now=now)
    with pytest.raises(DatabaseError), transaction.atomic():
        Card.objects.filter(pk=card.pk).update(fields={})


def test_labels_are_replaced_and_a_stale_form_is_refused(fraud, people, now) -> None:
    labelled = services.set_labels(
        actor=people.ann.actor, asset_id=fraud.pk, labels=["Tier:One", "pii"], revision=0, now=now
    )
    assert labelled.labels == ["pii", "tier:one"]
    with pytest.raises(Conflict):
        services.set_labels(actor=people.ann.actor, asset_id=fraud.pk, labels=["other"], revision=0, now=now)


def test_owners_are_active_people(fraud, people, person, payments, now) -> None:
    robot = person("Robot", "register", payments, kind="service", owner=people.ann.user)
    for wrong in (robot.id, uuid4()):
        with pytest.raises(Invalid, match="bad_owner"):
            services.set_owners(actor=people.ann.actor, asset_id=fraud.pk, owners=[wrong], revision=0, now=now)
    services.set_owners(actor=people.ann.actor, asset_id=fraud.pk, owners=[people.olga.id], revision=0, now=now)
    services.set_owners(actor=people.ann.actor, asset_id=fraud.pk, owners=[people.ann.id], revision=1, now=now)
    assert [owner.name for owner in selectors.owners_of(fraud)] == ["Ann"]
    User.objects.filter(pk=people.olga.id).update(is_active=False)
    with pytest.raises(Invalid):
        services.set_owners(actor=people.ann.actor, asset_id=fraud.pk, owners=[people.olga.id], revision=2, now=now)


def test_adopting_names_oneself_and_happens_once(fraud, people, now, entries) -> None:
    adopted = services.adopt(actor=people.ann.actor, asset_id=fraud.pk, adoption=Adoption(), revision=0, now=now)
    assert adopted.adopted
    assert [owner.pk for owner in selectors.owners_of(fraud)] == [people.ann.id]
    with pytest.raises(Conflict, match="adopted_already"):
        services.adopt(actor=people.ann.actor, asset_id=fraud.pk, adoption=Adoption(), revision=1, now=now)
    with pytest.raises(Invalid, match="needs_owner"):
        services.set_owners(actor=people.ann.actor, asset_id=fraud.pk, owners=[], revision=1, now=now)
    assert len(entries("asset.adopted")) == 1


def test_adopting_moves_only_to_where_one_may_register(discovered, person, founded, payments, people, now) -> None:
    asset, lee = discovered("churn", founded), person("Lee", "contributor")
    with pytest.raises(NotSeen):
        services.adopt(actor=people.ann.actor, asset_id=asset.pk, adoption=Adoption(), revision=0, now=now)
    with pytest.raises(Forbidden):
        services.adopt(
            actor=people.olga.actor, asset_id=asset.pk, adoption=Adoption(scope_id=payments.pk), revision=0, now=now
        )
    with pytest.raises(NotSeen):
        services.adopt(actor=lee.actor, asset_id=asset.pk, adoption=Adoption(scope_id=uuid4()), revision=0, now=now)
    moved = services.adopt(
        actor=lee.actor, asset_id=asset.pk, adoption=Adoption(scope_id=payments.pk), revision=0, now=now
    )
    assert moved.scope_id == payments.pk
    assert selectors.asset_seen_by(people.ann.actor, asset.pk)


class TestVersions:
    @pytest.fixture
    def version(self, fraud: Any, now: datetime) -> Version:
        with transaction.atomic():
            found = Observed("3", now, metrics={"auc": "0.93"}, run_user="mia")
            version = records.note_version(fraud, found, None, now)
        assert version is not None
        return version

    def test_noting_a_version_again_changes_nothing(self, fraud, version, now) -> None:
        with transaction.atomic():
            assert records.note_version(fraud, Observed("3", metrics={"auc": "0.99"}), None, now) is None
        version.refresh_from_db()
        assert version.metrics == {"auc": "0.93"}

    def test_the_first_digest_seals_and_another_compromises_for_good(self, version, now) -> None:
        outcomes = []
        for letter in "aabba":
            with transaction.atomic():
                outcomes.append(records.note_digest(version, "sha256:" + letter * 64, [], {}, now))
            version.refresh_from_db()
        assert outcomes == ["first", "same", "changed", "same", "same"]
        assert (version.state, version.manifest_digest) == ("compromised", "sha256:" + "a" * 64)
        assert version.digests.count() == 2

    @pytest.mark.parametrize(
        "change",
        [{"manifest_digest": "sha256:" + "b" * 64}, {"manifest": [1]}, {"label": "4"}, {"schema": {"inputs": []}}],
    )
    def test_the_database_keeps_a_sealed_version(self, version, now, change) -> None:
        with transaction.atomic():
            records.note_digest(version, "sha256:" + "a" * 64, [], {}, now)
        with pytest.raises(DatabaseError), transaction.atomic():
            Version.objects.filter(pk=version.pk).update(**change)

    def test_what_the_run_adds_later_is_noted_even_after_sealing(self, version, now) -> None:
        with transaction.atomic():
            records.note_digest(version, "sha256:" + "a" * 64, [], {}, now)
            changed = records.note_facts(version, Observed("3", metrics={"auc": "0.94"}, run_user="mia"))
        version.refresh_from_db()
        assert (changed, version.metrics) == (["metrics"], {"auc": "0.94"})

    def test_a_version_is_found_by_name_or_id_and_label(self, fraud, version, people) -> None:
        for model in ("fraud", "models:/fraud", fraud.pk, str(fraud.pk)):
            assert selectors.find_version(people.ann.actor, model, "3") == version
        for model, label in (("fraud", "4"), ("other", "3"), (uuid4(), "3")):
            with pytest.raises(NotSeen):
                selectors.find_version(people.ann.actor, model, label)
        with pytest.raises(NotSeen):
            selectors.find_version(people.eve.actor, "fraud", "3")

    def test_a_name_that_means_two_models_must_be_given_as_an_id(self, version, discovered, payments, people) -> None:
        discovered("fraud", payments, "mlflow://other:5000")
        with pytest.raises(Invalid, match="ambiguous_name"):
            selectors.find_version(people.ann.actor, "fraud", "3")
