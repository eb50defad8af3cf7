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
MONTHS = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|set|dic|fev|mai|out|dez|january|february|march|april"
    "|june|july|august|september|october|november|december|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre"
    "|setiembre|octubre|noviembre|diciembre|janeiro|fevereiro|marco|maio|junho|julho|setembro|outubro|novembro|dezembro"
)
WRITTEN_DAY = re.compile(
    rf"^(?:\d{{1,2}}(?:st|nd|rd|th|º)?(?:[ /.-]| de )(?:{MONTHS})\.?,?(?:[ /.-]| de | del )\d{{2,4}}"
    rf"|(?:{MONTHS})\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|\d{{4}}[ /.-](?:{MONTHS})[ /.-]\d{{1,2}})$"
)
TITLES = frozenset({
    "dr", "dra", "mr", "mrs", "ms", "miss", "mx", "sr", "sra", "srta", "don", "dona", "prof", "profa", "eng", "lic",
    "ing",
    "sir", "dame", "rev",
})  # fmt: skip
ROAD = re.compile(
    r"\b(?:street|st|avenue|ave?|road|rd|lane|ln|drive|dr|blvd|boulevard|court|ct|place|pl|square|sq|terrace|way"
    r"|parkway|pkwy|highway|hwy|circle|cir|trail|crescent|close|row|po box|p o box|apartado|calle|c|avda|avenida"
    r"|carrera|cra|kra|cr|cl|calz|calzada|paseo|plaza|pasaje|psje|jr|jiron|diagonal|transversal|camino|ronda|rambla"
    r"|carretera|glorieta|rua|r|travessa|alameda|praca|largo|rodovia|estrada|via|viaduto|quadra|bulevar|prolongacion"
    r"|privada|urbanizacion|urb|barrio|colonia|apt|suite|unit|flat|piso|apto|depto|circuito|cerrada|andador|peatonal"
    r"|callejon|viaducto|retorno|periferico|cuesta|pasadizo|vial|ruta|km|acceso|sitio|jardim|nucleo|vereda|conjunto"
    r"|condominio|distrito|fazenda|ladeira|loteamento|morro|parque|recanto|residencial|setor|trecho|vale|viela|vila"
    r"|chacara|beco|calcada|quinta|rue|chemin|allee|impasse|quai|piazza|corso|viale|vicolo|strada|borgo)\b"
    r"|(?:strasse|str|platz|weg|gasse|allee|ring)\b"
)
ENDINGS = (
    "alley annex arcade avenue bayou beach bend bluff bottom boulevard branch bridge brook burg bypass camp"
    " canyon cape causeway center circle cliff club common corner course court cove creek crescent crest crossing"
    " crossroad curve dale dam divide drive estate expressway extension fall ferry field flat ford forest forge"
    " fork fort freeway garden gateway glen green grove harbor haven heights highway hill hollow inlet island isle"
    " junction key knoll lake land landing lane light loaf lock locks lodge loop mall manor meadow mews mill"
    " mission motorway mount mountain neck orchard oval overpass park parkway pass passage path pike pine place"
    " plain plaza point port prairie radial ramp ranch rapid rest ridge river road route row run shoal shore"
    " skyway spring spur square station stravenue stream street summit terrace throughway trace track trafficway"
    " trail tunnel turnpike underpass union valley via viaduct view village ville vista walk wall way well"
)
ENDING = re.compile(rf"^.*\b(?:{ENDINGS.replace(' ', '|')})(?:e?s)?$")
NUMBERED = re.compile(rf"^\d{{1,6}}[a-z]?,? (?:[^\W\d_][\w'.-]* ){{1,3}}(?:{ENDINGS.replace(' ', '|')})(?:e?s)?\b")
PHONE = re.compile(r"^\+?[\d(][\d\s().\-/]{5,22}(?:\s?(?:x|ext\.?|ramal|#)\s?\d{1,6})?$", re.IGNORECASE)
POINTED = re.compile(r"\d{3}\.\d{3}\.\d{3}")
LAID_OUT = re.compile(
    r"^(?:(?:\+|00[\s.-]?)\d[\d\s().\-/]{6,}"  # +55 11 98765-4321, 00 34 612 345 678
    r"|\(?0?\d{2,4}\)[\s.-]?\d{3,5}[\s.-]?\d{3,4}"  # (11) 98765-4321
    r"|(?:00\d{1,3}[\s.-]|1[\s.-])?\d{2,3}[\s.-]\d{3,5}[\s.-]\d{4}"  # 212-555-0123, 55 5555 1234
    r"|\d{3}[\s.]\d{2,3}[\s.]\d{2,3}(?:[\s.]\d{2,3})?"  # 612 345 678
    r")(?:\s?(?:x|ext\.?|ramal|#)\s?\d{1,6})?$",
    re.IGNORECASE,
)
WORD = r"[^\W\d_]+(?:[.'’-][^\W\d_]+)*\.?"
NAME = re.compile(rf"{WORD}(?:(?:,\s{{0,3}}|\s{{1,3}}){WORD}){{0,6}}")
FIRMS = frozenset({
    "and", "ltd", "ltda", "limited", "limitada", "inc", "llc", "plc", "gmbh", "corp", "group", "grupo", "sons",
    "company", "bank", "banco", "asociados", "associados", "hijos", "filhos", "industrias",
})  # fmt: skip
FIRM = re.compile(
    r"\b(?:S\.? ?A\.?(?:U|S|T)?|S\.? ?L\.?(?:U|N)?|S\.? ?R\.? ?L|S\.? ?Com|S\.? ?Coop|S\.? ?C\.?(?:P)?|C\.? ?B|S/A"
    r"|EIRELI|C[ií]a|de C\.? ?V|SpA|AG|B\.?V|PLC|Co)\.?$"
)
STREET = re.compile(r"[^\W\d_]{2,}.*\d|\d.*[^\W\d_]{2,}.*[^\W\d_]{2,}", re.DOTALL)


