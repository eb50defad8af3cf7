"""Which values could be what: conditions that must hold before a recogniser can match, over whole columns at once.

Arrow's expressions (RE2, linear time) stand for Presidio's, made weaker and never stronger: no look-around, any digit
of any script, the letters that fold to ASCII. What fails them, no recogniser would have reported; a property test holds
this against plain Presidio.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from governance.pii import marks, national, shapes
from governance.pii.chosen import Own
from governance.pii.marks import Marks
from governance.pii.own import expressions
from governance.pii.prose import GROUP as TEXT

Mask = Any

NUMERALS, ANY_NUMBER, FOLDING = r"\p{Nd}\x{10000}-\x{10FFFF}", r"\pN\x{10000}-\x{10FFFF}", "İıſ\u212a"
"""Digits and letters that ASCII has too, as long as some text is in other letters."""
D = f"[{NUMERALS}]"
A = f"[{NUMERALS}A-Za-z{FOLDING}]"
L = f"[A-Za-z{FOLDING}]"
H = f"[{NUMERALS}A-Fa-f]"
ANY, OTHER = f"[{ANY_NUMBER}]", f"[^{ANY_NUMBER}]"
FIVE, SEVEN = rf"(?:{ANY}{OTHER}*){{5}}", rf"(?:{ANY}{OTHER}*){{7}}"
CARD = rf"(?:{D}[ -]?){{11}}{D}"
NUMBER = r"\d(?:[-./ +A-Za-z]?\d){6}"
LETTERED = "|".join(
    (
        r"[A-Za-zÑñ&]{3}[- ]?\d{6}",  # RFC, CURP
        r"\d{6}[-+A-Ya-y]\d{3}",  # Finland's
        r"(?:[0-9A-Za-z]{2}\.?)(?:[0-9A-Za-z]{3}\.?){2}/?[0-9A-Za-z]{4}-?\d{2}",  # CNPJ
        r"[A-Za-z]\d{7}[A-Za-z]",  # Singapore's
        r"[A-Za-z]{5}\d{4}[A-Za-z]",  # PAN
        r"[A-Za-z]{2} ?(?:\d{2} ?){3}[A-Za-z]",  # NINO
        r"[A-Za-z]{6}\w{2}[A-Za-z]\w{2}[A-Za-z]\w{3}[A-Za-z]",  # codice fiscale
    )
)
OWN = {entity: national.KINDS[entity].written for entity in ("BR_CPF", "AR_CUIT", "CL_RUT", "ES_NIF", "ES_NIE")}
"""National numbers with draws of their own; the others share one for numbers and one for those with letters."""
NUMBERS = frozenset({"NUMBER", "LETTERED", *OWN})
NEEDS_FIVE = frozenset({"MEDICAL_LICENSE", "US_PASSPORT", "US_DRIVER_LICENSE", "US_BANK_NUMBER"})
NINE = rf"{D}{{3}}[- .]?{D}{{2}}[- .]?{D}{{4}}"
NINE_GROUPED = rf"{D}{{3}}[- ]{D}{{2}}[- ]{D}{{4}}"
IBAN = rf"{L}{{2}}{D}{{2}}[ -]?{A}{{2}}"
CRYPTO = rf"(?:{D}|{L}){{26}}"
DOTTED = rf"{D}{{1,3}}\.{D}{{1,3}}\.{D}{{1,3}}\.{D}{{1,3}}"
COLONS = rf"::|(?:{H}{{1,4}}:){{6}}"
DEVICE = rf"(?:{H}{{2}}[:-]){{5}}{H}{{2}}|(?:{H}{{4}}\.){{2}}{H}{{4}}"
PHONE_GROUPED = rf"\+{D}|\({D}{{1,4}}\)|{D}{{2}}\)|{D}{{1,4}}[ .-]{D}{{2,5}}[ .-]{D}{{2,4}}"
PHONE_RUN = rf"{D}{{7}}"
PHONE_WORD = r"(?i)ph.[nñ].|t.l|[cç].l|m.b|m.v|f.x|wh.t|wp|z.p|f.[nñ]|l.[gm]|ll.m|c.[nñ]t"
PLAIN_LETTERS = r"^[\x{01}-\x{7F}À-ÅÇ-ÏÑ-ÖÙ-Üà-åç-ïñ-öù-ü–—‘’“”€£¡¿ºª°]*$"
NAME = r"^[^@/:;()\d_!?#%&*+=<>\[\]{}|\\\"$~^`]{2,}$"
DAY = "|".join(
    rf"\d{{4}}{mark}\d{{1,2}}{mark}\d{{1,2}}|\d{{1,2}}{mark}\d{{1,2}}{mark}(?:\d{{4}}|\d{{2}})" for mark in "-/. "
).replace(".", r"\.")
DATE = (
    rf"^(?:{DAY}|(?:19|20)\d{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:Z|[AaPp][Mm]|[-+]\d{2}:?\d{2})?)?$"
)
MEASURES = {
    "(?i)" + shapes.DECIMAL.pattern: marks.DOT | marks.COMMA,
    DATE: marks.DASH | marks.SLASH | marks.DOT | marks.SPACE | marks.COLON,
    "(?i)" + shapes.UUID.pattern: marks.DASH,
}
TODAY = r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$"
GROUPING = marks.DASH | marks.SPACE | marks.DOT | marks.PLUS
NAMELESS = marks.AT | marks.COLON | marks.EQUALS | marks.SLASH | marks.PLUS
BY_COLUMN = frozenset({"URL", "LOCATION", "DATE_TIME", "PERSON", "PASSWORD"})
NUMBERED = frozenset({"PHONE_NUMBER", *national.KINDS})
KEYS = (
    r"AKIA|ASIA|gh[pousr]_|github_pat|glpat-|xox|sk-|[sr]k_|SG\.|AIza|eyJ|BEGIN |npm_|pypi-|dapi|hf_|dop_v1|ya29|earer"
)
SPOKEN = r"(?i)pass(?:word|wd|phrase)|pwd|senha|contraseña|key|secret|token|://"
WORDS = r"\pL{2}[^\pL\pN]{1,4}\pL[\pL’']*[^\pL\pN]{1,4}\pL{2}"
PAGES = r"(?i)(?:linkedin|facebook|instagram|twitter|tiktok|github|\bx|\bt)\.(?:com|me)/"
MANY, FEW, WORTH = 0.2, 0.02, 256
NONE_KEPT: Mapping[str, Mask] = MappingProxyType({})


def group(entity: str) -> str:
    """The draw in which an entity's candidates are."""
    if entity not in national.KINDS or entity in OWN:
        return entity
    return "LETTERED" if entity in national.LETTERED else "NUMBER"


