"""Tables as batches of text columns: CSV, JSON lines, Parquet, Arrow and Feather, also gzipped where that is usual.

Memory stays bounded whatever the file claims, and nothing that goes wrong is told in the library's own words: those
may quote values. A reader yields what it could read and notes in `gaps` what it could not.
"""

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from pyarrow import ipc

from audit.refusals import Refused
from governance.pii.columns import MOST_COLUMNS, Cells, flatten, safe_names
from governance.pii.rules import ENDS

CELL = 64 * 1024
ROWS_AT_ONCE = 2000
BLOCK = 1024 * 1024  # pyarrow reads up to 32 of them ahead
LONGEST_LINE = 4 * 1024 * 1024
LARGEST_BATCH = 32 * 1024 * 1024
LARGEST_FOOTER = 16 * 1024 * 1024
MOST_BESIDE = 20_000
DELIMITERS = ",;\t|"
BROKEN = (pa.ArrowInvalid, pa.ArrowIOError, pa.ArrowNotImplementedError, pa.ArrowKeyError, pa.ArrowTypeError,
          OSError, EOFError, zlib.error, UnicodeError, ValueError)  # fmt: skip


@dataclass
class Reading:
    """What happened while reading: how far (0 to 1), and what was not read, as code -> how often.

    `leaves` and `flat` make columns of Arrow batches and JSON rows, where every leaf by itself is not what is wanted;
    `numbers` leaves those of JSON what they are.
    """

    size: int
    position: Callable[[], int]
    gaps: dict[str, int] = field(default_factory=dict)
    leaves: Callable[[Any], list[Cells]] | None = None
    flat: Callable[[list[Any]], list[Cells]] | None = None
    numbers: bool = False

    def gap(self, code: str, times: int = 1) -> None:
        """Note that something was not read."""
        self.gaps[code] = self.gaps.get(code, 0) + times

    @property
    def done(self) -> float:
        """The share of the file's bytes that was consumed."""
        return min(1.0, self.position() / self.size) if self.size else 1.0


Batches = Iterator[list[Cells]]


def kind_of(name: str, head: bytes) -> str:
    """`csv`, `jsonl`, `parquet` or `arrow`, by the bytes where they tell and by the name where they do not."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"FEA1", b"\xff\xff\xff\xff")):
        return "arrow"
    stem = name.lower().removesuffix(".gz")
    for kind, endings in {"csv": (".csv", ".tsv", ".psv"), "jsonl": (".jsonl", ".ndjson")}.items():
        if stem.endswith(endings):
            return kind
    known = stem.endswith((".parquet", ".pq", ".arrow", ".feather", ".ipc"))
    raise Refused("pii.not_that_format" if known else "pii.unknown_format")


def batches(file: IO[bytes], name: str, reading: Reading) -> Batches:
    """The table's rows, batch by batch, as columns of text; refused when it cannot be read at all."""
    head = file.read(8)
    file.seek(0)
    if not head:
        raise Refused("pii.empty_file")
    if head.startswith(b"\x1f\x8b"):
        stem = name.lower().removesuffix(".gz")
        unzipped = cast("IO[bytes]", gzip.GzipFile(fileobj=file))
        return _told(_text(unzipped, stem, reading), reading)
    read = {"parquet": _parquet, "arrow": _arrow}.get(kind_of(name, head))
    return _told(read(file, reading) if read else _text(file, name, reading), reading)


def _told(inner: Batches, reading: Reading) -> Batches:
    """The batches, with every library's exception turned into a gap or a refusal without its message."""
    rows = 0
    try:
        for batch in inner:
            yield batch
            rows += 1
    except BROKEN:
        if not rows:
            raise Refused("pii.broken_file") from None
        reading.gap("pii.broken_midway")


def _text(file: IO[bytes], name: str, reading: Reading) -> Batches:
    head = file.read(BLOCK)
    file.seek(0)
    if not head:
        raise Refused("pii.empty_file")
    if b"\x00" in head[:65536]:
        raise Refused("pii.not_text")
    return _jsonl(file, reading) if kind_of(name, b"") == "jsonl" else _csv(file, head, reading)


