"""What a finding upstream does to models that are approved already: they are flagged, and the flag goes with it."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from governance.pii import records
from governance.pii.models import Finding, Flag
from governance.promotions import selectors
from governance.promotions.models import Promotion
from lineage.models import Dataset
from tests.governance.promotions.conftest import only


def owe(now: Any) -> None:
    with transaction.atomic():
        records.owe_reassessment(Dataset.objects.get(name="/raw").pk)


def test_only_an_approved_model_is_flagged_and_only_while_the_finding_counts(
    world: Any, rest: Any, run_jobs: Any
) -> None:
    assert rest.ask(world.people.ann, world.versions["1"]).done
    owe(world.now)
    run_jobs()
    assert not Flag.objects.exists()
    assert selectors.approved_models() == {}
    later = world.now + timedelta(seconds=1)
    Promotion.objects.update(state="superseded", decided_at=later, ended_at=later)
    owe(world.now)
    run_jobs()
    assert not Flag.objects.exists()
    Promotion.objects.update(state="review_due", applied_at=later)
    owe(world.now)
    run_jobs()
    flag = Flag.objects.get()
    assert (flag.asset, flag.approved, flag.finding.column) == (world.asset, [only().key], "email")
    (label,) = world.people.vera.api.get(f"/api/v1/models/{world.asset.pk}/labels").json()["results"]
    assert (label["entity"], label["from"]["column"]) == ("EMAIL_ADDRESS", "email")
    Finding.objects.update(state="disputed")
    owe(world.now)
    run_jobs()
    assert Flag.objects.get().cleared_at is not None