def each(values: Sequence[str], suggested: frozenset[str]) -> list[frozenset[str]]:
    """What each value could hold of what is told by values, not by columns."""
    found = candidates(pa.array(values, pa.large_string()), suggested, "no")
    named = [(entity, mask) for entity, mask in found.items() if entity not in BY_COLUMN]
    codes = np.zeros(len(values), np.uint64)
    for bit, (_entity, mask) in enumerate(named):
        codes |= mask.astype(np.uint64) << np.uint64(bit)
    sets = {
        code: frozenset(entity for bit, (entity, _mask) in enumerate(named) if code >> bit & 1)
        for code in map(int, np.unique(codes))
    }
    return [sets[code] for code in codes.tolist()]


def holds(texts: Any, pattern: str) -> Mask:
    """Where an expression matches."""
    return np.asarray(pc.match_substring_regex(texts, pattern))


@dataclass
class Tried:
    """Of the expressions tried on a column's last batch: on how many of how many values, and how many passed."""

    values: int = 0
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)

    def vain(self) -> list[str]:
        """Those tried on many that hardly one passed."""
        return [
            pattern
            for pattern, (tried, passed) in self.counts.items()
            if tried > MANY * self.values and passed < FEW * self.values
        ]


class Texts:
    """The values of one batch; what was in vain on the last one is tried all at once before it is one by one."""

    def __init__(self, array: Any, tried: Tried | None = None) -> None:
        self.array, self.tried, self.has = array, tried or Tried(), marks.of(array)
        self.high = self.has.has(marks.HIGH)
        vain = self.tried.vain()
        self.vain = frozenset(vain if len(vain) > 1 and len(array) >= WORTH else ())
        self.tried.values, self.tried.counts = len(array), {}
        everywhere = np.ones(len(array), bool)
        self.odd = self._held(everywhere, "|".join(f"(?:{pattern})" for pattern in vain)) if self.vain else everywhere

    def narrowed(self, where: Mask, pattern: str) -> Mask:
        """Where an expression matches, tried only where it may."""
        found = self._held(where & self.odd if pattern in self.vain else where, pattern)
        self.tried.counts[pattern] = int(np.count_nonzero(where)), int(np.count_nonzero(found))
        return found

    def _held(self, may: Mask, pattern: str) -> Mask:
        count = int(np.count_nonzero(may))
        if count and not (self.high & may).any():
            pattern = in_ascii(pattern)
        if count == len(may):
            return holds(self.array, pattern)
        found = np.zeros(len(may), bool)
        if count:
            found[may] = holds(self.array.filter(pa.array(may)), pattern)
        return found


