"""A training told step by step by the OpenLineage client for Python; how it is sent is settled by its environment."""

import sys
from datetime import UTC, datetime
from uuid import uuid4

from openlineage.client import OpenLineageClient, event_v2, facet_v2

SPACE, PRODUCER = sys.argv[1], "https://example.org/training"
schema, columns = facet_v2.schema_dataset, facet_v2.column_lineage_dataset


def facets(*names: str) -> dict[str, object]:
    return {"schema": schema.SchemaDatasetFacet([schema.SchemaDatasetFacetFields(name, "TEXT") for name in names])}


def made_from(**sources: str) -> dict[str, object]:
    fields = {
        name: columns.Fields([columns.InputField(SPACE, "raw.customers", source)]) for name, source in sources.items()
    }
    return {"columnLineage": columns.ColumnLineageDatasetFacet(fields)}


def told(client: OpenLineageClient, job: str, inputs: list[object], outputs: list[object]) -> None:
    run = event_v2.Run(str(uuid4()))
    for state, read, written in (("START", inputs, []), ("RUNNING", [], []), ("COMPLETE", [], outputs)):
        about = {"run": run, "job": event_v2.Job(SPACE, job), "inputs": read, "outputs": written, "producer": PRODUCER}
        now, kind = datetime.now(UTC).isoformat(), event_v2.RunState(state)
        client.emit(event_v2.RunEvent(eventTime=now, eventType=kind, **about))


client = OpenLineageClient()
raw = event_v2.InputDataset(SPACE, "raw.customers", facets=facets("id", "mail"))
features = facets("id", "domain") | made_from(id="id", domain="mail")
told(client, "derive", [raw], [event_v2.OutputDataset(SPACE, "features", facets=features)])
version = facet_v2.dataset_version_dataset.DatasetVersionDatasetFacet("7")
model = event_v2.OutputDataset(SPACE, "models:/churn", facets={"version": version})
told(client, "train", [event_v2.InputDataset(SPACE, "features")], [model])
now = datetime.now(UTC).isoformat()
client.emit(event_v2.JobEvent(eventTime=now, job=event_v2.Job(SPACE, "plan"), producer=PRODUCER))
client.emit(event_v2.DatasetEvent(eventTime=now, dataset=event_v2.StaticDataset(SPACE, "features"), producer=PRODUCER))
client.close()
