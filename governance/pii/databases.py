"""A table of a database, read through a connection that cannot write. Used in the scan's child process alone."""

import re
import sqlite3
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from audit.refusals import Refused
from governance.pii.columns import flatten, safe_names
from governance.pii.readers import Batches, Reading

ROWS_AT_ONCE = 2000
CELL = 64 * 1024 + 1
PART = re.compile(r"[^\x00\"/]{1,128}")


def table_of(location: str) -> list[str]:
    """The parts of the table's name in `sql://DATABASE/schema.table`; refused when they are none."""
    parts = urlsplit(location).path.lstrip("/").split(".")
    if not 1 <= len(parts) <= 2 or not all(PART.fullmatch(part) for part in parts):
        raise Refused("pii.no_such_table")
    return parts


class Rows:
    """The rows of a table; its content has no digest, for nothing says in which order they come."""

    def __init__(self, location: str, database: str) -> None:
        """Mean the table at `location`, in the database of that address."""
        self.table = ".".join(f'"{part}"' for part in table_of(location))
        self.database = database

    def batches(self, reading: Reading) -> Batches:
        """The rows, some at a time."""
        scheme = urlsplit(self.database).scheme
        read = {"postgresql": self._postgresql, "postgres": self._postgresql, "sqlite": self._sqlite}.get(scheme)
        if read is None:
            raise Refused("pii.unknown_database")
        seen = 0
        try:
            for header, rows in read(reading):
                names, _titled = safe_names(header, header_certain=True)
                found = [dict(zip(names, (_text(each, reading) for each in row), strict=True)) for row in rows]
                yield (reading.flat or flatten)(found)
                seen += len(rows)
        except Refused:
            raise
        except Exception:  # noqa: BLE001 - a database's own words may quote values and its address
            if not seen:
                raise Refused("pii.no_such_table") from None
            reading.gap("pii.broken_midway")

    def digest(self) -> str:
        """Nothing identifies the content."""
        return ""

    def moved(self) -> bool:
        """Not while one statement reads it."""
        return False

    def _postgresql(self, reading: Reading) -> Iterator[tuple[list[str], list[Any]]]:
        import psycopg  # noqa: PLC0415 - under the limits

        options = "-c default_transaction_read_only=on -c idle_in_transaction_session_timeout=600000"
        with psycopg.connect(self.database, options=options, connect_timeout=10) as connection:
            connection.read_only = True
            about = connection.execute(
                "SELECT greatest(reltuples, 1) FROM pg_class WHERE oid = %s::regclass", [self.table]
            )
            estimated = about.fetchone()
            reading.size, seen = int(estimated[0]) if estimated else 1, [0]
            reading.position = lambda: seen[0]
            with connection.cursor(name="attestry_scan") as cursor:
                cursor.itersize = ROWS_AT_ONCE
                cursor.execute(f"SELECT * FROM {self.table}".encode())  # noqa: S608 - quoted parts of a checked name
                while rows := cursor.fetchmany(ROWS_AT_ONCE):
                    seen[0] += len(rows)
                    yield [column.name for column in cursor.description or ()], rows

    def _sqlite(self, reading: Reading) -> Iterator[tuple[list[str], list[Any]]]:
        path = "/" + urlsplit(self.database).path.lstrip("/")
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.text_factory = bytes
            reading.size, seen = 1, 0
            cursor = connection.execute(f"SELECT * FROM {self.table}")  # noqa: S608 - quoted parts of a checked name
            header = [str(column[0]) for column in cursor.description]
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                seen += len(rows)
                yield header, rows
        finally:
            connection.close()


def _text(value: Any, reading: Reading) -> Any:
    """A value as JSON lines would have it; bytes with a zero among them are no text."""
    if value is None or isinstance(value, bool | dict | list | str):
        return value
    if not isinstance(value, bytes | memoryview):
        return str(value)
    raw = bytes(value[:CELL])
    if b"\x00" in raw:
        reading.gap("pii.binary_values")
        return None
    return raw.decode("utf-8", "replace")
