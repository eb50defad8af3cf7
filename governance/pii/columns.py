"""Columns while a table streams by: names that are safe to keep, and a uniform sample of distinct values."""

import heapq
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

CELL = 64 * 1024
MOST_COLUMNS = 2000
LONGEST_NAME = 120
LONGEST_PATH = 300
DEEPEST = 12
DATA_LIKE = re.compile(r"@|\d{5}|\d[ ./-]\d+[ ./-]\d|^[-+]?\d+(?:[.,]\d+)?$|://")
PLACE = 2**64


@dataclass(frozen=True)
class Cells:
    """The cells of one column in one batch of `rows` rows: an Arrow array of text or bytes, or `None` if unreadable."""

    path: str
    rows: int
    values: Any


def safe_names(header: Sequence[str], *, header_certain: bool = False) -> tuple[list[str], bool]:
    """Names to keep for the columns, and whether the first row held them.

    A first row that looks like data is data, and a name that looks like a value is replaced by its position: column
    names are stored and shown, values never.
    """
    suspect = [not name.strip() or bool(DATA_LIKE.search(name)) for name in header]
    titled = (
        header_certain
        or not header
        or (sum(suspect) < max(1, len(header) / 2) and not any("@" in name for name in header))
    )
    names: list[str] = []
    seen: set[str] = set()
    for at, name in enumerate(header):
        keep = "" if (suspect[at] or not titled) else "".join(c for c in name.strip() if c.isprintable())[:LONGEST_NAME]
        keep = keep or f"column_{at + 1}"
        names.append(keep if keep not in seen else f"{keep[:100]}_{at + 1}")
        seen.add(names[-1])
    return names, titled


def short(path: str) -> str:
    """A path of at most 300 characters; a longer one ends in its digest, so that two stay two."""
    if len(path) <= LONGEST_PATH:
        return path
    return f"{path[: LONGEST_PATH - 17]}~{blake2b(path.encode(), digest_size=8).hexdigest()}"


def flatten(rows: Iterable[Any]) -> list[Cells]:
    """JSON rows as columns by path: `customer.email`, `items[].name`."""
    found: dict[str, list[str]] = {}
    count = 0
    for row in rows:
        count += 1
        _walk("" if isinstance(row, dict) else "value", row, 0, found)
    return [Cells(path, count, pa.array(values, pa.string())) for path, values in found.items()]


def _walk(path: str, value: Any, depth: int, found: dict[str, list[str]]) -> None:
    if isinstance(value, dict) and depth < DEEPEST:
        for key, inner in value.items():
            step = f"{path}." if path else ""
            suspect = len(key) > LONGEST_NAME or DATA_LIKE.search(key) or not (key.strip() and key.isprintable())
            if suspect:
                found.setdefault(f"{step}*", []).append(key[:CELL])
            _walk(f"{step}{'*' if suspect else key}", inner, depth + 1, found)
    elif isinstance(value, list) and depth < DEEPEST:
        for inner in value:
            _walk(f"{path}[]", inner, depth + 1, found)
    elif value is not None and not isinstance(value, bool):
        found.setdefault(path, []).append(_text(value))


def _text(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode()[: CELL + 1]


@dataclass
class Sample:
    """A uniform sample of a column's distinct values in one pass: those `most` whose keyed hashes are smallest.

    Which values those are depends on the seed alone, not on their order in the file, so a sorted table hides nothing
    and the same seed draws the same sample. Counts are exact up to `most`, estimated beyond.
    """

    path: str
    seed: bytes
    most: int
    rows: int = 0
    filled: int = 0
    gaps: set[str] = field(default_factory=set)
    _heap: list[tuple[int, str]] = field(default_factory=list)
    _kept: set[str] = field(default_factory=set)
    _over: bool = False

    def add(self, cells: Cells) -> None:
        """Take in a batch of the column."""
        self.rows += cells.rows
        if cells.values is None:
            self.gaps.add("pii.unknown_type")
            return
        lengths = pc.binary_length(cells.values)
        self.filled += pc.sum(pc.greater(lengths, 0)).as_py() or 0
        if (pc.max(lengths).as_py() or 0) > CELL:
            self.gaps.add("pii.long_cells")
            cut = pc.cast(
                cells.values, pa.large_binary() if pa.types.is_large_string(cells.values.type) else pa.binary()
            )
            self._take(pc.binary_slice(cut, 0, CELL).unique())
        else:
            self._take(cells.values.unique())

    def _take(self, values: Any) -> None:
        for raw in values.to_pylist():
            value = raw if isinstance(raw, str) else self._decode(raw)
            if value and value not in self._kept:
                self._offer(value)

    def _decode(self, raw: bytes | None) -> str:
        if raw is None:
            return ""
        if b"\x00" in raw:
            self.gaps.add("pii.binary_values")
            return ""
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.decode("cp1252", "replace")

    def _offer(self, value: str) -> None:
        place = int.from_bytes(blake2b(value.encode("utf-8", "replace"), digest_size=8, key=self.seed).digest())
        if len(self._heap) < self.most:
            heapq.heappush(self._heap, (-place, value))
            self._kept.add(value)
        elif place < -self._heap[0][0]:
            self._kept.add(value)
            self._kept.discard(heapq.heapreplace(self._heap, (-place, value))[1])
            self._over = True
        else:
            self._over = True

    @property
    def census(self) -> bool:
        """Whether the sample holds every distinct value."""
        return not self._over

    @property
    def distinct(self) -> int:
        """How many distinct values there are: exact, or estimated from the largest hash kept."""
        if self.census:
            return len(self._heap)
        return min(self.filled, round((self.most - 1) * PLACE / max(1, -self._heap[0][0])))

    @property
    def values(self) -> list[str]:
        """The values drawn, in the order of their hashes, which is no order of the file."""
        return [value for _place, value in sorted(self._heap, reverse=True)]
