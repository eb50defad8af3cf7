"""What may be reported, and what a report holds. Values in, values out."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from audit.refusals import Invalid
from lineage.formats import guarded

KINDS = ("lineage", "promotion", "pii", "access", "audit")
READY = ("lineage", "pii")
TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "svg": "image/svg+xml",
    "ndjson": "application/x-ndjson",
    "prov": "application/json",
    "graphml": "application/graphml+xml",
    "pdf": "application/pdf",
    "zip": "application/zip",
}
"""The formats of a report, each with its media type."""
ENDINGS = {"prov": "prov.json"}
"""How the file of a format ends where that is not its name."""
FORMATS = tuple(TYPES)
PART = 1 << 20
"""The bytes of a report are kept, read and sent so many at a time."""
REGISTERS = ("json", "csv", "pdf")
"""The formats in which the register of personal data comes."""
_RANGE = re.compile("bytes=([0-9]{0,18})-([0-9]{0,18})")
SHAPE = 2
"""The number of the shape below; it grows when a field changes its meaning."""
STEPS = (
    "distance", "job_namespace", "job", "run", "state", "started_at", "ended_at", "inferred",
    "from_namespace", "from_name", "from_version", "from_rows", "to_namespace", "to_name", "to_version", "to_rows",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asking:
    """What somebody wants to take away: a kind of report about a subject, as of a time, in a format."""

    kind: str
    subject: UUID
    as_of: datetime | None
    form: str


def check(asking: Asking, now: datetime) -> None:
    """Refuse a kind that cannot be made yet, and a time that has not come."""
    if asking.kind not in READY:
        raise Invalid("reports.kind_unavailable", kind=asking.kind, possible=", ".join(READY))
    if asking.kind == "pii" and asking.form not in REGISTERS:
        raise Invalid("reports.format_unavailable", form=asking.form, possible=", ".join(REGISTERS))
    if asking.as_of and asking.as_of > now:
        raise Invalid("reports.as_of_future")


def as_json(content: Mapping[str, Any]) -> bytes:
    """Return the report as JSON for people and machines: sorted keys, two spaces, UTF-8, a final line end."""
    return (json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False, default=str) + "\n").encode()


def as_csv(runs: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the steps of the runs, a line for each dataset read and written: RFC 4180, UTF-8, guarded cells."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(STEPS)
    for run in runs:
        for read in run["reads"] or [{}]:
            for written in run["writes"] or [{}]:
                writer.writerow([guarded(cell) for cell in _cells(run, read, written)])
    return out.getvalue().encode()


def filename(kind: str, name: str, version: str, form: str) -> str:
    """Return a file name of letters, digits, dots and dashes that says what the report is."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in f"{kind}-{name}-{version}")
    return f"{plain[:100].strip('-')}.{ending(form)}"


def ending(form: str) -> str:
    """Return how the file of a format ends."""
    return ENDINGS.get(form, form)


def part_of(asked: str, size: int) -> range | None:
    """Return which bytes a `Range` header asks for, empty when there are none of those; None when all are to be sent.

    More than one range, other units and what cannot be read are all passed over, as HTTP allows.
    """
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    stop = min(int(last) + 1, size) if last else size
    return None if last and int(last) < int(first) else range(int(first), stop)


def _cells(run: Mapping[str, Any], read: Mapping[str, Any], written: Mapping[str, Any]) -> Iterable[object]:
    of_run = [run["distance"], run["job"]["namespace"], run["job"]["name"]]
    of_run += [run[name] for name in ("run", "state", "started_at", "ended_at", "inferred")]
    ends = [side.get(name) for side in (read, written) for name in ("namespace", "name", "version", "rows")]
    return ("" if cell is None else cell for cell in (*of_run, *ends))
