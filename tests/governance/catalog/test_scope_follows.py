"""A dataset of the lineage graph is seen where its catalog asset lives."""

import json

import pytest

from governance.catalog import services
from governance.catalog.models import Asset
from governance.catalog.services import Adoption
from lineage.models import Dataset

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_adopting_a_dataset_elsewhere_moves_what_the_graph_shows(person, payments, founded, now, run_jobs):
    from governance.access import records

    elsewhere = records.place(founded, "team", "elsewhere")
    event = {"job": {"namespace": "n", "name": "j"}, "outputs": [{"namespace": "file", "name": "/x"}]}
    api = person("Pipeline", "ingest", payments).api
    assert api.post("/api/v1/lineage", json.dumps(event), content_type="application/json").status_code == 201
    run_jobs()
    asset = Asset.objects.get(name="/x")
    olga = person("Olive", "owner")
    services.adopt(
        actor=olga.actor, asset_id=asset.pk, adoption=Adoption([], elsewhere.pk), revision=asset.revision, now=now
    )
    assert Dataset.objects.get(name="/x").scope_id == elsewhere.pk
    reader = person("Rita", "viewer", elsewhere)
    assert reader.api.get("/api/v1/lineage", {"namespace": "file", "name": "/x"}).status_code == 200
