"""What differs between two scans, column by column. Values in, values out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Moved:
    """An entity that both scans saw, in clearly different shares."""

    type: str
    before: float
    after: float


@dataclass(frozen=True)
class Changed:
    """A column that the two scans do not say the same of; a verdict is empty where the column was not there."""

    column: str
    before: str
    after: str
    appeared: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it for the outside."""
        return {
            "column": self.column,
            "before": self.before or None,
            "after": self.after or None,
            "appeared": list(self.appeared),
            "gone": list(self.gone),
            "moved": [{"type": one.type, "before": one.before, "after": one.after} for one in self.moved],
        }


Found = Sequence[Mapping[str, Any]]
Said = Mapping[str, tuple[str, Found]]
"""What a scan says: for each column its verdict and what was found in it."""


def difference(before: Said, after: Said) -> list[Changed]:
    """The columns that the scans do not say the same of, in the order of the later one, those that are gone last."""
    paths = [*after, *(path for path in before if path not in after)]
    found = (_column(path, before.get(path, ("", ())), after.get(path, ("", ()))) for path in paths)
    return [one for one in found if one is not None]


def _column(path: str, old: tuple[str, Found], new: tuple[str, Found]) -> Changed | None:
    was, now = ({one["type"]: one for one in found} for _verdict, found in (old, new))
    moved = tuple(
        Moved(kind, was[kind]["share"], now[kind]["share"])
        for kind in now
        if kind in was and _apart(was[kind], now[kind])
    )
    appeared, gone = tuple(kind for kind in now if kind not in was), tuple(kind for kind in was if kind not in now)
    same = old[0] == new[0] and not (appeared or gone or moved)
    return None if same else Changed(path, old[0], new[0], appeared, gone, moved)


def _apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """The intervals do not touch, and the shares differ by more than one in a hundred."""
    touching = one["low"] <= other["high"] and other["low"] <= one["high"]
    return not touching and abs(one["share"] - other["share"]) > 0.01
