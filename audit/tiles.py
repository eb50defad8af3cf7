"""Where things lie in a static export (C2SP tlog-tiles): 256 hashes or entries to a tile, the last ones partial."""

from collections.abc import Iterator
from dataclasses import dataclass

from audit.refusals import Invalid

FULL = 256
ENTRIES = -1
"""The level of the tiles that hold entries rather than hashes."""


@dataclass(frozen=True)
class Tile:
    """A tile's place: its level (`ENTRIES` for the entries themselves), its number and its width of 1 to 256."""

    level: int
    number: int
    width: int

    @property
    def path(self) -> str:
        """The place in the export, such as `tile/0/x001/x234/067` or `tile/entries/000.p/17`."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        part = "" if self.width == FULL else f".p/{self.width}"
        return f"tile/{level}/{_groups(self.number)}{part}"


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a log of `size` entries, entries first, then hashes level by level."""
    yield from _level(ENTRIES, size)
    level, width = 0, size
    while width:
        yield from _level(level, width)
        level, width = level + 1, width // FULL


def read_path(path: str) -> Tile:
    """The tile of a path below `tile/`; refused when it is not the one spelling of a place."""
    where, _, partial = path.partition(".p/")
    level, _, number = where.partition("/")
    try:
        tile = Tile(
            ENTRIES if level == "entries" else int(level),
            int(number.replace("x", "").replace("/", "")),
            int(partial) if partial else FULL,
        )
    except ValueError as error:
        raise Invalid("audit.bad_tile", path=path[:200]) from error
    if not -1 <= tile.level < 64 or not 1 <= tile.width <= FULL or tile.path != f"tile/{path}":
        raise Invalid("audit.bad_tile", path=path[:200])
    return tile


def _groups(number: int) -> str:
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([*(f"x{each}" for each in groups[:-1]), groups[-1]])


def _level(level: int, width: int) -> Iterator[Tile]:
    for number in range(width // FULL):
        yield Tile(level, number, FULL)
    if width % FULL:
        yield Tile(level, width // FULL, width % FULL)
