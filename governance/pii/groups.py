"""How alike the rows of a table are in chosen columns: k-anonymity and l-diversity, counted over keyed hashes.

Used in the scan's child process alone; no value is kept or told, only how many rows share one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.refusals import Refused
from governance.pii import lowest, readers, tables
from governance.pii.columns import Cells
from governance.pii.sandbox import Orders

MOST_GROUPS = 6_000_000
AT_ONCE = 1_000_000
STEPS = (2, 3, 5, 10)
MISSING = b"\x00"


class Tally:
    """How often each row of numbers came by, exact up to `MOST_GROUPS` different ones."""

    def __init__(self, width: int) -> None:
        """Count rows of that many numbers."""
        self.kept = np.zeros((0, width), np.uint64)
        self.counts = np.zeros(0, np.int64)
        self.fresh: list[Any] = []
        self.waiting = 0

    def add(self, rows: Any) -> bool:
        """Take in rows; false when there are more different ones than can be counted."""
        self.fresh.append(rows)
        self.waiting += len(rows)
        if self.waiting > AT_ONCE:
            self.settle()
        return len(self.kept) <= MOST_GROUPS

    def settle(self) -> None:
        """Bring equal rows together."""
        every = np.concatenate([self.kept, *self.fresh])
        counts = np.concatenate([self.counts, np.ones(self.waiting, np.int64)])
        order = np.lexsort(every.T[::-1])
        every, counts = every[order], counts[order]
        if len(every):
            first = np.append(True, (every[1:] != every[:-1]).any(axis=1))
            starts = np.flatnonzero(first)
            self.kept, self.counts = every[starts], np.add.reduceat(counts, starts)
        self.fresh, self.waiting = [], 0


def keys(columns: Sequence[Any], seed: bytes) -> Any:
    """One keyed hash for each row over some columns; what is missing counts as a value of its own."""
    found = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        filled = pc.fill_null(column, pa.scalar(MISSING, pa.large_binary()))
        mixed = (found ^ lowest.hashes(filled, seed)) * np.uint64(0x9E3779B97F4A7C15)
        found = mixed ^ (mixed >> np.uint64(29))
    return found


def measure(orders: Orders) -> dict[str, Any]:
    """Count the groups of rows that are alike in the quasi-identifiers, and how many sensitive values each holds."""
    wanted = (*orders.quasi, *orders.sensitive)
    seed = hashlib.sha256(orders.seed.encode()).digest()
    groups, pairs = Tally(1), {name: Tally(2) for name in orders.sensitive}
    rows = 0
    with tables.opened(orders) as source:
        reading = readers.Reading(
            0, lambda: 0, leaves=lambda batch: leaves(batch, wanted), flat=lambda one: flat(one, wanted)
        )
        for batch in source.batches(reading):
            if not batch or not batch[0].rows:
                continue
            columns = chosen(batch, wanted)
            alike = keys([columns[name] for name in orders.quasi], seed)
            whole = groups.add(alike[:, None])
            for name, tally in pairs.items():
                whole &= tally.add(np.stack([alike, keys([columns[name]], seed)], axis=1))
            rows += len(alike)
            if not whole or rows > orders.rows:
                reading.gap("pii.over_budget")
                break
        sealed = source.digest()
    return told(groups, pairs, rows) | {"rows": rows, "gaps": reading.gaps, "digest": sealed}


def chosen(batch: Sequence[Cells], wanted: Sequence[str]) -> dict[str, Any]:
    """The wanted columns as bytes; refused when the table lacks one, or it holds lists."""
    found = {each.path: each.values for each in batch if each.path in wanted and each.values is not None}
    if len(found) < len(set(wanted)):
        raise Refused("pii.no_such_column")
    return {name: values.cast(pa.large_binary()) for name, values in found.items()}


def leaves(batch: Any, wanted: Sequence[str]) -> list[Cells]:
    """The wanted columns of an Arrow batch as text, row by row; those inside structs by their path."""
    return [Cells(path, batch.num_rows, _at(batch, path)) for path in wanted]


def _at(batch: Any, path: str) -> Any:
    top, *steps = [path] if path in batch.schema.names else path.split(".")
    if top not in batch.schema.names:
        return None
    column = batch.column(batch.schema.names.index(top))
    for step in steps:
        if not pa.types.is_struct(column.type) or column.type.get_field_index(step) < 0:
            return None
        column = pc.struct_field(column, step)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_nested(column.type):
        return None
    return column if pa.types.is_large_binary(column.type) else _text(column)


def _text(column: Any) -> Any:
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column
    return column.cast(pa.binary() if pa.types.is_fixed_size_binary(kind) else pa.string())


def flat(rows: Sequence[Any], wanted: Sequence[str]) -> list[Cells]:
    """The wanted fields of JSON rows, row by row."""
    return [Cells(path, len(rows), pa.array([_field(row, path) for row in rows], pa.string())) for path in wanted]


def _field(row: Any, path: str) -> str | None:
    for step in [path] if isinstance(row, dict) and path in row else path.split("."):
        row = row.get(step) if isinstance(row, dict) else None
    return None if row is None else str(row)


def told(groups: Tally, pairs: Mapping[str, Tally], rows: int) -> dict[str, Any]:
    """The counts: the smallest group, how many rows stand in groups below some sizes, the least diverse groups."""
    groups.settle()
    sizes = groups.counts
    below = {str(step): int(sizes[sizes < step].sum()) for step in STEPS}
    diverse = {}
    for name, tally in pairs.items():
        tally.settle()
        _alike, each = np.unique(tally.kept[:, 0], return_counts=True)
        diverse[name] = int(each.min()) if len(each) else 0
    return {"k": int(sizes.min()) if rows else 0, "groups": len(sizes), "below": below, "diversity": diverse}
