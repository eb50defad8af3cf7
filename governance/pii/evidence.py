"""When hits in a column amount to an entity: each kind of identifier has its own test.

A hit is never believed alone: a checksum must pass more often than luck, digits must be laid out as people lay them
out or stand under a header that says so, dotted numbers must not look like versions.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from governance.pii.headers import is_code, is_version
from governance.pii.shapes import (
    DATE,
    fold,
    holds_known_name,
    is_known_full_name,
    is_laid_out_phone,
    is_measure,
    is_name,
    is_phone,
    is_street,
)
from governance.pii.statistics import chance


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

CANDIDATES = {
    "CREDIT_CARD": (re.compile(r"(?<![\w.,-])(?:\d[ -]?){11,18}\d(?![\w-])"), 0.1),
    "IBAN_CODE": (re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?!\w)", re.IGNORECASE), 1 / 97),
    "BR_CPF": (re.compile(r"(?<![\w.,-])\d{3}\.?\d{3}\.?\d{3}[-./ ]?\d{2}(?![\w-])"), 0.01),
    "MX_CURP": (re.compile(r"(?<!\w)[A-Z]{4}\d{6}[A-Z]{6}[A-Z0-9]\d(?!\w)", re.IGNORECASE), 0.1),
    "UK_NHS": (re.compile(r"(?<![\w.-])\d{3}[- ]?\d{3}[- ]?\d{4}(?![\w-])"), 1 / 11),
    "ES_NIF": (re.compile(r"(?<!\w)\d{8}-?[A-Z](?!\w)", re.IGNORECASE), 1 / 23),
    "ES_NIE": (re.compile(r"(?<!\w)[XYZ]-?\d{7}-?[A-Z](?!\w)", re.IGNORECASE), 1 / 23),
    "MEDICAL_LICENSE": (re.compile(r"(?<!\w)[A-Z][A-Z9]\d{7}(?!\w)", re.IGNORECASE), 0.1),
}
GROUPED = re.compile(r"^\d{3}[- ]\d{2}[- ]\d{4}$")
NORTH_AMERICAN = re.compile(r"^(?:\+|\(|00\d|(?:1[-. ])?[2-9]\d{2}[-. ]\d{3}[-. ]\d{4}$)")
PHONE_WORD = re.compile(
    r"\b(?:phones?|tel|telf?|telephone|call(?:ed|ing)?|cell|mobile|fax|whatsapp|wpp|zap|telefono|telefone|fone|celular|movil|"
    r"llam\w+|ligar?|ligue|contact\w*)\W*(?:\w+\W+){0,2}$"
)
SOCIAL_WORD = re.compile(r"\b(?:ssn|itin|social|security|tax)\W*(?:\w+\W+){0,3}$")
VERSION_WORD = re.compile(r"(?:\bv|\bver|\bversion|\bversao|\brelease|\bbuild|\bfirmware)[\s.:]*$")


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


def certain(sight: Sight, _entity: str, mine: Mine) -> Case | None:
    """Recognisers that are right by themselves: a mail address with a real top-level domain, a wallet's checksum."""
    mine = only(
        sight, mine, lambda value, hit: not value[hit.start : hit.end].lower().startswith(("git@", "hg@", "svn@"))
    )
    return Case(pick(mine), ("pattern",)) if mine else None


def by_checksum(sight: Sight, entity: str, mine: Mine) -> Case | None:
    """Identifiers with check digits: they must pass clearly more often than numbers drawn at random."""
    pattern, base = CANDIDATES[entity]
    mine = alone(sight, mine)
    tried = sum(1 for value in sight.values if pattern.search(value))
    passed = len(mine)
    tried = max(tried, passed)
    if not passed:
        return None
    luck = chance(passed, tried, base)
    header = ("header",) if entity in sight.suggested else ()
    if (passed / tried >= 0.5 and luck <= 0.1) or luck < 1e-6 or (header and luck < 1e-3):
        return Case(pick(mine), ("checksum", *header), Checksum(passed, tried, base))
    return None


