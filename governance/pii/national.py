"""National numbers: how each kind is written, how it is checked, and how often a random number passes the check.

Latin America, Iberia and the kinds Presidio knows by checksum. The checks are python-stdnum's, and our own where it has
none. A kind without a check (base rate 1) counts only under a header that names it.
"""

import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module

BEFORE, AFTER = r"(?<![\w@#+])(?<![\d\w][.,/-])", r"(?![\w@-]|[.,/]\d)"
STRONG = 0.02
LAID_OUT = {"CR_CPF": re.compile(r"0?[1-9]-\d{4}-\d{4}"), "VE_CI": re.compile(r"[VE]-?\d{1,2}\.\d{3}\.\d{3}")}
"""Kinds without a check that are known by the way they are grouped."""
MOST_DIGITS, LONGEST_SHAPE = 22, 48
AHEAD, BEHIND = 16, 26  # no number is longer than both together
MARKS = re.compile(r"[^0-9A-ZÑ&]")

TABLE = r"""
BR_CPF      | \d{3}\.?\d{3}\.?\d{3}[-./ ]?\d{2}                              | br.cpf         | 0.012
BR_CNPJ     | [0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}/?[0-9A-Z]{4}-?\d{2}    | br.cnpj        | 0.012
MX_CURP     | [A-Z]{4}\d{6}[A-Z]{6}[A-Z0-9]\d                                | mx.curp        | 0.1
MX_RFC      | [A-ZÑñ&]{3,4}[- ]?\d{6}[- ]?[A-Z0-9]{3}                       | mx.rfc         | 0.05
MX_CLABE    | \d{3} ?\d{3} ?\d{11} ?\d                                       | clabe          | 0.11
MX_NSS      | \d{2}[- ]?\d{2}[- ]?\d{2}[- ]?\d{4}[- ]?\d                   | luhn           | 0.12
AR_CUIT     | (?:2[0347]|3[034]|5[015])[- ]?\d{8}[-/ ]?\d                    | ar.cuit        | 0.11
AR_CBU      | \d{8}[- ]?\d{14}                                               | ar.cbu         | 0.012
CL_RUT      | \d{1,2}\.?\d{3}\.?\d{3}-?[\dK]                                 | cl.rut         | 0.11
CO_NIT      | \d{1,3}\.?\d{3}\.?\d{3}-?\d                                    | co.nit         | 0.11
PE_RUC      | (?:10|15|17|20)-?\d{8}-?\d                                     | pe.ruc         | 0.11
UY_CI       | \d\.?\d{3}\.?\d{3}[-/]?\d                                      | uy_ci          | 0.11
UY_RUT      | (?:UY ?)?\d{2}[- ]?\d{6}[- ]?001[- ]?\d                                 | uy.rut         | 0.1
EC_CI       | (?:[01]\d|2[0-4]|30)\d{7}-?\d                                  | ec.ci          | 0.1
EC_RUC      | (?:[01]\d|2[0-4]|30)\d{8}-?\d{3}                               | ec.ruc         | 0.14
VE_RIF      | [VEJPG][- ]?\d{8}[- ]?\d                                       | ve.rif         | 0.12
PY_RUC      | 80\.?\d{3}\.?\d{3}-?\d|\d\.?\d{3}\.?\d{3}-?\d|\d{6}\d|\d{5,8}-\d        | py.ruc         | 0.112
DO_CEDULA   | \d{3}-?\d{7}-?\d                                               | do.cedula      | 0.11
DO_RNC      | \d-?\d{2}-?\d{5}-?\d                                           | do.rnc         | 0.13
GT_NIT      | \d{6,8}-?[\dK]                                                 | gt.nit         | 0.11
CR_CPJ      | [2-5]-?\d{3}-?\d{6}                                            | cr.cpj         | 0.04
SV_NIT      | \d{4}-?\d{6}-?\d{3}-?\d                                        | sv.nit         | 0.1
SV_DUI      | \d{8}-\d                                                       | sv_dui         | 0.11
PT_NIF      | (?:PT ?)?[1-9]\d{2}[ .]?\d{3}[ .]?\d{3}                        | pt.nif         | 0.11
PT_CC       | \d{8}[ -]?\d[ -]?[A-Z0-9]{2}\d                                 | pt.cc          | 0.1
PT_NISS     | [12]\d{2} ?\d{4} ?\d{4}                                        | pt_niss        | 0.11
ES_NIF      | (?:\d{1,2}\.?\d{3}\.?\d{3}|[KLM]-?\d{7})[- ]?[A-Z]             | es_nif         | 0.05
ES_NIE      | [XYZ][- ]?\d{1}\.?\d{3}\.?\d{3}[- ]?[A-Z]                      | es.nie         | 0.05
ES_CIF      | [ABCDEFGHJNPQRSUVW][- ]?\d{7}[- ]?[0-9A-J]                     | es.cif         | 0.11
ES_NSS      | \d{2}[ /-]?\d{8}[ /-]?\d{2}                                    | es_nss         | 0.012
ES_CCC      | \d{4}[ -]?\d{4}[ -]?\d{2}[ -]?\d{10}                           | es.ccc         | 0.012
UK_NHS      | \d{3}[- ]?\d{3}[- ]?\d{4}                                      | gb.nhs         | 0.1
UK_NINO     | [A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-Z]                           | uk_nino        | 0.1
IT_FISCAL_CODE | [A-Z]{6}[0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z] | it.codicefiscale | 0.04
FR_NIR      | [12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}              | fr.nir         | 0.02
PL_PESEL    | \d{11}                                                         | pl.pesel       | 0.04
IN_AADHAAR  | [2-9]\d{3}[ -]?\d{4}[ -]?\d{4}                                 | in_.aadhaar    | 0.11
IN_PAN      | [A-Z]{5}\d{4}[A-Z]                                             | in_.pan        | 0.45
AU_TFN      | \d{3} ?\d{3} ?\d{3}                                            | au.tfn         | 0.11
AU_ABN      | \d{2} ?\d{3} ?\d{3} ?\d{3}                                     | au.abn         | 0.012
AU_ACN      | \d{3} ?\d{3} ?\d{3}                                            | au.acn         | 0.11
AU_MEDICARE | [2-6]\d{3} ?\d{5} ?\d                                          | au_medicare    | 0.1
CA_SIN      | [1-79]\d{2}[- ]?\d{3}[- ]?\d{3}                                | ca.sin         | 0.11
SG_NRIC_FIN | [STFGM]\d{7}[A-Z]                                              | sg_fin         | 0.05
FI_PERSONAL_IDENTITY_CODE | \d{6}[-+A-FU-Y]\d{3}[0-9A-Y]                     | fi.hetu        | 0.04
KR_RRN      | \d{6}-?[1-8]\d{6}                                              | kr.rrn         | 0.04
TR_NATIONAL_ID | [1-9]\d{10}                                                 | tr.tckimlik    | 0.012
TH_TNIN     | \d-?\d{4}-?\d{5}-?\d{2}-?\d                                    | th.pin         | 0.1
ZA_ID_NUMBER | \d{6} ?\d{4} ?\d{3}                                           | za.idnr        | 0.02
US_NPI      | [12]\d{9}                                                      | us_npi         | 0.11
ABA_ROUTING_NUMBER | \d{9}                                                   | us.rtn         | 0.11
CR_CPF      | 0?[1-9]-\d{4}-\d{4}|[1-9]\d{8}                                | -              | 1
VE_CI       | [VE][- ]?\d{1,2}\.?\d{3}\.?\d{3}                               | -              | 1
PE_DNI      | \d{8}(?:-?[0-9A-K])?                                           | pe.cui         | 1
AR_DNI      | \d{1,2}\.?\d{3}\.?\d{3}                                        | ar.dni         | 1
BO_CI       | \d{5,8}(?:-\d[A-Z])?(?:[ -]?(?:LP|CB|SC|OR|PT|CH|TJ|BE|PD))?   | -              | 1
BO_NIT      | \d{7,12}                                                       | -              | 1
CO_CEDULA   | \d{2,3}\.?\d{3}|\d{1,2}\.?\d{3}\.?\d{3}|1\.?\d{3}\.?\d{3}\.?\d{3}    | -              | 1
"""


