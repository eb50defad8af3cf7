"""Reads of many rows by their ids in one statement each, past what the ORM does for every row.

A list of ids is one parameter: an array on PostgreSQL, JSON on SQLite. Times that come back can be compared with each
other, and that is all that is done with them.
"""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from audit import bulk

Row = tuple[Any, ...]
_FIRST_SET = re.compile(r"FROM (lineage_\w+) WHERE (\w+) = ANY\(%s\)")


def rows(columns: str, table: str, where: str, *values: Any, order: str = "") -> list[Row]:
    """Return the rows of a table of lineage; in `where`, `column` followed by `= ANY(%s)` takes a set of ids.

    Every word of the statement is our own; what anybody gave is in `values`. SQLite looks up each id of a set that
    `where` begins with as it comes: so they are in `order` already, when that is the one of an index.
    """
    text = f"SELECT {columns} FROM lineage_{table} WHERE {where}"  # noqa: S608 - our own words
    if connection.vendor != "postgresql":
        text = _FIRST_SET.sub(
            r"FROM (SELECT value AS asked FROM json_each(%s)) CROSS JOIN \1 ON \2 = asked WHERE TRUE", text
        )
        # as the text that it is, which is in the order of time, not as a datetime made of it
        text = text.replace("last_seen", "last_seen || ''")
        text = text.replace("= ANY(%s)", "IN (SELECT value FROM json_each(%s))")
    elif order:
        text = f"{text} ORDER BY {order}"
    return bulk.fetch(text, values)


def ids(pks: Iterable[int]) -> Any:
    """Return a set of ids as one parameter, as text: psycopg takes longer to write a list than to read its answer."""
    known = ",".join(map(str, sorted(pks)))
    return f"{{{known}}}" if connection.vendor == "postgresql" else f"[{known}]"


def scopes(seen: Iterable[UUID]) -> Any:
    """Return a set of scopes as one parameter."""
    return list(seen) if connection.vendor == "postgresql" else json.dumps([pk.hex for pk in seen])


def time(at: datetime) -> Any:
    """Return a time as this database keeps it."""
    return at if connection.vendor == "postgresql" else connection.ops.adapt_datetimefield_value(at)
