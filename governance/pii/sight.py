"""A column under examination: its distinct values, the hits in them, and the questions every kind of proof asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from governance.pii.chosen import Own
from governance.pii.shapes import fold


@dataclass(frozen=True)
class Hit:
    """What a recogniser saw in one value: characters `start` to `end`."""

    entity: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Sight:
    """A column under examination: distinct values, the hits in each, and what the header suggests."""

    path: str
    values: tuple[str, ...]
    hits: tuple[tuple[Hit, ...], ...]
    suggested: frozenset[str]
    people: str = "silent"
    drawn: Mapping[str, "Drawn"] | None = None
    of: float = -1.0
    own: tuple[Own, ...] = ()
    whole: bool = True

    @property
    def seen(self) -> float:
        """Of how many distinct values these tell: all, and fewer in proportion where not all candidates were drawn."""
        return self.of if self.of >= 0 else len(self.values)

    def part(self, entity: str) -> "Sight":
        """The values that could be this entity; without `drawn` all of them."""
        if self.drawn is None:
            return self
        mine = self.drawn.get(entity, Drawn((), self.seen))
        return replace(
            self,
            values=tuple(self.values[at] for at in mine.places),
            hits=tuple(self.hits[at] for at in mine.places),
            drawn=None,
            of=mine.of,
            whole=mine.whole,
        )


@dataclass(frozen=True)
class Drawn:
    """Where in a sight the values stand that could be one entity, of how many they tell, and whether they are all."""

    places: tuple[int, ...]
    of: float
    whole: bool = True


@dataclass(frozen=True)
class Checksum:
    """How many candidates passed, how many random ones would."""

    passed: int
    tried: int
    base: float


@dataclass(frozen=True)
class Case:
    """An entity that holds for the column: where (value -> spans), and why it is believed."""

    spans: dict[int, tuple[int, int]]
    because: tuple[str, ...]
    checksum: Checksum | None = None


Mine = dict[int, list[Hit]]
Test = Callable[[Sight, str, Mine], Case | None]


def standing_alone(value: str, start: int, end: int) -> bool:
    """Not a part of a longer code, path, address or number."""
    before, after = value[start - 1 : start], value[end : end + 2]
    if before and (before.isalnum() or before in "-_./#@+"):
        return False
    return not (
        after[:1].isalnum() or after[:1] in ("-", "_", "/", "@") or (after[:1] in (".", ",") and after[1:].isdigit())
    )


def whole(value: str, hit: Hit) -> bool:
    """The hit is the value, give or take quotes and spaces."""
    return not value[: hit.start].strip(" \"'<(") and not value[hit.end :].strip(" \"'>).;,")


def before(value: str, hit: Hit) -> str:
    """The words just before a hit, folded."""
    return fold(value[max(0, hit.start - 40) : hit.start])


def pick(mine: Mine) -> dict[int, tuple[int, int]]:
    """One span per value: its longest hit."""
    best = {at: max(hits, key=lambda hit: (hit.end - hit.start, hit.score)) for at, hits in mine.items() if hits}
    return {at: (hit.start, hit.end) for at, hit in best.items()}


def only(sight: Sight, mine: Mine, wanted: Callable[[str, Hit], bool]) -> Mine:
    """The hits that pass a test of their value and place."""
    kept = {at: [hit for hit in hits if wanted(sight.values[at], hit)] for at, hits in mine.items()}
    return {at: hits for at, hits in kept.items() if hits}


def alone(sight: Sight, mine: Mine) -> Mine:
    """The hits that stand alone in their values."""
    return only(sight, mine, lambda value, hit: standing_alone(value, hit.start, hit.end))


def share(part: int, sight: Sight) -> float:
    """Of the distinct values."""
    return part / sight.seen if sight.seen else 0.0


def distinct_texts(sight: Sight, mine: Mine) -> int:
    """How many different texts were hit: one support address in every note is one."""
    return len({sight.values[at][hit.start : hit.end] for at, hits in mine.items() for hit in hits})


def everything(sight: Sight, places: list[int]) -> dict[int, tuple[int, int]]:
    """The whole of each of these values."""
    return {at: (0, len(sight.values[at])) for at in places}
