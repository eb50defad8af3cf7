"""Makes a copy of a table without what is personal in it: columns are masked, replaced by keyed tokens, or left out.

Used in the scan's child process alone; it writes to the one descriptor it was handed, and nowhere else.
"""

import base64
import csv
import hashlib
import hmac
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audit.refusals import Refused
from governance.pii import readers, rules, shapes, tables
from governance.pii.columns import Cells
from governance.pii.sandbox import Orders

ACTIONS = ("mask", "token", "drop")
TOKEN = 26
Change = Callable[[str], str]


def token(key: bytes) -> Change:
    """A value's keyed token: the same for the same value, and nothing without the key."""

    def change(value: str) -> str:
        seal = hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return "tok_" + base64.b32encode(seal).decode()[:TOKEN].lower()

    return change


class Copy:
    """The copy as it is written: Parquet of Arrow batches, CSV of text columns, JSON lines of rows."""

    def __init__(self, orders: Orders, out: Any) -> None:
        """Change columns as the orders say, and write to `out`."""
        self.actions: Mapping[str, str] = dict(orders.changes)
        self.change = {"mask": shapes.mask, "token": token(bytes.fromhex(orders.key))}
        self.out, self.rows, self.form = out, 0, ""
        self.met: set[str] = set()
        self._parquet: Any = None
        self._last = ("", "")

    def leaves(self, batch: Any) -> list[Cells]:
        """Write an Arrow batch."""
        kept = {name: self._column(name, batch.column(at)) for at, name in enumerate(batch.schema.names)}
        table = pa.table({name: column for name, column in kept.items() if column is not None})
        if self._parquet is None:
            self.form = "parquet"
            self._parquet = pq.ParquetWriter(self.out, table.schema, compression="zstd", write_statistics=False)
        self._parquet.write_table(table)
        self.rows += batch.num_rows
        return []

    def _column(self, name: str, column: Any) -> Any:
        action = self._action(name)
        if action == "drop":
            return None
        if action == "":
            return column
        change = self.change[action]
        return pa.array([None if each is None else change(_text(each)) for each in column.to_pylist()], pa.string())

    def _action(self, path: str) -> str:
        """What to do with a column: what was said of it, or of the one it lies in, or of one that lies in it."""
        for name, action in self.actions.items():
            if path == name or name.startswith((f"{path}.", f"{path}[", f"{path}{{")):
                self.met.add(name)
                return action
        return ""

    def flat(self, rows: Sequence[Any]) -> list[Cells]:
        """Write JSON rows."""
        self.form = "jsonl"
        for row in rows:
            self.out.write(json.dumps(self._json("", row), ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        self.rows += len(rows)
        return []

    def _json(self, path: str, value: Any) -> Any:
        if isinstance(value, dict):
            inner = {key: f"{path}.{key}" if path else key for key in value}
            return {
                key: self._json(inner[key], each) for key, each in value.items() if self._exact(inner[key]) != "drop"
            }
        if isinstance(value, list):
            return [self._json(f"{path}[]", each) for each in value]
        action = self._exact(path)
        return self.change[action](_text(value)) if action in self.change and value is not None else value

    def _exact(self, path: str) -> str:
        if path in self.actions:
            self.met.add(path)
        return self.actions.get(path, "")

    def lines(self, batch: Sequence[Cells]) -> None:
        """Write the text columns of a CSV."""
        kept = [each for each in batch if self._exact(each.path) != "drop"]
        told = io.StringIO()
        writer = csv.writer(told)
        if not self.form:
            self.form = "csv"
            writer.writerow([each.path for each in kept])
        columns = [self._cells(each) for each in kept]
        writer.writerows(zip(*columns, strict=True))
        self.out.write(told.getvalue().encode("utf-8", "replace"))
        self.rows += batch[0].rows

    def _cells(self, cells: Cells) -> list[str]:
        texts = [_text(each) for each in cells.values.to_pylist()]
        change = self.change.get(self._exact(cells.path))
        return [change(each) if change and each else each for each in texts]

    def close(self) -> None:
        """End the file."""
        if self._parquet is not None:
            self._parquet.close()
        self.out.flush()


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def copy(orders: Orders) -> dict[str, Any]:
    """Write the copy; what could not be read whole, or lacks a column that was to be changed, is told as a gap."""
    with os.fdopen(orders.out, "wb") as out, tables.opened(orders) as source:
        if isinstance(source, tables.ManyFiles | tables.Notes):
            raise Refused("pii.copy_kind")
        made = Copy(orders, out)
        reading = readers.Reading(0, lambda: 0, leaves=made.leaves, flat=made.flat, numbers=True)
        for batch in source.batches(reading):
            if batch and batch[0].rows and not batch[0].path.startswith(rules.BESIDE):
                made.lines(batch)
        made.close()
    if not made.rows:
        raise Refused("pii.no_rows")
    if any(not name.startswith(rules.BESIDE) for name in set(made.actions) - made.met):
        raise Refused("pii.no_such_column")
    return {"rows": made.rows, "gaps": reading.gaps, "form": made.form}
