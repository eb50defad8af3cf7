"""Evidence by check digits: numbers of a kind must pass clearly more often than numbers drawn at random."""

import re

from governance.pii.headers import MEANINGS, exactly, is_code, words
from governance.pii.national import KINDS, LAID_OUT, STRONG
from governance.pii.sight import Case, Checksum, Hit, Mine, Sight, alone, before, only, pick, share, whole
from governance.pii.statistics import chance

CANDIDATES = {
    "CREDIT_CARD": (re.compile(r"(?<![\w.,-])(?:\d[ -]?){11,18}\d(?![\w-])"), 0.1),
    "IBAN_CODE": (re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?!\w)", re.IGNORECASE), 1 / 97),
    "MEDICAL_LICENSE": (re.compile(r"(?<!\w)[A-Z][A-Z9]\d{7}(?!\w)", re.IGNORECASE), 0.1),
}
NO_LUCK = 1e-6
SHORTEST_CARD = 14


def by_checksum(sight: Sight, entity: str, mine: Mine) -> Case | None:
    """Identifiers with check digits: they must pass clearly more often than numbers drawn at random."""
    pattern, base = CANDIDATES[entity]
    mine = alone(sight, mine)
    if entity == "CREDIT_CARD" and entity not in sight.suggested:
        mine = mine if any(size(hit) >= SHORTEST_CARD for hits in mine.values() for hit in hits) else {}
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


def size(hit: Hit) -> int:
    """How long a hit is. Cards of twelve and thirteen digits are of old: they count beside longer ones."""
    return hit.end - hit.start


def by_national(sight: Sight, entity: str, mine: Mine) -> Case | None:
    """National numbers: the check beats luck, or the header or the words before name the kind."""
    kind, mine = KINDS[entity], alone(sight, mine)
    if not mine:
        return None
    header = entity in sight.suggested
    if kind.base == 1:
        return by_name(sight, entity, mine)
    tried = max(len(mine), sum(1 for value in sight.values if kind.pattern.search(value)))
    passed = len(mine)
    luck, part = chance(passed, tried, kind.base), passed / tried
    needed = 0.1 if header else kind.base if kind.base <= STRONG else NO_LUCK
    most = part >= 0.5 and luck <= needed
    if most or (part >= max(0.2, 3 * kind.base) and luck <= (1e-3 if header else NO_LUCK)):
        return Case(pick(mine), ("checksum", "header") if header else ("checksum",), Checksum(passed, tried, kind.base))
    announced = only(sight, mine, lambda value, hit: named(entity, before(value, hit)))
    if not announced:
        return None
    return Case(pick(announced), ("checksum", "words"), Checksum(len(announced), len(announced), kind.base))


def by_name(sight: Sight, entity: str, mine: Mine) -> Case | None:
    """Kinds without a check: a header that names them over values that are nothing else, or a grouping of their own."""
    full = only(sight, mine, whole)
    if entity in sight.suggested and share(len(full), sight) >= 0.5:
        return Case(pick(full), ("header", "layout"))
    laid = LAID_OUT.get(entity)
    if laid is None or is_code(sight.path) or len(full) < 5:
        return None
    full = only(sight, full, lambda value, hit: bool(laid.fullmatch(value[hit.start : hit.end])))
    return Case(pick(full), ("layout",)) if share(len(full), sight) >= 0.8 else None


def named(entity: str, text: str) -> bool:
    """The last few words name the kind."""
    said = frozenset(words(text)[-3:])
    return any(way <= said for way in MEANINGS.get(entity, ()))


def ranked(sight: Sight) -> list[str]:
    """The national kinds, the likeliest first: named by the header, then the most hits, then the rarest by luck."""
    hits = dict.fromkeys(KINDS, 0)
    for found in sight.hits:
        for entity in {hit.entity for hit in found}:
            if entity in hits:
                hits[entity] += 1
    known = [entity for entity, count in hits.items() if count]
    most = max(hits.values(), default=0)

    def rank(entity: str) -> tuple[bool, int, int, float]:
        likely = entity in sight.suggested and hits[entity] >= 0.5 * most
        said = exactly(sight.path, entity) if likely else 0
        return KINDS[entity].base == 1, -said, -hits[entity], KINDS[entity].base

    return sorted(known, key=rank)
