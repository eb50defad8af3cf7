"""Tell the portal what was made from what, as OpenLineage events over HTTP, with the project's own client.

The same files and runs give the same events, byte for byte: telling twice changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from openlineage.client import OpenLineageClient, event_v2, facet_v2
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport

from portal.demo.data import Month
from portal.demo.train import MODEL, Trained

Event: TypeAlias = event_v2.RunEvent | event_v2.DatasetEvent

NAMESPACE = "payments"
PRODUCER = "https://attestry.invalid/demo"
OWNERS = ("team:payments",)
# output column -> the input columns it is made from; a column that is not named here is copied as it is
CLEANED_FROM: Mapping[str, tuple[str, ...]] = {
    "customer_key": ("email",),
    "card_network": ("card_number",),
    "has_note": ("note",),
}
FEATURES_FROM: Mapping[str, tuple[str, ...]] = {
    "amount_log": ("amount",),
    "at_night": ("paid_at",),
    "weekday": ("paid_at",),
    "abroad": ("country",),
    "in_app": ("channel",),
    "account_age_log": ("account_age_days",),
    "device_age_log": ("device_age_days",),
    "distance_log": ("distance_km",),
}
MASKING = frozenset({"customer_key", "card_network", "has_note"})
PATIENCE = {
    "total": 8, "connect": 8, "read": 8, "backoff_factor": 0.5, "status_forcelist": [502, 503, 504],
    "allowed_methods": ["POST"],
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A file as OpenLineage knows it: name, columns, rows, and the digest of its bytes as its version."""

    path: Path
    columns: tuple[tuple[str, str], ...]
    rows: int
    version: str
    written: datetime


@dataclass(frozen=True)
class Step:
    """One run of one job: what it read, what it wrote, and when."""

    job: str
    says: str
    run: str
    started: datetime
    ended: datetime
    inputs: list[event_v2.InputDataset]
    outputs: list[event_v2.OutputDataset]
    facets: dict[str, facet_v2.RunFacet] = field(default_factory=dict)


def tell(events: Iterable[Event], url: str, token: str) -> int:
    """Send the events to the portal at `url`, one request each, and return how many; raises when one is refused.

    While the portal is away or busy each is sent again, for about two minutes.
    """
    config = HttpConfig(url=url, timeout=15.0, auth=ApiKeyTokenProvider({"apiKey": token}), retry=PATIENCE)
    client = OpenLineageClient(transport=HttpTransport(config))
    sent = 0
    for event in events:
        client.emit(event)
        sent += 1
    return sent


def tables(month: Month) -> Iterator[Event]:
    """The tables of `month`, in the order they were made: raw, cleaned, features."""
    event_v2.set_producer(PRODUCER)
    raw, cleaned, features = (read(path) for path in (month.raw, month.cleaned, month.features))
    yield event_v2.DatasetEvent(
        eventTime=_iso(raw.written),
        dataset=event_v2.StaticDataset("file", str(raw.path), facets=_facets(raw, "Card payments, as exported.")),
    )
    made = "portal/demo/data.py"
    yield from _run(_table_step("payments.clean", "Drop what identifies people.", raw, cleaned, CLEANED_FROM), made)
    yield from _run(_table_step("fraud.features", "Derive features.", cleaned, features, FEATURES_FROM), made)


def training(month: Month, trained: Trained, tracking_uri: str) -> Iterator[Event]:
    """The run that read the features of `month` and wrote a version of the model."""
    event_v2.set_producer(PRODUCER)
    step = _training(read(month.features), trained, tracking_uri)
    yield from _run(step, "portal/demo/train.py", trained.commit)


def read(path: Path) -> Table:
    """What a file is: columns and rows from its header or its contents."""
    table = pa.csv.read_csv(path) if path.suffix == ".csv" else pa.parquet.read_table(path)
    with path.open("rb") as file:
        version = f"sha256:{file_digest(file, 'sha256').hexdigest()}"
    columns = tuple((column.name, str(column.type)) for column in table.schema)
    return Table(path, columns, table.num_rows, version, datetime.fromtimestamp(path.stat().st_mtime, UTC))


def _table_step(job: str, says: str, source: Table, made: Table, mapping: Mapping[str, tuple[str, ...]]) -> Step:
    facets = _facets(made, says) | {"columnLineage": lineage(source, made, mapping)}
    counted = facet_v2.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
        rowCount=made.rows, size=made.path.stat().st_size, fileCount=1
    )
    return Step(
        job=job,
        says=says,
        run=str(uuid5(NAMESPACE_URL, f"{made.path.as_uri()}#{made.version}@{made.written.isoformat()}")),
        started=min(source.written, made.written),
        ended=made.written,
        inputs=[_input(source)],
        outputs=[event_v2.OutputDataset("file", str(made.path), {"outputStatistics": counted}, facets=facets)],
    )


