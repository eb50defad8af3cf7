"""Tables of files: Delta and Iceberg, whose logs say which files make up the table now. Both are extras.

Rows that a later version deletes still lie in the files, so they are read as well: what is there can leak.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

from audit.refusals import Refused
from governance.pii import places
from governance.pii.tables import ManyFiles, Member

MOST_LOGS = 10_000
LARGEST_LOG = 64 * 1024 * 1024
METADATA = re.compile(r"^v?(\d+)(?:-[0-9a-f-]+)?\.(?:gz\.)?metadata\.json$")
Opener = Callable[[str], IO[bytes]]


def delta(path: Path, opener: Opener) -> ManyFiles:
    """A Delta table as of its latest version, with the statistics of every file that any version of its log names."""
    try:
        import deltalake  # noqa: PLC0415 - an extra
    except ImportError:
        raise Refused("pii.extra_missing") from None
    _plain(path / "_delta_log")
    try:
        table = deltalake.DeltaTable(str(path))
        import pyarrow as pa  # noqa: PLC0415

        rows = pa.table(table.get_add_actions(flatten=True)).to_pylist()
        schema = json.loads(table.schema().to_json())
        version = table.version()
    except Exception:  # noqa: BLE001 - its words may quote the log, which holds values
        raise Refused("pii.broken_file") from None
    members = [_member(path, row) for row in rows]
    logged = Member("", 0, statistics=tuple(_logged(path / "_delta_log")))
    return Delta([*members], f"delta:{version}", opener, _renames(schema), logged)


def _plain(folder: Path) -> None:
    """Refuse a log that is not kept in the table's own folder."""
    listed = list(os.scandir(folder))
    if folder.is_symlink() or any(entry.is_symlink() for entry in listed):
        raise Refused("pii.outside_roots")
    if len(listed) > MOST_LOGS or sum(entry.stat().st_size for entry in listed) > LARGEST_LOG:
        raise Refused("pii.too_much_described")


def _member(path: Path, row: Mapping[str, Any]) -> Member:
    name = unquote(str(row["path"]))
    place = name if name.startswith("/") else str(path / name.removeprefix("file://"))
    beside = {
        key.removeprefix("partition."): str(value) for key, value in row.items() if _says(key, value, "partition.")
    }
    return Member(place, int(row.get("size_bytes") or 0), beside)


def _says(key: str, value: Any, start: str) -> bool:
    return key.startswith(start) and value is not None


def _renames(schema: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for one in schema.get("fields", ()):
        physical = (one.get("metadata") or {}).get("delta.columnMapping.physicalName")
        if physical and physical != one["name"]:
            found[str(physical)] = str(one["name"])
    return found


def _logged(folder: Path) -> Iterator[tuple[str, str]]:
    """Least and greatest values that the log keeps of each column, also of files that are no longer in the table."""
    for log in sorted(folder.glob("*.json")):
        for line in log.read_bytes().splitlines():
            try:
                said = json.loads(line).get("add", {}).get("stats")
                stats = json.loads(said) if said else {}
            except (ValueError, AttributeError):
                continue
            for side in ("minValues", "maxValues"):
                yield from _leaves("_statistics", stats.get(side))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}", inner)
    elif isinstance(value, str):
        yield path, value


class Delta(ManyFiles):
    """A Delta table, whose log is read before its files."""

    def __init__(
        self, members: list[Member], identity: str, opener: Opener, renames: Mapping[str, str], logged: Member
    ) -> None:
        """Take the files of one version, and what the log says beside them."""
        super().__init__(members, identity, opener, renames)
        self.logged = logged

    def batches(self, reading: Any) -> Iterator[Any]:
        """What the log keeps, then the rows of every file."""
        yield from beside(self.logged.statistics)
        yield from super().batches(reading)


def beside(pairs: Sequence[tuple[str, str]]) -> Iterator[Any]:
    """Values that stand beside the rows, as batches without rows."""
    import pyarrow as pa  # noqa: PLC0415

    from governance.pii.columns import Cells  # noqa: PLC0415

    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    if found:
        yield [Cells(name, 0, pa.array(values, pa.string())) for name, values in found.items()]


def iceberg(path: Path, roots: Sequence[Path], opener: Opener) -> ManyFiles:
    """An Iceberg table as of its latest metadata; whatever that names is opened only below the roots."""
    latest = _latest(path / "metadata")
    try:
        from pyiceberg.table import StaticTable  # noqa: PLC0415 - an extra
    except ImportError:
        raise Refused("pii.extra_missing") from None
    own = {"py-io-impl": "governance.pii.iceberg.Rooted", "attestry.roots": os.pathsep.join(map(str, roots))}
    try:
        table = StaticTable.from_metadata(str(latest), own)
        names = {one.field_id: one for one in table.schema().fields}
        members = [_iceberg_member(task.file, names) for task in table.scan().plan_files()]
        snapshot = table.current_snapshot()
    except Refused:
        raise
    except Exception:  # noqa: BLE001 - its words may quote the manifests, which hold values
        raise Refused("pii.broken_file") from None
    return ManyFiles(members, f"iceberg:{snapshot.snapshot_id if snapshot else 0}", opener)


def _latest(folder: Path) -> Path:
    found = [(int(hit[1]), each) for each in folder.iterdir() if (hit := METADATA.match(each.name))]
    if not found:
        raise Refused("pii.not_a_file")
    return max(found)[1]


def _iceberg_member(file: Any, names: Mapping[int, Any]) -> Member:
    from pyiceberg.conversions import from_bytes  # noqa: PLC0415
    from pyiceberg.types import StringType  # noqa: PLC0415

    statistics = []
    for bounds in (file.lower_bounds or {}, file.upper_bounds or {}):
        for number, raw in bounds.items():
            one = names.get(number)
            if one is not None and isinstance(one.field_type, StringType):
                statistics.append((f"_statistics.{one.name}", str(from_bytes(one.field_type, raw))))
    return Member(places.plain(file.file_path), int(file.file_size_in_bytes), {}, tuple(statistics))
