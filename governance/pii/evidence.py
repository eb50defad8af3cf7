"""When hits in a column amount to an entity: each kind of identifier has its own test.

A hit is never believed alone: a checksum must pass more often than luck, digits must be laid out as people lay them
out or stand under a header that says so, dotted numbers must not look like versions.
"""

import re
from collections.abc import Iterator

from governance.pii.checksums import by_checksum, by_national, ranked
from governance.pii.credentials import by_issuer, by_password
from governance.pii.headers import is_code, is_version, says_login
from governance.pii.national import KINDS
from governance.pii.own import by_own
from governance.pii.prose import ENTITIES as IN_TEXT
from governance.pii.prose import GROUP as TEXT
from governance.pii.prose import by_model
from governance.pii.shapes import (
    ends_in_road,
    holds_known_name,
    is_day,
    is_family_name,
    is_given_name,
    is_known_full_name,
    is_measure,
    is_name,
    is_road,
    is_street,
)
from governance.pii.sight import (
    Case,
    Hit,
    Mine,
    Sight,
    Test,
    alone,
    before,
    distinct_texts,
    everything,
    only,
    pick,
    share,
    whole,
)
from governance.pii.telephones import by_phone

Taken = dict[str, list[tuple[int, int]]]

DOCUMENTS = {
    "US_PASSPORT": re.compile(r"^[A-Z]{0,3}-?\d{6,9}[A-Z]?$", re.IGNORECASE),
    "US_DRIVER_LICENSE": re.compile(r"^(?=(?:.*\d){4})[A-Z0-9*][A-Z0-9*. -]{4,20}$", re.IGNORECASE),
    "US_BANK_NUMBER": re.compile(r"^\d(?:[ -]?\d){5,19}$"),
}
MAIL = re.compile(
    r"^\S+\s?(?:@|\(at\)|\[at\]|\bat\b|\barroba\b)\s?[\w-]+(?:\s?(?:\.|\bdot\b|\bpunto\b|\bponto\b)\s?[\w-]+)+$", re.I
)
LINK = re.compile(r"^(?:https?://|www\.)\S+$|^[\w-]+(?:\.[\w-]+)+(?:/\S*)?$", re.IGNORECASE)
PROFILE = re.compile(
    r"^(?:https?://)?(?:[a-z]{2,3}\.)?(?:linkedin\.com/in|facebook\.com|instagram\.com|twitter\.com|x\.com|tiktok\.com|github\.com"
    r"|t\.me)/@?[\w.%-]+/?$",
    re.IGNORECASE,
)
LONGEST_ROAD, FEWEST_NAMES, SEVERAL = 160, 8, 20
GROUPED = re.compile(r"^\d{3}[- ]\d{2}[- ]\d{4}$")
QUAD = re.compile(r"^\d{1,4}(?:\.\d{1,4}){3}$")
SOCIAL_WORD = re.compile(r"\b(?:ssn|itin|social|security|tax)\W*(?:\w+\W+){0,3}$")
VERSION_WORD = re.compile(r"(?:\bv|\bver|\bversion|\bversao|\brelease|\bbuild|\bfirmware)[\s.:]*$")


def certain(sight: Sight, entity: str, mine: Mine) -> Case | None:
    """Recognisers that are right by themselves: a mail address with a real top-level domain, a wallet's checksum."""
    mine = only(
        sight, mine, lambda value, hit: not value[hit.start : hit.end].lower().startswith(("git@", "hg@", "svn@"))
    )
    if entity == "EMAIL_ADDRESS" and entity in sight.suggested:
        like = [at for at, value in enumerate(sight.values) if MAIL.match(value)]
        if share(len(like), sight) >= 0.5:  # of a network of one's own, or with the @ spelled out
            return Case({**everything(sight, like), **pick(mine)}, ("header", "layout"))
    return Case(pick(mine), ("pattern",)) if mine else None


