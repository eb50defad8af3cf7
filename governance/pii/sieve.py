"""Which values could be what: conditions that must hold before a recogniser can match, over whole columns at once.

Arrow's expressions (RE2, linear time) stand for Presidio's, made weaker and never stronger: no look-around, any digit
of any script, the letters that fold to ASCII. What fails them, no recogniser would have reported; a property test holds
this against plain Presidio.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from governance.pii import shapes

Mask = Any

D = r"[\p{Nd}\x{10000}-\x{10FFFF}]"
A = r"[\p{Nd}\x{10000}-\x{10FFFF}A-Za-zİıſK]"
L = "[A-Za-zİıſK]"
H = r"[\p{Nd}\x{10000}-\x{10FFFF}A-Fa-f]"
ANY, OTHER = r"[\pN\x{10000}-\x{10FFFF}]", r"[^\pN\x{10000}-\x{10FFFF}]"
FIVE, SEVEN = rf"(?:{ANY}{OTHER}*){{5}}", rf"(?:{ANY}{OTHER}*){{7}}"
AFTER_DIGITS = {
    "CREDIT_CARD": (12, rf"(?:{D}[ -]?){{11}}{D}"),
    "BR_CPF": (11, rf"{D}{{3}}\.?{D}{{3}}\.?{D}{{3}}[-./ ]?{D}{{2}}"),
    "MX_CURP": (18, rf"{L}{{4}}{D}{{6}}{L}{{6}}{A}{D}"),
    "ES_NIF": (8, rf"{D}{{7}}-?{L}"),
    "ES_NIE": (9, rf"{L}-?{D}{{7}}-?{L}"),
}
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
NAME = r"^[^@/:;()\d_!?#%&*+=<>\[\]{}|\\\"$~^`\t\n]{2,}$"
DAY = "|".join(
    rf"\d{{4}}{mark}\d{{1,2}}{mark}\d{{1,2}}|\d{{1,2}}{mark}\d{{1,2}}{mark}(?:\d{{4}}|\d{{2}})" for mark in "-/. "
).replace(".", r"\.")
DATE = (
    rf"^(?:{DAY}|(?:19|20)\d{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:Z|[AaPp][Mm]|[-+]\d{2}:?\d{2})?)?$"
)
MEASURES = ("(?i)" + shapes.DECIMAL.pattern, DATE, "(?i)" + shapes.UUID.pattern)
UNDER_HEADER = frozenset({"UK_NHS", "MEDICAL_LICENSE", "US_PASSPORT", "US_DRIVER_LICENSE", "US_BANK_NUMBER"})


def holds(texts: Any, pattern: str) -> Mask:
    """Where an expression matches."""
    return np.asarray(pc.match_substring_regex(texts, pattern))


def narrowed(texts: Any, where: Mask, pattern: str) -> Mask:
    """Where an expression matches, tried only where it may."""
    count = int(np.count_nonzero(where))
    if count == 0:
        return where
    if count == len(where):
        return holds(texts, pattern)
    found = np.zeros(len(where), bool)
    found[where] = holds(texts.filter(pa.array(where)), pattern)
    return found


def measures(texts: Any, where: Mask, size: Mask) -> Mask:
    """Amounts, dates and UUIDs: at least those here are so for `shapes.is_measure`, which decides."""
    brief = where & (size <= shapes.LONGEST_TOKEN)
    found = np.zeros(len(where), bool)
    for pattern in MEASURES:
        found |= narrowed(texts, brief & ~found, pattern)
    return found


def candidates(texts: Any, suggested: frozenset[str], people: str) -> dict[str, Mask]:
    """For each entity, the values that could be one; what is missing or false could not."""
    size = np.asarray(pc.binary_length(texts))
    digit = holds(texts, ANY)
    digit &= ~measures(texts, digit, size)
    seven = narrowed(texts, digit & (size >= 7), SEVEN)
    found = {
        entity: narrowed(texts, seven & (size >= least), pattern) for entity, (least, pattern) in AFTER_DIGITS.items()
    }
    if suggested & UNDER_HEADER:
        found |= dict.fromkeys(suggested & UNDER_HEADER, narrowed(texts, digit, FIVE))
    nine = NINE if suggested & {"US_SSN", "US_ITIN"} else NINE_GROUPED
    found["US_SSN"] = found["US_ITIN"] = narrowed(texts, seven & (size >= 9), nine)
    found["PHONE_NUMBER"] = phones(texts, seven, under_header="PHONE_NUMBER" in suggested)
    found["IBAN_CODE"] = narrowed(texts, digit & (size >= 12), IBAN)
    found["CRYPTO"] = narrowed(texts, digit & (size >= 26), CRYPTO)
    colon = np.asarray(pc.match_substring(texts, ":"))
    found["IP_ADDRESS"] = narrowed(texts, digit & (size >= 7), DOTTED) | narrowed(texts, colon, COLONS)
    found["MAC_ADDRESS"] = narrowed(texts, (size >= 14) & (colon | narrowed(texts, size >= 14, r"[-.]")), DEVICE)
    found["EMAIL_ADDRESS"] = np.asarray(pc.match_substring(texts, "@"))
    return found | said(texts, suggested, people)


def phones(texts: Any, seven: Mask, *, under_header: bool) -> Mask:
    """Seven digits or more: under a header that says so, else in groups or beside a word that announces them."""
    if under_header:
        return seven
    grouped = narrowed(texts, seven, PHONE_GROUPED)
    odd = seven & ~grouped & ~narrowed(texts, seven & ~grouped, PLAIN_LETTERS)
    run = narrowed(texts, seven & ~grouped & ~odd, PHONE_RUN)
    return grouped | odd | narrowed(texts, run, PHONE_WORD)


def said(texts: Any, suggested: frozenset[str], people: str) -> dict[str, Mask]:
    """What is judged by header and shape."""
    found: dict[str, Mask] = {}
    if "DATE_TIME" in suggested:
        found["DATE_TIME"] = holds(texts, r"\pN|[\x{10000}-\x{10FFFF}]")
    if "LOCATION" in suggested:
        found["LOCATION"] = holds(texts, ANY)
    if people != "no":
        found["PERSON"] = holds(texts, NAME)
    return found