def _csv(file: IO[bytes], head: bytes, reading: Reading) -> Batches:
    first = head.splitlines()[0] if head.splitlines() else b""
    delimiter = max(DELIMITERS, key=lambda mark: first.count(mark.encode()))
    text = head.decode("utf-8-sig", errors="replace").splitlines(keepends=True)
    header = next(csv.reader(text, delimiter=delimiter), [])
    if len(header) > MOST_COLUMNS:
        raise Refused("pii.too_many_columns")
    names, titled = safe_names(header)
    if titled:
        yield from _odd_names(header, names)

    def ragged(_row: Any) -> str:
        reading.gap("pii.ragged_rows")
        return "skip"

    table = pacsv.open_csv(
        pa.PythonFile(file, mode="r"),
        read_options=pacsv.ReadOptions(
            block_size=BLOCK, use_threads=False, column_names=[str(at) for at in range(len(names))]
        ),
        parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=ragged),
        convert_options=pacsv.ConvertOptions(
            column_types={str(at): pa.binary() for at in range(len(names))}, strings_can_be_null=False, check_utf8=False
        ),
    )
    for number, batch in enumerate(table):
        skip = 1 if titled and number == 0 else 0
        for start in range(skip, batch.num_rows, ROWS_AT_ONCE * 8):
            part = batch.slice(start, ROWS_AT_ONCE * 8)
            yield [Cells(name, part.num_rows, column) for name, column in zip(names, part.columns, strict=True)]


def _jsonl(file: IO[bytes], reading: Reading) -> Batches:
    rows: list[Any] = []
    size = 0
    while line := file.readline(LONGEST_LINE):
        if len(line) >= LONGEST_LINE and not line.endswith(b"\n"):
            reading.gap("pii.line_too_long")
            while line and not line.endswith(b"\n"):
                line = file.readline(LONGEST_LINE)
            continue
        if line.strip():
            try:
                rows.append(_json(line.decode("utf-8-sig"), reading))
            except (ValueError, RecursionError):
                reading.gap("pii.bad_lines")
        size += len(line)
        if len(rows) >= ROWS_AT_ONCE or size > BLOCK:
            yield (reading.flat or flatten)(rows)
            rows, size = [], 0
    if rows:
        yield (reading.flat or flatten)(rows)


def _json(text: str, reading: Reading) -> Any:
    return json.loads(text) if reading.numbers else json.loads(text, parse_float=str, parse_int=str)


def _parquet(file: IO[bytes], reading: Reading) -> Batches:
    check_footer(file, reading.size)
    table = pq.ParquetFile(
        file, memory_map=False, pre_buffer=False, thrift_string_size_limit=10**7, thrift_container_size_limit=10**6,
        page_checksum_verification=True,
    )  # fmt: skip
    wanted = None
    if table.metadata.num_columns > MOST_COLUMNS:
        reading.gap("pii.too_many_columns", table.metadata.num_columns - MOST_COLUMNS)
        wanted = [table.schema.column(at).path for at in range(MOST_COLUMNS)]
    yield [Cells(path, 0, pa.array(values, pa.string())) for path, values in _beside(table.metadata).items()]
    yield from _odd_names(table.schema_arrow.names, safe_names(table.schema_arrow.names, header_certain=True)[0])
    total = max(1, table.metadata.num_rows)
    seen = 0
    reading.position = lambda: int(reading.size * seen / total)
    for batch in table.iter_batches(batch_size=_rows_at_once(table, wanted), columns=wanted, use_threads=False):
        yield (reading.leaves or _leaves)(batch)
        seen += batch.num_rows
    if seen != table.metadata.num_rows:
        reading.gap("pii.broken_midway")


def _odd_names(header: list[str], names: list[str]) -> Batches:
    """Column names that look like values and are not kept: they are looked at as values."""
    odd = [name[:CELL] for name, kept in zip(header, names, strict=True) if name.strip() and kept.startswith("column_")]
    if odd:
        yield [Cells("_column_names", 0, pa.array(odd, pa.string()))]


def _beside(about: Any) -> dict[str, list[str]]:
    """Values that stand in a Parquet file's footer: the least and greatest of each column, and notes by their key."""
    found: dict[str, list[str]] = {}
    for key, value in (about.metadata or {}).items():
        if key not in (b"ARROW:schema", b"pandas"):
            name = safe_names([key.decode("utf-8", "replace")], header_certain=True)[0][0]
            found[f"_metadata.{name}"] = [value[:CELL].decode("utf-8", "replace")]
    kept = 0
    for group in range(about.num_row_groups):
        for at in range(min(about.num_columns, MOST_COLUMNS)):
            chunk = about.row_group(group).column(at)
            ends = _ends(chunk)
            if ends and kept < MOST_BESIDE:
                kept += len(ends)
                found.setdefault(f"{ENDS}{chunk.path_in_schema}", []).extend(ends)
    return found