def _training(features: Table, trained: Trained, tracking_uri: str) -> Step:
    """The training run: features in, a version of the model out; named as MLflow's registry names it."""
    facets = {
        "version": facet_v2.dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=trained.version),
        "datasetType": facet_v2.dataset_type_dataset.DatasetTypeDatasetFacet(datasetType="MODEL"),
        "documentation": facet_v2.documentation_dataset.DocumentationDatasetFacet(description="Fraud detector."),
        "ownership": _owners(),
    }
    parameters = [
        facet_v2.execution_parameters_run.ExecutionParameter(key=key, name=key, value=value)
        for key, value in sorted(trained.params.items())
    ]
    return Step(
        job="fraud.train",
        says="Train the fraud detector and register it in MLflow.",
        run=str(uuid5(NAMESPACE_URL, f"mlflow:{trained.run_id}")),
        started=trained.started,
        ended=trained.ended,
        inputs=[_input(features)],
        outputs=[event_v2.OutputDataset(registry(tracking_uri), f"models:/{MODEL}", facets=facets)],
        facets={
            "executionParameters": facet_v2.execution_parameters_run.ExecutionParametersRunFacet(parameters=parameters)
        },
    )


def registry(tracking_uri: str) -> str:
    """The namespace of a registry's models: `mlflow://host:port`."""
    return f"mlflow://{urlsplit(tracking_uri).netloc.rpartition('@')[2]}"


def lineage(
    source: Table, made: Table, mapping: Mapping[str, tuple[str, ...]]
) -> facet_v2.column_lineage_dataset.ColumnLineageDatasetFacet:
    """Column by column, what `made` took from `source`, and where the original can no longer be seen."""
    facets = facet_v2.column_lineage_dataset
    known = {name for name, _ in source.columns}
    fields = {}
    for column, _ in made.columns:
        origins = mapping.get(column, (column,))
        how = facets.Transformation(
            type="DIRECT",
            subtype="TRANSFORMATION" if column in mapping else "IDENTITY",
            masking=column in MASKING,
        )
        inputs = [facets.InputField("file", str(source.path), name, [how]) for name in origins if name in known]
        fields[column] = facets.Fields(inputFields=inputs)
    return facets.ColumnLineageDatasetFacet(fields=fields)


def _run(step: Step, source: str, commit: str = "") -> Iterator[event_v2.RunEvent]:
    """A start and a completion; the completion says everything."""
    run = event_v2.Run(step.run, facets=step.facets)
    job = event_v2.Job(NAMESPACE, step.job, facets=_job_facets(step, source, commit))
    yield event_v2.RunEvent(
        eventTime=_iso(step.started), eventType=event_v2.RunState.START, run=run, job=job, inputs=step.inputs
    )
    yield event_v2.RunEvent(
        eventTime=_iso(step.ended),
        eventType=event_v2.RunState.COMPLETE,
        run=run,
        job=job,
        inputs=step.inputs,
        outputs=step.outputs,
    )


def _job_facets(step: Step, source: str, commit: str) -> dict[str, facet_v2.JobFacet]:
    here = Path(__file__).resolve().parents[2] / source
    owners = [facet_v2.ownership_job.Owner(name=name, type="MAINTAINER") for name in OWNERS]
    return {
        "documentation": facet_v2.documentation_job.DocumentationJobFacet(description=step.says),
        "jobType": facet_v2.job_type_job.JobTypeJobFacet(
            processingType="BATCH", integration="ATTESTRY_DEMO", jobType="JOB"
        ),
        "ownership": facet_v2.ownership_job.OwnershipJobFacet(owners=owners),
        "sourceCodeLocation": facet_v2.source_code_location_job.SourceCodeLocationJobFacet(
            type="git" if commit else "file", url=here.as_uri(), path=source, version=commit or None
        ),
    }


def _input(table: Table) -> event_v2.InputDataset:
    counted = facet_v2.input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
        rowCount=table.rows, size=table.path.stat().st_size, fileCount=1
    )
    return event_v2.InputDataset("file", str(table.path), {"inputStatistics": counted}, facets=_facets(table, ""))


def _facets(table: Table, says: str) -> dict[str, facet_v2.DatasetFacet]:
    schema = facet_v2.schema_dataset
    fields = [
        schema.SchemaDatasetFacetFields(name=name, type=kind, ordinal_position=at)
        for at, (name, kind) in enumerate(table.columns, 1)
    ]
    found: dict[str, facet_v2.DatasetFacet] = {
        "schema": schema.SchemaDatasetFacet(fields=fields),
        "version": facet_v2.dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=table.version),
        "datasetType": facet_v2.dataset_type_dataset.DatasetTypeDatasetFacet(datasetType="FILE"),
        "ownership": _owners(),
    }
    if says:
        found["documentation"] = facet_v2.documentation_dataset.DocumentationDatasetFacet(description=says)
    return found


def _owners() -> facet_v2.ownership_dataset.OwnershipDatasetFacet:
    owner = facet_v2.ownership_dataset.Owner
    return facet_v2.ownership_dataset.OwnershipDatasetFacet(owners=[owner(name=n, type="MAINTAINER") for n in OWNERS])


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
