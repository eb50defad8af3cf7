"""How two statements about the same thing become one, whatever order they arrive in, however often.

Every column is the least, the greatest, or carried by a clock: the value of the statement whose clock is highest
(ties go to the greater value). All three are commutative, associative and idempotent, so a projection made of them
alone does not depend on order or repetition. The same rules exist twice: `combine` for rows of one batch,
`assignments` for the database.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

Row = dict[str, Any]
Clocked = Mapping[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Merge:
    """The rules of one table. `key` is its natural key.

    `latest` and `earliest` map a clock (columns compared from left to right) to the columns it carries; clocks are
    never null. Columns named nowhere keep the value of the first statement that is stored.
    """

    key: tuple[str, ...]
    least: tuple[str, ...] = ()
    greatest: tuple[str, ...] = ()
    latest: Clocked = field(default_factory=dict)
    earliest: Clocked = field(default_factory=dict)

    @cached_property
    def clocks(self) -> list[tuple[tuple[str, ...], "itemgetter[Any]", bool]]:
        """Clocks with what they carry, what reads them from a row, and whether the later one counts."""
        both = [(clock, carried, True) for clock, carried in self.latest.items()]
        both += [(clock, carried, False) for clock, carried in self.earliest.items()]
        return [((*clock, *carried), itemgetter(*clock, *carried), later) for clock, carried, later in both]


def combine(rule: Merge, rows: Iterable[Row]) -> list[Row]:
    """Return one row per key, merged, in the order of their keys, so that writers lock rows in one order."""
    merged: dict[Any, Row] = {}
    read = itemgetter(*rule.key)
    for row in rows:
        known = merged.setdefault(read(row), row)
        if known is not row and known != row:
            merged[read(row)] = _absorbed(rule, known, row)
    return [merged[key] for key in sorted(merged)]


def assignments(rule: Merge, table: str, c_text: Sequence[str] = ()) -> str:
    """Return the SET list of `INSERT ... ON CONFLICT DO UPDATE` for `rule`.

    Written so that SQLite and PostgreSQL read it alike. Text columns in `c_text` are compared by code point.
    """
    sets: list[str] = []
    for column in rule.least:
        sets.append(_bound(table, column, "<"))
    for column in rule.greatest:
        sets.append(_bound(table, column, ">"))
    for clocks, sign in ((rule.latest, ">"), (rule.earliest, "<")):
        for clock, carried in clocks.items():
            taken = _compared(table, (*clock, *carried), sign, c_text)
            moved = [name for name in (*clock, *carried) if name not in rule.least and name not in rule.greatest]
            sets += [f'"{c}" = CASE WHEN {taken} THEN excluded."{c}" ELSE "{table}"."{c}" END' for c in moved]
    return ", ".join(sets)


def _absorbed(rule: Merge, known: Row, row: Row) -> Row:
    """Return both statements as one."""
    both = dict(known)
    for names, read, later in rule.clocks:
        mine, theirs = read(known), read(row)
        if (theirs > mine) if later else (theirs < mine):
            both.update(zip(names, theirs, strict=True))
    for names, pick in ((rule.least, min), (rule.greatest, max)):
        for name in names:
            mine, theirs = known[name], row[name]
            if mine is None or theirs is None:
                both[name] = theirs if mine is None else mine
            else:
                both[name] = pick(mine, theirs)
    return both


def _bound(table: str, column: str, sign: str) -> str:
    mine, theirs = f'"{table}"."{column}"', f'excluded."{column}"'
    return (
        f'"{column}" = CASE WHEN {theirs} IS NULL THEN {mine} '
        f"WHEN {mine} IS NULL OR {theirs} {sign} {mine} THEN {theirs} ELSE {mine} END"
    )


def _compared(table: str, names: Sequence[str], sign: str, c_text: Sequence[str]) -> str:
    def column(owner: str, name: str) -> str:
        return f'{owner}."{name}"' + (' COLLATE "C"' if name in c_text else "")

    mine = ", ".join(column(f'"{table}"', name) for name in names)
    theirs = ", ".join(column("excluded", name) for name in names)
    return f"({theirs}) {sign} ({mine})"
