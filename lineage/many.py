"""Reads of many rows by their ids in one statement each, past what the ORM does for every row.

A list of ids is one parameter: an array on PostgreSQL, JSON on SQLite. Times that come back can be compared with each
other, and that is all that is done with them.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from audit import bulk
from audit.actor import Visible

Row = tuple[Any, ...]


def rows(columns: str, table: str, where: str, *values: Any) -> list[Row]:
    """Return the rows of a table of lineage; in `where`, `column` followed by `= ANY(%s)` takes a set of ids.

    Every word of the statement is our own; what anybody gave is in `values`.
    """
    text = f"SELECT {columns} FROM lineage_{table} WHERE {where}"  # noqa: S608 - our own words
    if connection.vendor != "postgresql":
        # as the text that it is, which is in the order of time, not as a datetime made of it
        text = text.replace("last_seen", "last_seen || ''")
        text = text.replace("= ANY(%s)", "IN (SELECT value FROM json_each(%s))")
    return bulk.fetch(text, values)


def ids(pks: Iterable[int]) -> Any:
    """Return a set of ids as one parameter."""
    known = sorted(pks)
    return known if connection.vendor == "postgresql" else f"[{','.join(map(str, known))}]"


def scopes(seen: Visible) -> Any:
    """Return the scopes somebody sees as one parameter."""
    known: list[UUID] = [pk for row in seen.scope_ids.iterator() for pk in row.values()]
    return known if connection.vendor == "postgresql" else json.dumps([pk.hex for pk in known])


def time(at: datetime) -> Any:
    """Return a time as this database keeps it."""
    return at if connection.vendor == "postgresql" else connection.ops.adapt_datetimefield_value(at)
