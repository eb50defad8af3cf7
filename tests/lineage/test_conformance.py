"""What we say we keep of OpenLineage is what we keep; scenarios of its compatibility tests hold."""

import importlib
import json
import pkgutil

import attr
import pytest
from openlineage.client import generated
from openlineage.client.generated import base

from lineage import conformance
from lineage.samples import SAMPLES
from lineage.tables import RULES
from tests.lineage.conftest import HOUSE, post
from tests.lineage.validator import SCENARIOS, missing, validate

pytestmark = pytest.mark.django_db
NOT_IN_THE_CLIENT = {"IcebergScanReportInputDatasetFacet", "IcebergCommitReportOutputDatasetFacet"}


def facets_of_the_client():
    """Every facet class of the installed client, with the fields it has."""
    kinds = (base.RunFacet, base.JobFacet, base.DatasetFacet, base.InputDatasetFacet, base.OutputDatasetFacet)
    for module in pkgutil.iter_modules(generated.__path__):
        for one in vars(importlib.import_module(f"{generated.__name__}.{module.name}")).values():
            if isinstance(one, type) and issubclass(one, kinds) and one not in kinds:
                yield one.__name__, {field.name for field in attr.fields(one) if not field.name.startswith("_")}


def test_every_facet_and_part_that_the_client_knows_has_a_sample():
    known = {sample.spec: set(sample.facet) for sample in SAMPLES}
    ours = facets_of_the_client()
    assert [(name, parts - known.get(name, set())) for name, parts in ours if parts - known.get(name, set())] == []
    assert set(known) - {name for name, _ in facets_of_the_client()} == NOT_IN_THE_CLIENT


def test_nothing_is_unmapped():
    said = conformance.mapping()
    assert said["knownUnmapped"] == {}
    assert set(said["mapped"]) == {"core"} | {sample.spec for sample in SAMPLES}
    assert said["mapped"]["ParentRunFacet"]["run.runId"] == "Run.parent_uuid"
    assert said["mapped"]["InputSubsetInputDatasetFacet"]["inputCondition.locations[]"] == "Facet.subset"
    assert json.loads((HOUSE / "docs/openlineage/mapping.json").read_text()) == said


def test_what_the_core_is_said_to_become_exists():
    tables = {model.__name__: {field.name for field in model._meta.get_fields()} for model in RULES}
    for where in conformance.CORE.values():
        for column in where.split(" (")[0].split(", "):
            table, _, name = column.partition(".")
            assert table not in tables or name in tables[table], column
    assert set(conformance.SHOWN) <= set(tables)


def test_a_facet_that_nobody_defined_is_kept_too(producer, people, say):
    event = say("j", [], ["/x"]) | {"job": {"namespace": "jobs", "name": "j", "facets": {"my_own": {"deep": [1, {}]}}}}
    post(producer, event)
    known = people.ann.api.get("/api/v1/lineage/details", {"type": "job", "namespace": "jobs", "name": "j"}).json()
    assert known["facets"]["my_own"]["value"] == {"deep": [1, {}]}


@pytest.mark.parametrize("scenario", sorted(path.name for path in SCENARIOS.iterdir()))
def test_the_scenarios_of_the_compatibility_tests_hold(scenario, producer, people, shared_folder):
    def ask(verb, path, body):
        answer = post(producer, body) if verb == "POST" else people.ann.api.get(path)
        assert answer.status_code in {200, 201}, answer.content
        return answer.json()

    found = dict(validate(ask, shared_folder / "compatibility-tests", scenario))
    assert found
    assert {test: gaps for test, gaps in found.items() if gaps} == {}


def test_the_validator_says_what_is_missing():
    found = {"a": 1, "b": [{"c": 1, "d": 2}, {"c": 3}]}
    assert list(missing({"a": 1, "b": [{"c": 3}, {"d": 2}]}, found)) == []
    assert list(missing({"a": 2, "e": 1, "b": [{"c": 9}]}, found)) == [
        "$.a is 1, not 2",
        "$.e is not there",
        '$.b[0] is nowhere: {"c": 9}',
    ]
