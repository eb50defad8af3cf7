"""A sample of every facet that OpenLineage defines, with values that can be told apart.

Shapes are those of `spec/facets` and `spec/registry` of OpenLineage, as of August 2026. A name that ends with `*` is
one that producers choose. `spec` is the name of the facet's class in OpenLineage's Python client.
"""

from typing import Any, NamedTuple


class Sample(NamedTuple):
    """A facet by its key, its class, what it is of (run, job, dataset, input, output), and an example."""

    name: str
    spec: str
    slot: str
    facet: dict[str, Any]


_PARENT_RUN, _ROOT_RUN = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
_SUBSET = {"type": "location", "locations": ["subset-location"]}
_QUALITY = {
    "rowCount": 1001,
    "bytes": 1002,
    "fileCount": 1003,
    "lastUpdated": "2020-01-02T03:04:05Z",
    "captureDate": "2020-01-02T03:04:06Z",
    "columnMetrics": {
        "measured*": {
            "nullCount": 1004,
            "distinctCount": 1005,
            "sum": 1006.5,
            "count": 1007,
            "min": 1008.5,
            "max": 1009.5,
            "quantiles": {"0.25*": 1010.5},
        }
    },
}
_TEST = {
    "name": "test-name",
    "severity": "test-severity",
    "description": "test-description",
    "expected": "test-expected",
    "actual": "test-actual",
    "content": "test-content",
    "contentType": "test-content-type",
    "params": {"param*": "test-param"},
}
_CHANGE = [{"type": "DIRECT", "subtype": "IDENTITY", "description": "as it is", "masking": True}]
_FROM = {"namespace": "source-namespace", "name": "source-name", "field": "source-field", "transformations": _CHANGE}
_INPUT = {"type": "DATASET", **_FROM}