def by_layout(sight: Sight, entity: str, mine: Mine) -> Case | None:
    """US social security and taxpayer numbers: grouped 3-2-4, or bare digits under a header that says so."""
    mine = only(sight, alone(sight, mine), lambda value, hit: (value[hit.start] == "9") == (entity == "US_ITIN"))
    if entity in sight.suggested:
        return Case(pick(mine), ("header", "layout")) if share(len(mine), sight) >= 0.2 else None
    grouped = only(sight, mine, lambda value, hit: bool(GROUPED.match(value[hit.start : hit.end])))
    said = only(sight, grouped, lambda value, hit: bool(SOCIAL_WORD.search(before(value, hit))))
    shaped = sum(1 for value in sight.values if GROUPED.match(value))
    issued = sum(1 for at in grouped if GROUPED.match(sight.values[at]))
    if shaped >= 20 and issued < (0.98 if entity == "US_SSN" else 0.5) * shaped:
        return None  # too many that were never issued: part numbers have the same layout
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
    quads = [at for at, value in enumerate(sight.values) if QUAD.match(value)]
    if len(quads) >= FEWEST_NAMES and sum(at in mine for at in quads) < 0.9 * len(quads):
        return None  # numbers over 255 among them: versions
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


def by_header(sight: Sight, entity: str, mine: Mine) -> Case | None:
    """Weak patterns (bank, licence and passport numbers) count only under a header that names them."""
    if entity not in sight.suggested:
        return None
    shape = DOCUMENTS[entity]
    full = everything(
        sight, [at for at, value in enumerate(sight.values) if shape.match(value) and not is_measure(value)]
    )
    full |= pick(only(sight, mine, whole))
    return Case(full, ("header",)) if share(len(full), sight) >= 0.5 else None


def born(sight: Sight, entity: str, _mine: Mine) -> Case | None:
    """Dates are personal only under a header that speaks of birth."""
    dates = everything(sight, [at for at, value in enumerate(sight.values) if is_day(value)])
    return Case(dates, ("header",)) if entity in sight.suggested and share(len(dates), sight) >= 0.5 else None


def by_page(sight: Sight, entity: str, _mine: Mine) -> Case | None:
    """Links are personal where a header speaks of somebody's own page, or where they lead to people's profiles."""
    links = [at for at, value in enumerate(sight.values) if LINK.match(value)]
    profiles = [at for at in links if PROFILE.match(sight.values[at])]
    believed = entity in sight.suggested and share(len(links), sight) >= 0.5
    if believed or share(len(profiles), sight) >= 0.5:
        return Case(everything(sight, links), ("header", "pattern") if believed else ("pattern",))
    return None


def lives(sight: Sight, entity: str, _mine: Mine) -> Case | None:
    """Postal addresses: words with a number under a header that says so, or with a word for a road in most of them."""
    streets = everything(sight, [at for at, value in enumerate(sight.values) if is_street(value)])
    if entity in sight.suggested and share(len(streets), sight) >= 0.5:
        return Case(streets, ("header", "layout"))
    roads = [at for at in streets if is_road(sight.values[at]) and len(sight.values[at]) <= LONGEST_ROAD]
    believed = len(roads) >= 5 and share(len(roads), sight) >= 0.6 and not is_code(sight.path)
    return Case({at: streets[at] for at in roads}, ("layout", "words")) if believed else None


def by_names(sight: Sight, _entity: str, _mine: Mine) -> Case | None:
    """Names of people by header and shape, corroborated by common names; never from one repeated value."""
    shaped = everything(sight, [at for at, value in enumerate(sight.values) if is_name(value)])
    if sight.people == "maybe" and says_login(sight.path):
        shaped = {at: span for at, span in shaped.items() if " " in sight.values[at]}
    known = sum(1 for at in shaped if holds_known_name(sight.values[at]))
    part, why = share(len(shaped), sight), ("header", "names")
    if len(shaped) < 2:
        believed = sight.people == "sure" and known > 0
    elif sight.people == "sure":
        believed, why = part >= 0.5, ("header", "layout")
    elif sight.people == "maybe":
        believed = part >= 0.5 and people(sight, list(shaped), 0.3)
    else:
        believed, why = sight.people != "no" and part >= 0.7 and unannounced(sight, list(shaped)), ("names", "layout")
    return Case(shaped, why) if believed and shaped else None