@dataclass(frozen=True)
class Kind:
    """A kind of number: its pattern (standing alone), its check, the share of random ones that pass."""

    entity: str
    pattern: re.Pattern[str]
    written: str
    check: str
    base: float

    def passes(self, text: str) -> bool:
        """The check digits are right, and not one digit repeated, which satisfies them in vain."""
        plain = MARKS.sub("", text.upper())
        digits = [letter for letter in plain if letter.isdigit()]
        return len(set(digits)) > 1 and checker(self.check)(text.upper() if self.check == "fi.hetu" else plain)


def _kinds() -> dict[str, Kind]:
    found = {}
    for line in TABLE.strip().splitlines():
        entity, rest = line.split(" | ", 1)
        written, check, base = (part.strip() for part in rest.rsplit(" | ", 2))
        whole = re.compile(f"{BEFORE}(?:{written}){AFTER}", re.IGNORECASE | re.ASCII)
        found[entity.strip()] = Kind(entity.strip(), whole, written, check, float(base))
    return found


KINDS = _kinds()
LETTERED = frozenset({
    "BR_CNPJ", "MX_CURP", "MX_RFC", "UK_NINO", "IT_FISCAL_CODE", "IN_PAN", "FI_PERSONAL_IDENTITY_CODE",
    "SG_NRIC_FIN",
})  # fmt: skip
"""Kinds with letters among their digits; all others have seven digits with at most one mark between two."""


def _weighted(text: str, weights: str) -> int:
    return sum(int(digit) * int(weight) for digit, weight in zip(text, weights.split(), strict=False))


def uy_ci(text: str) -> bool:
    """Uruguay's identity card: weights 2, 9, 8, 7, 6, 3, 4, modulo 10."""
    return len(text) == 8 and _weighted(text, "2 9 8 7 6 3 4 1") % 10 == 0


