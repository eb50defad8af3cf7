"""What a scan reads: a file, an object of a store, the files of a Delta or Iceberg table, a table of a database.

Each gives batches of text columns, says what identifies its content, and whether that moved while it was read. Values
that stand beside the rows (statistics, notes in a footer, column names that look like values) are columns of their own,
whose names begin with `_`. Used in the scan's child process alone.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa

from audit.refusals import Refused
from governance.pii import places, readers
from governance.pii.columns import Cells, flatten
from governance.pii.readers import Batches, Reading
from governance.pii.sandbox import Orders


class Table(Protocol):
    """Something whose rows can be read once, from the first to the last."""

    def batches(self, reading: Reading) -> Batches:
        """The rows, batch by batch."""

    def digest(self) -> str:
        """What identifies the content: `sha256:` over its bytes, or of another kind; empty where nothing does."""

    def moved(self) -> bool:
        """Whether it changed since it was opened."""


@contextmanager
def opened(orders: Orders) -> Iterator[Table]:
    """The table that the orders mean; refused where that is nothing a scan may read."""
    if orders.path.startswith("version:"):
        yield Notes(orders.inline)
    elif orders.path.startswith("sql://"):
        from governance.pii import databases  # noqa: PLC0415 - drivers load under the limits

        yield databases.Rows(orders.path, orders.database)
    elif "://" in orders.path:
        with _remote(orders) as table:
            yield table
    else:
        with _local(orders) as table:
            yield table


@contextmanager
def _local(orders: Orders) -> Iterator[Table]:
    roots = [Path(root) for root in orders.roots]
    path = places.real(orders.path, roots)

    def opener(name: str) -> IO[bytes]:
        return open(places.open_file(name, roots), "rb")

    if (path / "_delta_log").is_dir():
        from governance.pii import lakes  # noqa: PLC0415 - an extra

        yield lakes.delta(path, opener)
    elif (path / "metadata").is_dir():
        from governance.pii import lakes  # noqa: PLC0415 - an extra

        yield lakes.iceberg(path, roots, opener)
    else:
        with opener(orders.path) as file:
            yield OneFile(file, orders.path)


@contextmanager
def _remote(orders: Orders) -> Iterator[Table]:
    places.expect_remote(orders.path, orders.stores)
    try:
        import fsspec  # noqa: PLC0415 - an extra
    except ImportError:
        raise Refused("pii.extra_missing") from None
    try:
        store, name = fsspec.core.url_to_fs(orders.path)
        known = store.ukey(name)
        file = store.open(name, "rb", block_size=readers.BLOCK, cache_type="readahead")
    except FileNotFoundError:
        raise Refused("pii.no_such_file") from None
    except ImportError:
        raise Refused("pii.extra_missing") from None
    except Exception:  # noqa: BLE001 - a store's own words may hold keys
        raise Refused("pii.cannot_open") from None
    with file:
        yield Remote(file, orders.path, lambda: str(store.ukey(name)), str(known))


@dataclass(frozen=True)
class Notes:
    """JSON lines that came with the orders."""

    lines: tuple[str, ...]

    def batches(self, reading: Reading) -> Batches:
        """The lines as rows."""
        reading.size = 1
        yield flatten(json.loads(line, parse_float=str, parse_int=str) for line in self.lines)

    def digest(self) -> str:
        """The SHA-256 over the lines."""
        return "sha256:" + hashlib.sha256("\n".join(self.lines).encode()).hexdigest()

    def moved(self) -> bool:
        """Never."""
        return False


@dataclass
class OneFile:
    """A file that lies here."""

    file: IO[bytes]
    name: str
    _before: os.stat_result = field(init=False)

    def __post_init__(self) -> None:
        self._before = os.fstat(self.file.fileno())

    def batches(self, reading: Reading) -> Batches:
        """The rows, after what stands beside them."""
        reading.size, reading.position = self._before.st_size, self.file.tell
        self.file.seek(0)
        yield from readers.batches(self.file, self.name, reading)

    def digest(self) -> str:
        """The SHA-256 over its bytes."""
        self.file.seek(0)
        seal = hashlib.sha256()
        while part := self.file.read(1 << 20):
            seal.update(part)
        return "sha256:" + seal.hexdigest()

    def moved(self) -> bool:
        """Whether its size or time changed."""
        after = os.fstat(self.file.fileno())
        return (self._before.st_size, self._before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)


@dataclass
class Remote:
    """An object of a store, identified by what the store says of it."""

    file: Any
    name: str
    look: Callable[[], str]
    known: str

    def batches(self, reading: Reading) -> Batches:
        """The rows."""
        reading.size, reading.position = int(self.file.size), self.file.tell
        yield from readers.batches(self.file, self.name, reading)

    def digest(self) -> str:
        """A digest over what the store says of the object: its size, time and tag."""
        return "object:" + hashlib.sha256(self.known.encode()).hexdigest()

    def moved(self) -> bool:
        """Whether the store says something else now."""
        return self.look() != self.known


@dataclass(frozen=True)
class Member:
    """One file of a table of files: where it lies, how large it is, and the columns that only its place says."""

    path: str
    size: int
    beside: Mapping[str, str] = field(default_factory=dict)
    statistics: tuple[tuple[str, str], ...] = ()


@dataclass
class ManyFiles:
    """A table of files as of one version: `renames` maps what the files call a column to what the table calls it."""

    members: list[Member]
    identity: str
    opener: Callable[[str], IO[bytes]]
    renames: Mapping[str, str] = field(default_factory=dict)

    def batches(self, reading: Reading) -> Batches:
        """The rows of every file; a file that cannot be read is a gap, and none at all a refusal."""
        total, done, readable = max(1, sum(one.size for one in self.members)), 0, 0
        for one in self.members:
            part = Reading(one.size, lambda: 0, reading.gaps, reading.leaves, reading.flat)
            reading.size, reading.position = total, lambda d=done, p=part, s=one.size: d + int(p.done * s)  # type: ignore[misc]
            try:
                yield from self._rows(one, part)
                readable += 1
            except Refused:
                reading.gap("pii.files_unreadable")
            done += one.size
        if self.members and not readable:
            raise Refused("pii.broken_file")

    def _rows(self, one: Member, part: Reading) -> Batches:
        yield [Cells(name, 0, pa.array([value])) for name, value in (*one.beside.items(), *one.statistics)]
        with self.opener(one.path) as file:
            part.position = file.tell
            for batch in readers.batches(file, one.path, part):
                yield [Cells(self._named(each.path), each.rows, each.values) for each in batch]

    def _named(self, path: str) -> str:
        top = path.split(".", 1)[0].split("[", 1)[0].split("{", 1)[0]
        return self.renames[top] + path[len(top) :] if top in self.renames else path

    def digest(self) -> str:
        """A digest over which files there are; they are never changed, only followed by others."""
        listed = json.dumps([self.identity, sorted((one.path, one.size) for one in self.members)])
        return "files:" + hashlib.sha256(listed.encode()).hexdigest()

    def moved(self) -> bool:
        """Never: a version of a table stays what it is."""
        return False
