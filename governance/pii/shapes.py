"""What a value looks like, without saying what it is."""

import re
import unicodedata

from governance.pii.names import FAMILY, GIVEN

LONGEST_SHAPE = 40
LONGEST_RUN = 6
LONGEST_TOKEN = 64
LONGEST_ADDRESS = 200
KEPT = frozenset("@.,-_+()/: ")

INTEGER_AS_FLOAT = re.compile(r"^(\d{5,19})\.0+$")
DECIMAL = re.compile(
    r"^[-+]?(?:[$€£]|R\$)?\s?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3}){1,2}|\d{1,3}(?:\.\d{3})+,\d+|\d*[.,]\d+)"
    r"(?:e[-+]?\d+)?$",
    re.IGNORECASE,
)
DATE = re.compile(
    r"^(?:\d{4}([-/. ])\d{1,2}\1\d{1,2}|\d{1,2}([-/. ])\d{1,2}\2(?:\d{4}|\d{2})"
    r"|(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:Z|[AaPp][Mm]|[-+]\d{2}:?\d{2})?)?$"
)
UUID = re.compile(r"^\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?$", re.IGNORECASE)
PHONE = re.compile(r"^\+?[\d(][\d\s().\-/]{5,22}(?:\s?(?:x|ext\.?|ramal|#)\s?\d{1,6})?$", re.IGNORECASE)
LAID_OUT = re.compile(
    r"^(?:\+\d[\d\s().\-/]{6,}"  # +55 11 98765-4321
    r"|\(?0?\d{2,4}\)[\s.-]?\d{3,5}[\s.-]?\d{3,4}"  # (11) 98765-4321
    r"|(?:00\d{1,3}[\s.-]|1[\s.-])?\d{2,3}[\s.-]\d{3,5}[\s.-]\d{4}"  # 212-555-0123, 55 5555 1234
    r"|\d{3}[\s.]\d{2,3}[\s.]\d{2,3}(?:[\s.]\d{2,3})?"  # 612 345 678
    r")(?:\s?(?:x|ext\.?|ramal|#)\s?\d{1,6})?$",
    re.IGNORECASE,
)
WORD = r"[^\W\d_]+(?:[.'’-][^\W\d_]+)*\.?"
NAME = re.compile(rf"^{WORD}(?:(?:, ?| ){WORD}){{0,6}}$")
FIRMS = frozenset({
    "and", "ltd", "ltda", "limited", "limitada", "inc", "llc", "plc", "gmbh", "corp", "group", "grupo", "sons",
    "company", "bank", "banco", "asociados", "associados", "hijos", "filhos", "industrias",
})  # fmt: skip
STREET = re.compile(r"[^\W\d_]{2,}.*\d|\d.*[^\W\d_]{2,}.*[^\W\d_]{2,}", re.DOTALL)


def mask(value: str) -> str:
    """Letters become a, digits 9, anything else a dot; long runs are cut, so that no value can be read back."""
    shape: list[str] = []
    for letter in value[: 4 * LONGEST_SHAPE]:
        mark = "9" if letter.isdigit() else "a" if letter.isalpha() else letter if letter in KEPT else "·"
        if shape[-LONGEST_RUN:] != [mark] * LONGEST_RUN:
            shape.append(mark)
    return "".join(shape)[:LONGEST_SHAPE]


def plain(value: str) -> str:
    """The value as it is judged: trimmed, and an integer that a float column dressed as `123.0` undressed."""
    value = value.strip()
    found = INTEGER_AS_FLOAT.fullmatch(value)
    return found.group(1) if found else value


def digits(value: str) -> int:
    """How many digits the value holds."""
    return sum(letter.isdigit() for letter in value)


def is_measure(value: str) -> bool:
    """An amount, a date or a UUID: never an identifier of a person by itself."""
    if len(value) > LONGEST_TOKEN:
        return False
    return bool(DECIMAL.fullmatch(value) or DATE.fullmatch(value) or UUID.fullmatch(value))


def is_phone(value: str) -> bool:
    """Written as a telephone number may be: 7 to 15 digits (E.164) with the usual marks between."""
    if not 7 <= len(value) <= LONGEST_TOKEN:
        return False
    number = re.split(r"(?:x|ext|ramal|#)", value, maxsplit=1, flags=re.IGNORECASE)[0]
    return bool(PHONE.fullmatch(value)) and 7 <= digits(number) <= 15 and not is_measure(value)


def is_laid_out_phone(value: str) -> bool:
    """Grouped in a way that people group telephone numbers, which bare digits are not."""
    return is_phone(value) and bool(LAID_OUT.fullmatch(value))


def is_name(value: str) -> bool:
    """One to seven words of letters only, and none that firms have in their names."""
    return 2 <= len(value) <= 60 and bool(NAME.fullmatch(value)) and not FIRMS & set(name_words(value))


def fold(text: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


def name_words(value: str) -> list[str]:
    """The words of a name-like value, folded."""
    return [word for word in re.split(r"[\s,.'’-]+", fold(value)) if word]


def holds_known_name(value: str) -> bool:
    """Holds a common given or family name of English, Spanish or Portuguese."""
    return any(word in GIVEN or word in FAMILY for word in name_words(value))


def is_known_full_name(value: str) -> bool:
    """Two words or more, one a common given name and another one a name or unknown."""
    words = name_words(value)
    if len(words) < 2 or not is_name(value):
        return False
    return words[0] in GIVEN or ("," in value and any(word in GIVEN for word in words[1:]))


def is_street(value: str) -> bool:
    """Words and a number together, as in a postal address."""
    return 6 <= len(value) <= LONGEST_ADDRESS and " " in value and "@" not in value and bool(STREET.search(value))