def by_layout(sight: Sight, entity: str, mine: Mine) -> Case | None:
    """US social security and taxpayer numbers: grouped 3-2-4, or bare digits under a header that says so."""
    mine = alone(sight, mine)
    if entity in sight.suggested:
        return Case(pick(mine), ("header", "layout")) if share(len(mine), sight) >= 0.2 else None
    grouped = only(sight, mine, lambda value, hit: bool(GROUPED.match(value[hit.start : hit.end])))
    said = only(sight, grouped, lambda value, hit: bool(SOCIAL_WORD.search(before(value, hit))))
    if not is_code(sight.path) and (share(len(grouped), sight) >= 0.5 or distinct_texts(sight, grouped) >= 2):
        return Case(pick(grouped), ("layout",))
    return Case(pick(said), ("layout", "words")) if said else None


def by_octets(sight: Sight, entity: str, mine: Mine) -> Case | None:
    """Internet addresses, told from version numbers by their octets, the header and the words before."""
    if is_version(sight.path):
        return None

    mine = only(sight, mine, is_address)
    if entity in sight.suggested and mine:
        return Case(pick(mine), ("pattern", "header"))
    sure = only(sight, mine, lambda value, hit: not like_version(value[hit.start : hit.end]))
    return Case(pick(mine), ("pattern",)) if sure and len(sure) >= 0.3 * len(mine) else None


def is_address(value: str, hit: Hit) -> bool:
    """Not a colon or two in prose, and not announced as a version."""
    text = value[hit.start : hit.end]
    if ":" in text and "." not in text:
        return text.count(":") >= 3 or len(text) >= 8
    return not VERSION_WORD.search(before(value, hit)) and value[hit.end : hit.end + 1] not in ("-", "_")


def like_version(text: str) -> bool:
    """Four small numbers, as versions have and one address in fifty."""
    return ":" not in text and all(int(part) < 100 for part in text.split("/", maxsplit=1)[0].split("."))


def by_phone(sight: Sight, entity: str, mine: Mine) -> Case | None:
    """Telephone numbers: valid somewhere, and laid out as one, under a header, or after a word that announces one."""
    mine = alone(sight, mine)
    full = only(sight, mine, whole)
    shaped = [at for at, value in enumerate(sight.values) if is_phone(value)]
    laid = [at for at in shaped if is_laid_out_phone(sight.values[at])]
    believed = share(len(full), sight) >= 0.05 or len(laid) >= 0.6 * len(shaped)
    if entity in sight.suggested and share(len(shaped), sight) >= 0.5 and believed:
        return Case({**_all(sight, shaped), **pick(mine)}, ("header", "layout"))
    code = is_code(sight.path) and entity not in sight.suggested
    if not code and share(len(laid), sight) >= 0.5 and share(len([at for at in laid if at in full]), sight) >= 0.3:
        return Case({**_all(sight, laid), **pick(full)}, ("layout",))
    announced = only(sight, mine, lambda value, hit: bool(PHONE_WORD.search(before(value, hit))))
    strict = only(sight, mine, lambda value, hit: bool(NORTH_AMERICAN.match(value[hit.start : hit.end])))
    strict = only(sight, strict, lambda value, hit: not is_measure(value[hit.start : hit.end]))
    if announced or (not code and distinct_texts(sight, strict) >= 2) or (strict and entity in sight.suggested):
        return Case(pick({**strict, **announced}), ("layout", "words") if announced else ("layout",))
    return None


def _all(sight: Sight, places: list[int]) -> dict[int, tuple[int, int]]:
    return {at: (0, len(sight.values[at])) for at in places}


def by_header(sight: Sight, entity: str, mine: Mine) -> Case | None:
    """Weak patterns (bank, licence and passport numbers) count only under a header that names them."""
    full = only(sight, mine, whole)
    if entity in sight.suggested and share(len(full), sight) >= 0.5:
        return Case(pick(full), ("header",))
    return None