def _ends(chunk: Any) -> list[str]:
    if chunk.physical_type != "BYTE_ARRAY" or not chunk.is_stats_set:
        return []
    said = chunk.statistics
    return [each[:CELL] for each in (said.min, said.max) if isinstance(each, str)] if said.has_min_max else []


def check_footer(file: IO[bytes], size: int) -> None:
    """Refuse a Parquet file whose own description is too large to be taken apart: its memory cannot be bounded."""
    file.seek(max(0, size - 8))
    tail = file.read(8)
    file.seek(0)
    if len(tail) == 8 and tail[4:] == b"PAR1" and int.from_bytes(tail[:4], "little") > LARGEST_FOOTER:
        raise Refused("pii.too_much_described")


def _rows_at_once(table: Any, wanted: list[str] | None) -> int:
    """Fewer rows at a time where the first ones are large."""
    first = next(table.iter_batches(batch_size=16, columns=wanted, use_threads=False), None)
    if first is None or not first.num_rows:
        return ROWS_AT_ONCE
    return max(1, min(ROWS_AT_ONCE, LARGEST_BATCH * int(first.num_rows) // max(1, int(first.nbytes))))


def _arrow(file: IO[bytes], reading: Reading) -> Batches:
    head = file.read(8)
    file.seek(0)
    if head.startswith(b"FEA1"):
        raise Refused("pii.unknown_format")
    whole = head.startswith(b"ARROW1")
    source = ipc.open_file(file) if whole else ipc.open_stream(file)
    if len(source.schema) > MOST_COLUMNS:
        raise Refused("pii.too_many_columns")
    numbers = range(source.num_record_batches) if whole else None
    for batch in (source.get_batch(at) for at in numbers) if numbers is not None else source:
        batch.validate(full=True)
        for start in range(0, batch.num_rows, ROWS_AT_ONCE):
            yield (reading.leaves or _leaves)(batch.slice(start, ROWS_AT_ONCE))


def _leaves(batch: pa.RecordBatch) -> list[Cells]:
    """Every leaf of every column, nested ones by their path, as text."""
    found: list[Cells] = []
    names, _titled = safe_names(list(batch.schema.names), header_certain=True)
    for name, column in zip(names, batch.columns, strict=True):
        _leaf(name, column, batch.num_rows, found)
    return found


def _leaf(path: str, column: Any, rows: int, found: list[Cells]) -> None:
    kind = column.type
    if isinstance(column, pa.ExtensionArray):
        return _leaf(path, column.storage, rows, found)
    if pa.types.is_dictionary(kind):
        return _leaf(path, pc.take(column.dictionary, pc.drop_null(column.indices.unique())), rows, found)
    if pa.types.is_map(kind):
        _leaf(f"{path}{{}}", column.keys, rows, found)
        return _leaf(f"{path}[]", column.items, rows, found)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _leaf(f"{path}[]", pc.list_flatten(column), rows, found)
    if pa.types.is_struct(kind):
        steps, _titled = safe_names([one.name for one in kind], header_certain=True)
        for step, inner in zip(steps, column.flatten(), strict=True):
            _leaf(f"{path}.{step}", inner, rows, found)
        return None
    found.append(Cells(path, rows, _as_text(column)))
    return None


def _as_text(column: Any) -> Any:
    """A column of text or bytes, its cells cut to the longest that is examined; `None` for what cannot hold text."""
    kind = column.type
    if pa.types.is_null(kind) or pa.types.is_boolean(kind):
        return pa.nulls(0, pa.string())
    if pa.types.is_fixed_size_binary(kind):
        return column.cast(pa.binary())
    if (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
    ):
        return column
    if pa.types.is_floating(kind):
        column = pc.filter(column, pc.is_finite(column))
        exact = pc.equal(column, pc.floor(column))
        whole = pc.filter(column, pc.and_(exact, pc.less(pc.abs(column), 9.0e15)))
        rest = pc.filter(column, pc.invert(pc.and_(exact, pc.less(pc.abs(column), 9.0e15))))
        return pa.concat_arrays([whole.cast(pa.int64()).cast(pa.string()), rest.cast(pa.string())])
    try:
        return column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return None
