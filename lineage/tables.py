"""How each table of the projection merges (see `lineage.merge`), in the order in which tables are written."""

from django.db.models import Model

from lineage.merge import Clocked, Merge
from lineage.models import (
    Alias,
    Change,
    Check,
    ColumnEdge,
    Dataset,
    DatasetVersion,
    Declaration,
    Edge,
    Facet,
    FacetBody,
    Job,
    JobIO,
    JobLink,
    Metric,
    Owner,
    Run,
    RunIO,
    Schema,
    Tag,
)

_FIRST, _LAST = ("first_seen",), ("last_seen",)
_SCHEMA: Clocked = {("schema_at",): ("schema",)}
_NAMED: Clocked = {("first_seen",): ("namespace", "name")}
_SEEN = Merge(("key",), _FIRST, _LAST)

RULES: dict[type[Model], Merge] = {
    Dataset: Merge(
        ("key",),
        _FIRST,
        _LAST,
        latest={("type_at",): ("type",), ("change_at",): ("change",), **_SCHEMA},
        earliest=_NAMED,
    ),
    Job: Merge(("key",), _FIRST, _LAST, latest={("type_at",): ("type", "integration", "processing")}, earliest=_NAMED),
    Run: Merge(
        ("uuid", "job_id"),
        least=("first_seen", "started_at"),
        greatest=("last_seen", "ended_at"),
        latest={
            ("parent_at",): ("parent_uuid",),
            ("root_at",): ("root_uuid",),
            ("code_at",): ("code",),
            ("state_rank", "state_at"): ("state",),
        },
    ),
    Schema: Merge(("sha256",)),
    FacetBody: Merge(("sha256",)),
    DatasetVersion: Merge(("key",), _FIRST, _LAST, latest=_SCHEMA),
    RunIO: Merge(
        ("run_id", "dataset_id", "direction"),
        least=_FIRST,
        greatest=("last_seen", "rows", "bytes", "files"),
        latest={("version_at",): ("version",), **_SCHEMA},
    ),
    JobIO: Merge(("job_id", "dataset_id", "direction", "declared"), _FIRST, _LAST),
    Edge: Merge(("dst_id", "src_id", "job_id", "kind", "declared"), _FIRST, _LAST),
    ColumnEdge: Merge(("key",), _FIRST, _LAST, latest={("how_at",): ("masking", "how")}),
    Declaration: Merge(("about", "about_id", "at")),
    Facet: Merge(("key",), latest={("at",): ("sha256", "event")}),
    Owner: _SEEN,
    Tag: _SEEN,
    Alias: _SEEN,
    Change: _SEEN,
    JobLink: _SEEN,
    Check: Merge(("key",), latest={("at",): ("success", "severity", "expected", "actual")}),
    Metric: Merge(("key",), latest={("at",): ("value",)}),
}