@lru_cache(maxsize=1024)
def in_ascii(pattern: str) -> str:
    """The same expression for texts without any letter beyond ASCII: it takes a tenth of the time to be made ready."""
    return pattern.replace(NUMERALS, "0-9").replace(ANY_NUMBER, "0-9").replace(FOLDING, "")


def measures(texts: Texts, where: Mask, has: Marks) -> Mask:
    """Amounts, dates and UUIDs: at least those here are so for `shapes.is_measure`, which decides."""
    brief = where & (has.size <= shapes.LONGEST_TOKEN)
    found = np.zeros(len(where), bool)
    for pattern, needs in MEASURES.items():
        found |= texts.narrowed(brief & ~found & has.has(needs), pattern)
    return found | texts.narrowed(brief & ~found & (has.size == 8), TODAY)


def candidates(
    array: Any,
    suggested: frozenset[str],
    people: str,
    wanted: Mapping[str, Mask] = NONE_KEPT,
    tried: Tried | None = None,
) -> dict[str, Mask]:
    """For each group the values that could be one of it; what is missing or false could not, or is not `wanted`.

    `tried` is what the column's batches before this one have taught, and learns from this one.
    """

    def of(kind: str, where: Mask) -> Mask:
        return where & wanted[kind] if kind in wanted else where

    texts = Texts(array, tried)
    has = texts.has
    digit = (has.digits > 0) | texts.narrowed(has.others * (has.digits == 0) > 0, ANY)
    found = secrets(texts, has, of, suggested)
    measured = measures(texts, digit, has)
    numbered = digit if suggested & NUMBERED else digit & ~measured
    digit = digit & ~measured
    seven = numbered & ((has.digits >= 7) | texts.narrowed(has.count(7) & (has.digits < 7), SEVEN))
    found |= nationals(texts, seven, numbered, has, of)
    if "BO_CI" in suggested:
        found["NUMBER"] = of("NUMBER", texts.narrowed(numbered & has.count(5), FIVE))
    if suggested & NEEDS_FIVE:
        found |= dict.fromkeys(suggested & NEEDS_FIVE, texts.narrowed(digit & has.count(5), FIVE))
    found["PHONE_NUMBER"] = phones(texts, of("PHONE_NUMBER", seven), has, under_header="PHONE_NUMBER" in suggested)
    found |= patterns(texts, digit, has, of, suggested)
    slash = of("URL", has.has(marks.DOT if "URL" in suggested else marks.SLASH))
    found["URL"] = slash if "URL" in suggested else texts.narrowed(slash & has.has(marks.DOT), PAGES)
    return found | said(texts, suggested, people, digit, has, of)


def candidates_of(texts: Any, owns: Iterable[Own], wanted: Mapping[str, Mask]) -> dict[str, Mask]:
    """For each recogniser of a workspace's own the values in which one of its patterns matches: the very same ones."""
    found = {}
    for own in owns:
        mask = wanted[own.entity].copy() if own.entity in wanted else np.ones(len(texts), bool)
        mask[mask] = holds(texts.filter(pa.array(mask)), "|".join(expressions(own)))
        found[own.entity] = mask
    return found


def prose(texts: Any, wanted: Mapping[str, Mask]) -> dict[str, Mask]:
    """Free text, in which names are looked for by a language model: three words or more, one behind the other."""
    mask = wanted[TEXT].copy() if TEXT in wanted else np.ones(len(texts), bool)
    mask[mask] = holds(texts.filter(pa.array(mask)), WORDS)
    return {TEXT: mask}


Of = Callable[[str, Mask], Mask]