def unannounced(sight: Sight, shaped: list[int]) -> bool:
    """Names under a header that does not say so: enough of them, full or nothing but common ones, and no streets."""
    roads = sum(ends_in_road(sight.values[at]) for at in shaped)
    return len(shaped) >= FEWEST_NAMES and roads < 0.3 * len(shaped) and people(sight, shaped, 0.35)


def people(sight: Sight, shaped: list[int], least: float) -> bool:
    """Enough full names, or mostly single ones; of a few values, which brands and titles may be, nearly all."""
    values = [sight.values[at] for at in shaped]
    full = sum(map(is_known_full_name, values)) / len(values)
    single = max(sum(map(is_given_name, values)), sum(map(is_family_name, values))) / len(values)
    return full >= (least if len(values) >= SEVERAL else 0.85) or single >= (0.6 if len(values) >= SEVERAL else 0.85)


FIRST: dict[str, Test] = {
    "SECRET": by_issuer,
    "PASSWORD": by_password,
    "IBAN_CODE": by_checksum,
    "CREDIT_CARD": by_checksum,
    "CRYPTO": certain,
    "EMAIL_ADDRESS": certain,
    "MAC_ADDRESS": certain,
}
NATIONAL: dict[str, Test] = dict.fromkeys(KINDS, by_national)
THEN: dict[str, Test] = {
    "US_ITIN": by_layout,
    "US_SSN": by_layout,
    "IP_ADDRESS": by_octets,
    "MEDICAL_LICENSE": by_checksum,
    "URL": by_page,
    "US_PASSPORT": by_header,
    "US_DRIVER_LICENSE": by_header,
    "US_BANK_NUMBER": by_header,
    "DATE_TIME": born,
    "PHONE_NUMBER": by_phone,
    "LOCATION": lives,
    "PERSON": by_names,
}
TESTS: dict[str, Test] = {**FIRST, **NATIONAL, **THEN}


def cases(sight: Sight) -> Iterator[tuple[str, Sight, Case]]:
    """Each entity that holds: what is known of values, a workspace's own beside it, then what a model saw in text."""
    told = set()
    for entity, part, case in strongest(sight):
        told.add(entity)
        yield entity, part, case
    for own in sight.own:  # they hide nothing that the others find, nor the other way round
        part = sight.part(own.entity)
        believed = by_own(part, own, free(part, own.entity, {}))
        if believed is not None:
            yield own.entity, part, believed
    for kind, entity in IN_TEXT.items():
        part = sight.part(TEXT)
        believed = by_model(part, kind, free(part, kind, {})) if entity not in told else None
        if believed is not None:
            yield entity, part, believed


def strongest(sight: Sight) -> Iterator[tuple[str, Sight, Case]]:
    """Each entity that holds, the strongest kind of proof first; what one explains no weaker one may claim."""
    taken: Taken = {}
    for entity in (*FIRST, *ranked(sight), *THEN):
        part = sight.part(entity)
        case = TESTS[entity](part, entity, free(part, entity, taken))
        if case is None:
            continue
        spans = {at: span for at, span in case.spans.items() if clear(span, taken.get(part.values[at], []))}
        if spans:
            yield entity, part, Case(spans, case.because, case.checksum)
        for at, span in spans.items():
            taken.setdefault(part.values[at], []).append(span)
        _claim(sight, part, entity, taken)


def free(part: Sight, entity: str, taken: Taken) -> Mine:
    """The hits of an entity in what nothing has explained yet."""
    mine: Mine = {}
    for at, hits in enumerate(part.hits):
        left = [hit for hit in hits if hit.entity == entity]
        spoken = taken.get(part.values[at]) if left else None
        if spoken:
            left = [hit for hit in left if clear((hit.start, hit.end), spoken)]
        if left:
            mine[at] = left
    return mine


def _claim(sight: Sight, part: Sight, entity: str, taken: Taken) -> None:
    """An entity that holds explains its hits also in values that were drawn for others."""
    if part is not sight:
        known = frozenset(part.values)
        for value, hits in zip(sight.values, sight.hits, strict=True):
            if value not in known:
                taken.setdefault(value, []).extend((hit.start, hit.end) for hit in hits if hit.entity == entity)


def clear(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    """No part of the span is explained already."""
    return not taken or all(span[1] <= start or span[0] >= end for start, end in taken)
