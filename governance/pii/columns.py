"""Columns while a table streams by: names that are safe to keep, and the values that could be personal."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from governance.pii import sieve
from governance.pii.chosen import Own
from governance.pii.lowest import Count, Lowest, buffers, hashes

CELL = 64 * 1024
MOST_COLUMNS = 2000
LONGEST_NAME = 120
LONGEST_PATH = 300
DEEPEST = 12
DATA_LIKE = re.compile(r"@|\d{5}|\d[ ./-]\d+[ ./-]\d|^[-+]?\d+(?:[.,]\d+)?$|://")
DRESSED = r"^(\d{5,19})\.0+$"
EDGED = r"^(?:\pZ|[\x01-\x20\x7F-\x{A0}])|(?:\pZ|[\x01-\x20\x7F-\x{A0}])$"
NOTHING = pa.array(["", "null", "none", "nan", "n/a", "na", "nil", "-", "--", "\\n", "<na>", "nat"], pa.large_string())
LONGEST_NOTHING = 4
BLANK, DELETE = 0x20, 0x7F
MOST_KEPT = 20_000
SPARSE = 0.2
DENSE = 2000
PROBE, FEW_TWICE = 2048, 0.1
BY_SHARE = frozenset({"PERSON", "LOCATION", "DATE_TIME", "US_PASSPORT", "US_DRIVER_LICENSE", "US_BANK_NUMBER"})


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


def texts(values: Any, gaps: set[str]) -> Any:
    """The distinct values as they are judged (see `shapes.plain`): decoded, trimmed, without what says nothing.

    Values of which hardly one comes twice are left as they are: nothing that follows depends on it.
    """
    values = pc.drop_null(values if hardly_repeats(values) else values.unique())
    raw = values.cast(pa.large_binary())
    if (pc.max(pc.binary_length(raw)).as_py() or 0) > CELL:
        gaps.add("pii.long_cells")
        raw = pc.binary_slice(raw, 0, CELL)
    decoded = _decoded(raw, gaps, dubious=pa.types.is_binary(values.type))
    found = _undressed(_trimmed(decoded))
    said = _without_nothings(found)
    return said if said is decoded else said.unique()


def hardly_repeats(values: Any) -> bool:
    """Whether few values come twice, told by how many do among some from all over the batch."""
    if len(values) < 4 * PROBE:
        return False
    places = np.unique(np.random.default_rng(0).integers(0, len(values), PROBE))
    probe = pc.drop_null(values.take(pa.array(places)))
    return len(probe) - len(probe.unique()) <= FEW_TWICE * len(probe) ** 2 / len(values)


def _undressed(found: Any) -> Any:
    """Integers without the `.0` that a float column dressed them in."""
    zeros = pc.ends_with(found, "0")
    if not pc.any(zeros).as_py() or not pc.any(pc.match_substring_regex(found.filter(zeros), DRESSED)).as_py():
        return found
    return pc.replace_substring_regex(found, DRESSED, r"\1")


def _without_nothings(found: Any) -> Any:
    """All but the words that say that nothing is there."""
    if len(found) == 0 or pc.min(pc.binary_length(found)).as_py() > LONGEST_NOTHING:
        return found
    nothing = pc.is_in(pc.ascii_lower(found), value_set=NOTHING)
    return found.filter(pc.invert(nothing)) if pc.any(nothing).as_py() else found


def _trimmed(found: Any) -> Any:
    """Without blanks around; the bytes at the ends tell where there could be any."""
    offsets, data = buffers(found)
    full = np.flatnonzero(np.diff(offsets))
    ends = np.concatenate([data[offsets[full]], data[offsets[full + 1] - 1]])
    if not ((ends <= BLANK) | (ends >= DELETE)).any():
        return found
    edged = pc.match_substring_regex(found, EDGED)
    return pc.utf8_trim_whitespace(found) if pc.any(edged).as_py() else found


def _decoded(raw: Any, gaps: set[str], *, dubious: bool) -> Any:
    """Text of bytes: UTF-8, or what Windows wrote; bytes with a zero among them are no text."""
    whole = raw.buffers()[2]
    zeros = dubious and whole is not None and b"\x00" in memoryview(whole).tobytes()
    if not zeros:
        try:
            return raw.cast(pa.large_string())
        except pa.ArrowInvalid:
            pass
    return pa.array([_decode(one, gaps, zeros=zeros) for one in raw.to_pylist()], pa.large_string())


def _decode(raw: bytes, gaps: set[str], *, zeros: bool) -> str:
    if zeros and b"\x00" in raw:
        gaps.add("pii.binary_values")
        return ""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


@dataclass(frozen=True)
class Draw:
    """What was drawn of the values that could be one entity: the values, of how many, and whether these are all."""

    values: list[str]
    number: int
    whole: bool


@dataclass
class Column:
    """A column as it streams by: how many distinct values, and for each entity those that could be one.

    Every value is held against the conditions of `sieve`; only a uniform sample of those that pass is kept.
    """

    path: str
    seed: bytes
    most: int
    suggested: frozenset[str] = frozenset()
    people: str = "silent"
    own: tuple[Own, ...] = ()
    prose: bool = False
    rows: int = 0
    filled: int = 0
    gaps: set[str] = field(default_factory=set)
    _count: Count = field(init=False)
    _could: dict[str, Lowest] = field(default_factory=dict)
    _waiting: list[Any] = field(default_factory=list)
    _tried: sieve.Tried = field(default_factory=sieve.Tried)

    def __post_init__(self) -> None:
        self._count = Count(self.most)

    def add(self, cells: Cells) -> None:
        """Take in a batch of the column."""
        self.rows += cells.rows
        if cells.values is None:
            self.gaps.add("pii.unknown_type")
        elif len(cells.values):
            self._waiting.append(cells.values)

    def sift(self) -> None:
        """Hold what came against the conditions, and keep what could be something."""
        waiting, self._waiting = self._waiting, []
        for values in _joined(waiting):
            self.filled += pc.sum(pc.greater(pc.binary_length(values), 0)).as_py() or 0
            found = texts(values, self.gaps)
            if len(found):
                self._sift(found)

    def _sift(self, found: Any) -> None:
        places = hashes(found, self.seed)
        self._count.add(places)
        chosen: dict[str, Any] = {}
        every = np.zeros(len(places), bool)
        wanted = {entity: could.below(places) for entity, could in self._could.items() if could.over}
        could_be = sieve.candidates(found, self.suggested, self.people, wanted, self._tried)
        could_be |= sieve.candidates_of(found, self.own, wanted)
        could_be |= sieve.prose(found, wanted) if self.prose else {}
        for entity, mask in could_be.items():
            size = np.count_nonzero(mask)
            if size:
                could = self._could.setdefault(entity, Lowest(MOST_KEPT))
                if size > DENSE and size > SPARSE * len(mask):
                    could.narrow(DENSE)
                chosen[entity] = could.wanted(places, mask)
                every[chosen[entity]] = True
        words = found.filter(pa.array(every)).to_pylist()
        place = np.cumsum(every) - 1
        for entity, at in chosen.items():
            self._could[entity].add(places[at].tolist(), [words[one] for one in place[at].tolist()])

    @property
    def distinct(self) -> int:
        """How many distinct values there are."""
        return self._count.number

    def draw(self, most: int) -> dict[str, Draw]:
        """For each entity the values that could be one: all of them where they are few, else `most` at random."""
        return {entity: self._draw(could, most, entity in BY_SHARE) for entity, could in self._could.items()}

    def _draw(self, could: Lowest, most: int, by_share: bool) -> Draw:  # noqa: FBT001
        number, values = min(could.number, self.distinct), could.values
        if by_share and number < 0.5 * self.distinct:
            return Draw(values[:most], number, whole=True)  # half of all values have to be one: these are too few
        few = not could.over and (number <= most or number <= SPARSE * self.distinct)
        return Draw(values if few else values[:most], number, few)


def _joined(waiting: list[Any]) -> list[Any]:
    """The batches as one array of each type that came."""
    kinds = {each.type for each in waiting}
    return [pa.concat_arrays([each for each in waiting if each.type == kind]) for kind in kinds]