SAMPLES: tuple[Sample, ...] = (
    Sample(
        "parent",
        "ParentRunFacet",
        "run",
        {
            "run": {"runId": _PARENT_RUN},
            "job": {"namespace": "parent-namespace", "name": "parent-name"},
            "root": {"run": {"runId": _ROOT_RUN}, "job": {"namespace": "root-namespace", "name": "root-name"}},
        },
    ),
    Sample(
        "errorMessage",
        "ErrorMessageRunFacet",
        "run",
        {"message": "error-message", "programmingLanguage": "error-language", "stackTrace": "error-trace"},
    ),
    Sample(
        "nominalTime",
        "NominalTimeRunFacet",
        "run",
        {"nominalStartTime": "2020-02-02T00:00:00Z", "nominalEndTime": "2020-02-03T00:00:00Z"},
    ),
    Sample(
        "processing_engine",
        "ProcessingEngineRunFacet",
        "run",
        {"version": "engine-version", "name": "engine-name", "openlineageAdapterVersion": "adapter-version"},
    ),
    Sample(
        "tags",
        "TagsRunFacet",
        "run",
        {"tags": [{"key": "run-tag", "value": "run-tag-value", "source": "run-tag-source"}]},
    ),
    Sample(
        "executionParameters",
        "ExecutionParametersRunFacet",
        "run",
        {"parameters": [{"key": "p-key", "name": "p-name", "description": "p-description", "value": "p-value"}]},
    ),
    Sample(
        "environmentVariables",
        "EnvironmentVariablesRunFacet",
        "run",
        {"environmentVariables": [{"name": "variable-name", "value": "variable-value"}]},
    ),
    Sample(
        "externalQuery",
        "ExternalQueryRunFacet",
        "run",
        {"externalQueryId": "query-id", "source": "query-source"},
    ),
    Sample(
        "extractionError",
        "ExtractionErrorRunFacet",
        "run",
        {
            "totalTasks": 2001,
            "failedTasks": 2002,
            "errors": [{"errorMessage": "e-message", "stackTrace": "e-trace", "task": "e-task", "taskNumber": 2003}],
        },
    ),
    Sample(
        "jobDependencies",
        "JobDependenciesRunFacet",
        "run",
        {
            "upstream": [
                {
                    "job": {"namespace": "before-namespace", "name": "before-name"},
                    "run": {"runId": _PARENT_RUN},
                    "dependency_type": "before-type",
                    "sequence_trigger_rule": "before-sequence",
                    "status_trigger_rule": "before-status",
                }
            ],
            "downstream": [{"job": {"namespace": "after-namespace", "name": "after-name"}}],
            "trigger_rule": "ALL_SUCCESS",
        },
    ),
    Sample("test", "TestRunFacet", "run", {"tests": [{**_TEST, "status": "pass", "type": "test-type"}]}),
    Sample(
        "jobType",
        "JobTypeJobFacet",
        "job",
        {
            "processingType": "STREAMING",
            "integration": "INTEGRATION",
            "jobType": "QUERY",
            "emissionPattern": {
                "eventTrigger": "PERIODIC",
                "eventContentMode": "ACCUMULATIVE",
                "windowDuration": 2004,
            },
        },
    ),
    Sample("sql", "SQLJobFacet", "job", {"query": "select 1", "dialect": "sql-dialect"}),
    Sample(
        "sourceCodeLocation",
        "SourceCodeLocationJobFacet",
        "job",
        {
            "type": "git",
            "url": "https://example.org/code",
            "repoUrl": "https://example.org/repo",
            "path": "code-path",
            "version": "code-version",
            "tag": "code-tag",
            "branch": "code-branch",
            "pullRequestNumber": "code-request",
        },
    ),
    Sample("sourceCode", "SourceCodeJobFacet", "job", {"language": "code-language", "sourceCode": "print()"}),
    Sample(
        "ownership",
        "OwnershipJobFacet",
        "job",
        {"owners": [{"name": "team:job-owner", "type": "JOB-OWNER-TYPE"}]},
    ),
    Sample(
        "documentation",
        "DocumentationJobFacet",
        "job",
        {"description": "job-description", "contentType": "text/markdown"},
    ),
    Sample(
        "tags",
        "TagsJobFacet",
        "job",
        {"tags": [{"key": "job-tag", "value": "job-tag-value", "source": "job-tag-source"}]},
    ),
    Sample(
        "lineage",
        "LineageJobFacet",
        "job",
        {
            "entries": [
                {
                    "type": "DATASET",
                    "namespace": "target-namespace",
                    "name": "target-name",
                    "inputs": [_INPUT],
                    "fields": {"to*": {"inputs": [_INPUT]}},
                }
            ]
        },
    ),
    Sample(
        "schema",
        "SchemaDatasetFacet",
        "dataset",
        {
            "fields": [
                {
                    "name": "field-name",
                    "type": "field-type",
                    "description": "field-description",
                    "ordinal_position": 2005,
                    "fields": [{"name": "inner-name", "type": "inner-type"}],
                }
            ]
        },
    ),
    Sample(
        "columnLineage",
        "ColumnLineageDatasetFacet",
        "dataset",
        {"fields": {"to*": {"inputFields": [_FROM]}}, "dataset": [_FROM]},
    ),
    Sample("version", "DatasetVersionDatasetFacet", "dataset", {"datasetVersion": "named-version"}),
    Sample(
        "lifecycleStateChange",
        "LifecycleStateChangeDatasetFacet",
        "dataset",
        {
            "lifecycleStateChange": "RENAME",
            "previousIdentifier": {"namespace": "previous-namespace", "name": "previous-name"},
        },
    ),
    Sample(
        "symlinks",
        "SymlinksDatasetFacet",
        "dataset",
        {"identifiers": [{"namespace": "link-namespace", "name": "link-name", "type": "link-type"}]},
    ),
    Sample(
        "ownership",
        "OwnershipDatasetFacet",
        "dataset",
        {"owners": [{"name": "team:dataset-owner", "type": "DATASET-OWNER-TYPE"}]},
    ),
    Sample(
        "tags",
        "TagsDatasetFacet",
        "dataset",
        {"tags": [{"key": "a-tag", "value": "a-tag-value", "source": "a-tag-source", "field": "a-tag-field"}]},
    ),
    Sample("datasetType", "DatasetTypeDatasetFacet", "dataset", {"datasetType": "MODEL", "subType": "sub-type"}),
    Sample("storage", "StorageDatasetFacet", "dataset", {"storageLayer": "storage-layer", "fileFormat": "parquet"}),
    Sample("dataSource", "DatasourceDatasetFacet", "dataset", {"name": "source", "uri": "https://example.org/source"}),
    Sample(
        "catalog",
        "CatalogDatasetFacet",
        "dataset",
        {
            "framework": "iceberg",
            "type": "jdbc",
            "name": "catalog-name",
            "metadataUri": "https://example.org/metadata",
            "warehouseUri": "https://example.org/warehouse",
            "source": "catalog-source",
            "catalogProperties": {"property*": "catalog-property"},
        },
    ),
    Sample(
        "hierarchy",
        "HierarchyDatasetFacet",
        "dataset",
        {"hierarchy": [{"type": "DATABASE", "name": "hierarchy-name"}]},
    ),
    Sample(
        "documentation",
        "DocumentationDatasetFacet",
        "dataset",
        {"description": "dataset-description", "contentType": "text/markdown"},
    ),
    Sample(
        "lineage",
        "LineageDatasetFacet",
        "dataset",
        {"inputs": [_INPUT], "fields": {"to*": {"inputs": [_INPUT]}}},
    ),
    Sample("dataQualityMetrics", "DataQualityMetricsDatasetFacet", "dataset", _QUALITY),
    Sample("dataQualityMetrics", "DataQualityMetricsInputDatasetFacet", "input", _QUALITY),
    Sample(
        "dataQualityAssertions",
        "DataQualityAssertionsDatasetFacet",
        "input",
        {"assertions": [{**_TEST, "assertion": "not_null", "success": True, "column": "test-column"}]},
    ),
    Sample(
        "inputStatistics",
        "InputStatisticsInputDatasetFacet",
        "input",
        {"rowCount": 3001, "size": 3002, "fileCount": 3003},
    ),
    Sample("subset", "InputSubsetInputDatasetFacet", "input", {"inputCondition": _SUBSET}),
    Sample("icebergScanReport", "IcebergScanReportInputDatasetFacet", "input", {"snapshotId": 3004, "schemaId": 3005}),
    Sample(
        "outputStatistics",
        "OutputStatisticsOutputDatasetFacet",
        "output",
        {"rowCount": 4001, "size": 4002, "fileCount": 4003},
    ),
    Sample("subset", "OutputSubsetOutputDatasetFacet", "output", {"outputCondition": _SUBSET}),
    Sample(
        "icebergCommitReport",
        "IcebergCommitReportOutputDatasetFacet",
        "output",
        {"snapshotId": 4004, "sequenceNumber": 4005, "operation": "append"},
    ),
)