def clabe(text: str) -> bool:
    """Mexico's bank account: weights 3, 7, 1, modulo 10."""
    sums = sum(int(digit) * (3, 7, 1)[at % 3] % 10 for at, digit in enumerate(text[:-1]))
    return len(text) == 18 and text[:2] != "00" and (sums + int(text[-1])) % 10 == 0


def sv_dui(text: str) -> bool:
    """El Salvador's identity document: weights 9 to 2, modulo 10."""
    return (_weighted(text, "9 8 7 6 5 4 3 2") + int(text[-1])) % 10 == 0


def pt_niss(text: str) -> bool:
    """Portugal's social security number: the first primes as weights."""
    return 9 - _weighted(text, "29 23 19 17 13 11 7 5 3 2") % 10 == int(text[-1])


def es_nss(text: str) -> bool:
    """Spain's social security number: province and number modulo 97."""
    province, number = int(text[:2]), int(text[2:10])
    body = int(text[:2] + text[3:10]) if number < 10**7 else int(text[:10])
    return 1 <= province <= 66 and body % 97 == int(text[10:])


def uk_nino(text: str) -> bool:
    """The prefixes and suffixes that are issued."""
    return bool(
        re.fullmatch(r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]", text, re.IGNORECASE)
    )


def au_medicare(text: str) -> bool:
    """Weights 1, 3, 7, 9, modulo 10."""
    return _weighted(text, "1 3 7 9 1 3 7 9") % 10 == int(text[8])


def us_npi(text: str) -> bool:
    """Luhn behind the prefix 80840."""
    from stdnum import luhn  # noqa: PLC0415

    return bool(luhn.is_valid("80840" + text))


def sg_fin(text: str) -> bool:
    """Singapore's letters, by series."""
    offset = {"S": 0, "T": 4, "F": 0, "G": 4, "M": 3}[text[0]]
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "M": "XWUTRQPNJLK"}.get(text[0], "XWUTRQPNMLK")
    place = (_weighted(text[1:], "2 7 6 5 4 3 2") + offset) % 11
    return letters[10 - place if text[0] == "M" else place] == text[-1]


def es_nif(text: str) -> bool:
    """Spain's letter, also where a leading zero was lost."""
    return bool(checker("es.nif")(text.zfill(9)))


OWN = (uy_ci, clabe, sv_dui, pt_niss, es_nss, uk_nino, au_medicare, us_npi, sg_fin, es_nif)


@cache
def checker(name: str) -> Callable[[str], bool]:
    """The check of that name: one of ours, or python-stdnum's module."""
    own = {each.__name__: each for each in OWN}
    if name == "-":
        return lambda _text: True
    if name in own:
        return own[name]
    found: Callable[[str], bool] = import_module(f"stdnum.{name}").is_valid
    return found


SHAPE = str.maketrans(string.digits + string.ascii_letters, "0" * 10 + "A" * 52)
PIECE = re.compile(r"\[[^\]]*\]|\\d|\{[^}]*\}|\(\?:|.")


def _shaped(piece: str) -> str:
    """A piece of a pattern as it is in shapes, where every digit is 0 and every letter A."""
    if piece[0] in "{(?":
        return piece
    digit, letter = re.search(r"\d|\\d", piece), re.search(r"[A-Z]", piece)
    if piece.startswith("["):
        marks = re.sub(r"[0-9A-Z]-[0-9A-Z]|[0-9A-Z]|\\d|[\[\]]", "", piece)
        dash = "-" * ("-" in marks)  # first, where it means itself
        return f"[{dash}{marks.replace('-', '')}{'0' * (digit is not None)}{'A' * (letter is not None)}]"
    return "0" if digit or piece == "\\d" else "A" if letter else piece


SHAPES = {
    entity: re.compile(BEFORE + "(?:" + "".join(map(_shaped, PIECE.findall(kind.written))) + ")" + AFTER, re.ASCII)
    for entity, kind in KINDS.items()
}


NUMBERS = re.compile(
    r"0(?:[-./ +A]?0){6}|A{3}[- ]?0{6}|0{6}[-+A]0{3}|/[0A]{4}-?00|[0A]{12}00|A0{7}A|A{5}0{4}A|A{2} ?(?:0{2} ?){3}A"
    r"|A{6}[0A]{10}"
)
"""What one of them has in it, whichever it is."""


def kinds_for(value: str) -> tuple[Kind, ...]:
    """The kinds worth looking for in a value, by its shape."""
    shape = value.translate(SHAPE)
    if "0" not in shape or (len(shape) > MOST_DIGITS and shape.strip("0") == ""):
        return ()
    if len(shape) <= LONGEST_SHAPE:
        return kinds_like(shape)
    around = {shape[max(0, seen.start() - AHEAD) : seen.end() + BEHIND] for seen in NUMBERS.finditer(shape)}
    found = {kind.entity for piece in around for kind in kinds_like(piece)}
    return tuple(kind for entity, kind in KINDS.items() if entity in found) if found else ()


@lru_cache(maxsize=4096)
def kinds_like(shape: str) -> tuple[Kind, ...]:
    """The kinds that values of a shape could be."""
    return tuple(kind for entity, kind in KINDS.items() if SHAPES[entity].search(shape))