def born(sight: Sight, entity: str, _mine: Mine) -> Case | None:
    """Dates are personal only under a header that speaks of birth."""
    dates = _all(sight, [at for at, value in enumerate(sight.values) if DATE.match(value)])
    return Case(dates, ("header",)) if entity in sight.suggested and share(len(dates), sight) >= 0.5 else None


def lives(sight: Sight, entity: str, _mine: Mine) -> Case | None:
    """Postal addresses: a header that says so over words with a number."""
    streets = _all(sight, [at for at, value in enumerate(sight.values) if is_street(value)])
    return Case(streets, ("header",)) if entity in sight.suggested and share(len(streets), sight) >= 0.5 else None


def by_names(sight: Sight, _entity: str, _mine: Mine) -> Case | None:
    """Names of people by header and shape, corroborated by common names; never from one repeated value."""
    shaped = _all(sight, [at for at, value in enumerate(sight.values) if is_name(value)])
    known = sum(1 for at in shaped if holds_known_name(sight.values[at]))
    full = sum(1 for at in shaped if is_known_full_name(sight.values[at]))
    part, why = share(len(shaped), sight), ("header", "names")
    if len(shaped) < 2:
        believed = sight.people == "sure" and known > 0
    elif sight.people == "sure":
        believed, why = part >= 0.5, ("header", "layout")
    elif sight.people == "maybe":
        believed = part >= 0.5 and known >= 0.15 * len(shaped)
    else:
        believed = sight.people != "no" and len(shaped) >= 8 and part >= 0.7 and full >= 0.35 * len(shaped)
        why = ("names", "layout")
    return Case(shaped, why) if believed and shaped else None


TESTS: dict[str, Test] = {
    "IBAN_CODE": by_checksum,
    "MX_CURP": by_checksum,
    "CREDIT_CARD": by_checksum,
    "CRYPTO": certain,
    "EMAIL_ADDRESS": certain,
    "MAC_ADDRESS": certain,
    "BR_CPF": by_checksum,
    "ES_NIF": by_checksum,
    "ES_NIE": by_checksum,
    "US_SSN": by_layout,
    "US_ITIN": by_layout,
    "IP_ADDRESS": by_octets,
    "UK_NHS": by_checksum,
    "MEDICAL_LICENSE": by_checksum,
    "US_PASSPORT": by_header,
    "US_DRIVER_LICENSE": by_header,
    "US_BANK_NUMBER": by_header,
    "DATE_TIME": born,
    "PHONE_NUMBER": by_phone,
    "LOCATION": lives,
    "PERSON": by_names,
}


def cases(sight: Sight) -> Iterator[tuple[str, Sight, Case]]:
    """Each entity that holds, the strongest kind of proof first; what one explains no weaker one may claim."""
    taken: dict[str, list[tuple[int, int]]] = {}
    for entity, test in TESTS.items():
        part = sight.part(entity)
        mine: Mine = {}
        for at, hits in enumerate(part.hits):
            spoken = taken.get(part.values[at], [])
            free = [hit for hit in hits if hit.entity == entity and clear((hit.start, hit.end), spoken)]
            if free:
                mine[at] = free
        case = test(part, entity, mine)
        if case is None:
            continue
        spans = {at: span for at, span in case.spans.items() if clear(span, taken.get(part.values[at], []))}
        if spans:
            yield entity, part, Case(spans, case.because, case.checksum)
        for at, span in spans.items():
            taken.setdefault(part.values[at], []).append(span)
        _claim(sight, part, entity, taken)


def _claim(sight: Sight, part: Sight, entity: str, taken: dict[str, list[tuple[int, int]]]) -> None:
    """An entity that holds explains its hits also in values that were drawn for others."""
    if part is not sight:
        known = frozenset(part.values)
        for value, hits in zip(sight.values, sight.hits, strict=True):
            if value not in known:
                taken.setdefault(value, []).extend((hit.start, hit.end) for hit in hits if hit.entity == entity)


def clear(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    """No part of the span is explained already."""
    return all(span[1] <= start or span[0] >= end for start, end in taken)