def patterns(texts: Texts, digit: Mask, has: Marks, of: Of, suggested: frozenset[str]) -> dict[str, Mask]:
    """What Presidio's patterns look for."""
    letter = has.has(marks.LETTER | marks.HIGH)
    grouped = has.has(marks.DASH | marks.SPACE)
    nine = digit & has.count(9)
    if suggested & {"US_SSN", "US_ITIN"}:
        social = texts.narrowed(of("US_SSN", nine), NINE)
    else:
        social = texts.narrowed(of("US_SSN", nine & grouped), NINE_GROUPED)
    colon = has.has(marks.COLON)
    dotted = texts.narrowed(of("IP_ADDRESS", digit & has.count(4) & has.has(marks.DOT)), DOTTED)
    parted = (has.size >= 14) & has.has(marks.COLON | marks.DASH | marks.DOT)
    return {
        "CREDIT_CARD": texts.narrowed(of("CREDIT_CARD", digit & has.count(12)), CARD),
        "US_SSN": social,
        "US_ITIN": social,
        "IBAN_CODE": texts.narrowed(of("IBAN_CODE", digit & letter & (has.size >= 12)), IBAN),
        "CRYPTO": texts.narrowed(of("CRYPTO", digit & letter & (has.size >= 26)), CRYPTO),
        "IP_ADDRESS": dotted | texts.narrowed(of("IP_ADDRESS", colon), COLONS),
        "MAC_ADDRESS": texts.narrowed(of("MAC_ADDRESS", parted), DEVICE),
        "EMAIL_ADDRESS": has.size >= 5 if "EMAIL_ADDRESS" in suggested else has.has(marks.AT),
    }


def nationals(texts: Texts, seven: Mask, numbered: Mask, has: Marks, of: Of) -> dict[str, Mask]:
    """National numbers: seven digits close together, and what has letters among its digits."""
    letter = has.has(marks.LETTER)
    number = texts.narrowed(seven, NUMBER)
    may = {"BR_CPF": has.digits >= 11, "AR_CUIT": has.digits >= 11, "ES_NIF": letter, "ES_NIE": letter}
    found = {
        entity: texts.narrowed(of(entity, number & may.get(entity, number)), f"(?i){written}")
        for entity, written in OWN.items()
    }
    found["NUMBER"] = of("NUMBER", number)
    mixed = letter | (has.digits >= 14) | ((has.digits >= 10) & has.has(marks.DASH | marks.PLUS))
    found["LETTERED"] = texts.narrowed(of("LETTERED", numbered & mixed & (has.size >= 9)), LETTERED)
    return found


def secrets(texts: Texts, has: Marks, of: Of, suggested: frozenset[str]) -> dict[str, Mask]:
    """The marks of issuers, words that announce a password, and all but the shortest under a header of either."""
    letter = has.has(marks.LETTER)
    marked = texts.narrowed(of("SECRET", (has.size >= 16) & letter & (has.digits > 0)), KEYS)
    spoken = of("SECRET", (has.size >= 8) & letter & has.has(marks.COLON | marks.EQUALS))
    found = {"SECRET": marked | texts.narrowed(spoken, SPOKEN)}
    return found | dict.fromkeys(suggested & {"SECRET", "PASSWORD"}, has.size >= 4)


def phones(texts: Texts, seven: Mask, has: Marks, *, under_header: bool) -> Mask:
    """Seven digits or more: under a header that says so, else in groups or beside a word that announces them."""
    if under_header:
        return seven
    grouped = texts.narrowed(seven & has.has(GROUPING), PHONE_GROUPED)
    odd = seven & ~grouped & has.has(marks.HIGH)
    odd &= ~texts.narrowed(odd, PLAIN_LETTERS)
    run = texts.narrowed(seven & ~grouped & ~odd, PHONE_RUN)
    return grouped | odd | texts.narrowed(run, PHONE_WORD + r"|^[0-9]{10,11}$")


def said(texts: Texts, suggested: frozenset[str], people: str, digit: Mask, has: Marks, of: Of) -> dict[str, Mask]:
    """What is judged by header and shape: dates of birth, addresses (words and a number), names."""
    numbered = (has.digits > 0) | (has.others > 0)
    spaced = of("LOCATION", digit & (has.size >= 6) & has.has(marks.SPACE) & has.has(marks.LETTER | marks.HIGH))
    found = {"LOCATION": numbered if "LOCATION" in suggested else texts.narrowed(spaced, r"\pL\pL")}
    if "DATE_TIME" in suggested:
        found["DATE_TIME"] = numbered
    if people != "no":
        wordy = has.has(marks.LETTER | marks.HIGH) & (has.digits == 0) & ~has.has(NAMELESS)
        found["PERSON"] = texts.narrowed(of("PERSON", wordy & (has.size >= 2)), NAME)
    return found
