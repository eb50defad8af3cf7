"""Recognisers of a workspace's own: where their patterns match, and when that amounts to the entity.

The same expressions of RE2 say which values could be one and where it stands, so that nothing a recogniser would find
is sieved away.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from audit.refusals import Invalid
from governance.pii.chosen import LIKELY, MOST_PATTERNS, SURE, WEAK, Own, entity_of, label_checked, words_checked
from governance.pii.expressions import understood
from governance.pii.headers import words
from governance.pii.lookalikes import SAMPLE
from governance.pii.national import KINDS, checker
from governance.pii.sight import Case, Checksum, Hit, Mine, Sight, before, only, pick, share, standing_alone, whole
from governance.pii.statistics import chance

OPEN, SHUT = "\ue000", "\ue001"
TOO_WIDE, RATHER_WIDE = 0.25, 0.03
NO_LUCK, HARDLY_LUCK, LITTLE_LUCK = 1e-6, 1e-3, 0.1
GENERAL = {
    "luhn": ("luhn", 0.1),
    "verhoeff": ("verhoeff", 0.1),
    "damm": ("damm", 0.1),
    "mod_11_2": ("iso7064.mod_11_2", 1 / 11),
    "mod_11_10": ("iso7064.mod_11_10", 0.1),
    "mod_37_2": ("iso7064.mod_37_2", 1 / 37),
    "mod_37_36": ("iso7064.mod_37_36", 1 / 36),
    "mod_97_10": ("iso7064.mod_97_10", 1 / 97),
}
"""Checks by their names: the module that makes them, and how many random numbers pass."""
OF_DIGITS = frozenset({"luhn", "verhoeff", "damm", "mod_11_10"})
CHECKS = (*GENERAL, *(entity for entity, kind in KINDS.items() if kind.base < 1))


def base_of(check: str) -> float:
    """The share of random numbers that pass a check."""
    return GENERAL[check][1] if check in GENERAL else KINDS[check].base


def passes(check: str, text: str) -> bool:
    """The check digits are right; a general check looks at letters and digits only, four of them at digits only."""
    if check in KINDS:
        try:
            return KINDS[check].passes(text)
        except (ValueError, LookupError):  # letters or lengths that no number of that kind has
            return False
    plain = "".join(letter for letter in text.upper() if letter.isascii() and letter.isalnum())
    plain = "".join(filter(str.isdigit, plain)) if check in OF_DIGITS else plain
    return len(set(plain)) > 1 and checker(GENERAL[check][0])(plain)


def recogniser(told: Mapping[str, Any], entity: str = "") -> Own:
    """A recogniser as somebody wrote it; refused where a pattern or a word of it cannot be."""
    label = label_checked(told["label"])
    patterns = tuple(dict.fromkeys(each.strip() for each in told["patterns"] if each.strip()))
    if not 1 <= len(patterns) <= MOST_PATTERNS:
        raise Invalid("pii.own_patterns", most=MOST_PATTERNS)
    for each in patterns:
        tried(each)
    said = words_checked(told["words"])
    if told["check"] not in ("", *CHECKS):
        raise Invalid("pii.own_check", possible=", ".join(CHECKS))
    if not WEAK <= told["score"] <= 1:
        raise Invalid("pii.own_score")
    if told["score"] < LIKELY and not any(ways for _language, ways in said):
        raise Invalid("pii.own_needs_words")
    own = Own(entity or entity_of(label), label, patterns, said, told["check"], round(float(told["score"]), 2))
    if ordinary(own) >= TOO_WIDE:
        raise Invalid("pii.pattern_too_wide", share=round(100 * ordinary(own)))
    return own


def tried(pattern: str) -> str:
    """The expression of a pattern; refused when RE2 does not take it."""
    expression = understood(pattern)
    try:
        pc.match_substring_regex(pa.array([""], pa.large_string()), expression)
    except pa.ArrowInvalid:
        raise Invalid("pii.pattern_refused") from None
    return expression


def ordinary(own: Own) -> float:
    """The share of ordinary values of the sample in which a pattern matches."""
    return sum(bool(found) for found in spans(own, SAMPLE)) / len(SAMPLE)


def is_wide(own: Own) -> bool:
    """Whether its patterns match more ordinary values than they should, though few enough to be had."""
    return ordinary(own) >= RATHER_WIDE


@lru_cache(maxsize=512)
def expressions(own: Own) -> tuple[str, ...]:
    """Its patterns as RE2 takes them."""
    return tuple(understood(each) for each in own.patterns)


def named(path: str, owns: Iterable[Own]) -> frozenset[str]:
    """The entities that the name of a column announces."""
    said = frozenset(words(path))
    said |= {"".join(words(path.rsplit(".", 1)[-1]))}
    return frozenset(
        own.entity for own in owns if any(frozenset(way) <= said or "".join(way) in said for way in own.ways)
    )


def spans(own: Own, values: Sequence[str]) -> list[list[tuple[int, int]]]:
    """Where each value holds a match that stands alone."""
    found: list[list[tuple[int, int]]] = [[] for _value in values]
    plain = [value.encode("utf-8", "replace").decode().replace(OPEN, " ").replace(SHUT, " ") for value in values]
    texts = pa.array(plain, pa.large_string())
    for expression in expressions(own):
        marked = pc.replace_substring_regex(texts, expression, f"{OPEN}\\0{SHUT}").to_pylist()
        for at, text in enumerate(marked):
            if OPEN in text:
                found[at] += [span for span in _marked(text) if standing_alone(plain[at], *span)]
    return found


def _marked(text: str) -> Iterable[tuple[int, int]]:
    """Where the marks stand, without the marks."""
    start = place = 0
    for letter in text:
        if letter == OPEN:
            start = place
        elif letter == SHUT:
            yield start, place
        else:
            place += 1


def hits(owns: Iterable[Own], values: Sequence[str]) -> list[tuple[Hit, ...]]:
    """What the recognisers see in each value; what does not pass its check has a score of 0."""
    seen: list[tuple[Hit, ...]] = [()] * len(values)
    for own in owns:
        for at, places in enumerate(spans(own, values)):
            for start, end in places:
                right = not own.check or passes(own.check, values[at][start:end])
                seen[at] += (Hit(own.entity, start, end, own.score if right else 0.0),)
    return seen


def by_own(sight: Sight, own: Own, mine: Mine) -> Case | None:
    """One match, half of the column, a header or a word before: whatever its score asks for; a check must beat luck."""
    said = ("header",) if own.entity in sight.suggested else ()
    right = only(sight, mine, lambda _value, hit: hit.score > 0)
    if not right:
        return None
    announced = only(sight, right, lambda value, hit: announces(own, before(value, hit)))
    if own.check:
        return _by_check(own, (mine, right, announced), said)
    full = only(sight, right, whole)
    if own.score >= SURE:
        return Case(pick(right), ("pattern", *said))
    enough = 0.2 if said and own.score >= LIKELY else 0.5
    if (said or own.score >= LIKELY) and share(len(full), sight) >= enough:
        return Case(pick({**right, **full}), ("pattern", *said))
    return Case(pick(announced), ("pattern", "words")) if announced else None


def _by_check(own: Own, seen: tuple[Mine, Mine, Mine], said: tuple[str, ...]) -> Case | None:
    mine, right, announced = seen
    passed, tried_on, base = len(right), len(mine), base_of(own.check)
    luck, part = chance(passed, tried_on, base), passed / tried_on
    needed = 1.0 if own.score >= SURE else LITTLE_LUCK if said else NO_LUCK
    if (part >= 0.5 and luck <= needed) or (part >= max(0.2, 3 * base) and luck <= (HARDLY_LUCK if said else NO_LUCK)):
        return Case(pick(right), ("checksum", *said), Checksum(passed, tried_on, base))
    if announced:
        return Case(pick(announced), ("checksum", "words"), Checksum(len(announced), len(announced), base))
    return None


def announces(own: Own, text: str) -> bool:
    """The last few words before a match name it."""
    said = frozenset(words(text)[-4:])
    return any(frozenset(way) <= said for way in own.ways)