class Marks(dict[int, str]):
    """What stands for each character in a shape, as it comes up."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        mark = "9" if letter.isdigit() else "a" if letter.isalpha() else letter if letter in KEPT else "·"
        self[code] = mark
        return mark


MARKS = Marks()
LONG_RUN = re.compile(rf"(.)\1{{{LONGEST_RUN},}}", re.DOTALL)


def mask(value: str) -> str:
    """Letters become a, digits 9, anything else a dot; long runs are cut, so that no value can be read back."""
    shape = value[: 4 * LONGEST_SHAPE].translate(MARKS)
    return LONG_RUN.sub(lambda run: run[1] * LONGEST_RUN, shape)[:LONGEST_SHAPE]


def plain(value: str) -> str:
    """The value as it is judged: trimmed, and an integer that a float column dressed as `123.0` undressed."""
    value = value.strip()
    found = INTEGER_AS_FLOAT.fullmatch(value) if value.endswith("0") else None
    return found.group(1) if found else value


def digits(value: str) -> int:
    """How many digits the value holds."""
    return sum(map(str.isdigit, value))


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
    return (
        bool(PHONE.fullmatch(value))
        and 7 <= digits(number) <= 15
        and (not is_measure(value) or bool(POINTED.fullmatch(value)))
    )


def is_bare_phone(value: str) -> bool:
    """Ten or eleven digits and nothing else: telephone numbers of some countries may be."""
    return len(value) in (10, 11) and value.isdecimal() and value.isascii()


def is_laid_out_phone(value: str) -> bool:
    """Grouped in a way that people group telephone numbers, which bare digits are not."""
    return is_phone(value) and bool(LAID_OUT.fullmatch(value)) and not is_measure(value)


def is_name(value: str) -> bool:
    """One to seven words of letters only, and none that firms have in their names."""
    return 2 <= len(value) <= 60 and bool(NAME.fullmatch(value)) and not is_firm(value)


def is_firm(value: str) -> bool:
    """Holds a word that firms have in their names, or ends in what a company is in law."""
    return bool(FIRMS & set(name_words(value)) or FIRM.search(value))


def fold(text: str) -> str:
    """Lower case without accents."""
    if text.isascii():
        return text.lower()
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
    words = words[1:] if words and words[0] in TITLES else words
    if len(words) < 2 or not is_name(value):
        return False
    initial = len(words) <= 3 and min(len(words[0]), len(words[-1])) == 1
    if (initial and any(word in FAMILY for word in words)) or (words[0] in FAMILY and words[-1] in GIVEN):
        return True
    return words[0] in GIVEN or ("," in value and any(word in GIVEN for word in words[1:]))


def is_street(value: str) -> bool:
    """Words and a number together, as in a postal address."""
    return 6 <= len(value) <= LONGEST_ADDRESS and " " in value and "@" not in value and bool(STREET.search(value))


def is_road(value: str) -> bool:
    """An address with a word for a kind of road, as in `Rua`, `Calle` or `Lane`."""
    text = re.sub(r"[./#º°ß]", lambda mark: "ss" if mark[0] == "ß" else " ", fold(value))
    return is_street(value) and bool(ROAD.search(text) or NUMBERED.match(text))


def ends_in_road(value: str) -> bool:
    """Ends in a word for a road or a place, as streets do that are named after people."""
    return " " in value and bool(ENDING.match(fold(value)))


def is_given_name(value: str) -> bool:
    """Nothing but common given names: one or two."""
    words = name_words(value)
    return 1 <= len(words) <= 2 and all(word in GIVEN for word in words)


def is_family_name(value: str) -> bool:
    """Nothing but common family names: one or two."""
    words = name_words(value)
    return 1 <= len(words) <= 2 and all(word in FAMILY for word in words)


def is_day(value: str) -> bool:
    """A date, in figures or written out in English, Spanish or Portuguese."""
    return bool(DATE.match(value) or WRITTEN_DAY.match(fold(value)))
