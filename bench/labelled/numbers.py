"""Valid national numbers and cards, formatted and bare, by python-stdnum or by rules written a second time here."""

import random
import string
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from importlib import import_module

Draw = random.Random
Maker = Callable[[Draw], str]


def digits(draw: Draw, count: int) -> str:
    return "".join(draw.choices(string.digits, k=count))


def letters(draw: Draw, count: int, of: str = string.ascii_uppercase) -> str:
    return "".join(draw.choices(of, k=count))


def day(draw: Draw, first: int = 1940, last: int = 2005) -> date:
    return date(first, 1, 1) + timedelta(days=draw.randrange(365 * (last - first)))


def filled(draw: Draw, layout: str) -> str:
    """A layout with 9 for a digit, A for a letter and X for either; `{abc}` picks one of the letters or `|` words."""
    text, at = [], 0
    while at < len(layout):
        mark = layout[at]
        if mark == "{":
            end = layout.index("}", at)
            ways = layout[at + 1 : end]
            text.append(draw.choice(ways.split("|") if "|" in ways else ways))
            at = end
        else:
            text.append(({"9": string.digits, "A": string.ascii_uppercase}.get(mark) and letters(
                draw, 1, string.digits if mark == "9" else string.ascii_uppercase)) or (
                letters(draw, 1, string.digits + string.ascii_uppercase) if mark == "X" else mark))  # fmt: skip
        at += 1
    return "".join(text)


@cache
def stdnum(name: str) -> Callable[[str], bool]:
    found: Callable[[str], bool] = import_module(f"stdnum.{name}").is_valid
    return found


def until(check: Callable[[str], bool], layout: str) -> Maker:
    """Texts of a layout, drawn until one is valid: the last mark is the check digit of most."""

    def make(draw: Draw) -> str:
        while True:
            text = filled(draw, layout)
            ends = "0123456789" if text[-1].isdigit() or layout[-1] == "9" else string.ascii_uppercase
            if layout.endswith("K"):
                ends = "0123456789K"
            for end in draw.sample(ends, len(ends)):
                if check(text[:-1] + end):
                    return text[:-1] + end

    return make


def own(check: Callable[[str], bool], *layouts: str) -> list[Maker]:
    return [until(lambda text: check("".join(filter(str.isalnum, text))), layout) for layout in layouts]


def by(name: str, *layouts: str) -> list[Maker]:
    return own(stdnum(name), *layouts)


def _sum(text: str, weights: list[int]) -> int:
    return sum(int(a) * b for a, b in zip(text, weights, strict=False))


def uy_ci(text: str) -> bool:
    return int(text[7]) == (10 - _sum(text[:7], [2, 9, 8, 7, 6, 3, 4]) % 10) % 10


def clabe(text: str) -> bool:
    weighed = [int(a) * b % 10 for a, b in zip(text[:17], [3, 7, 1] * 6, strict=False)]
    return int(text[17]) == (10 - sum(weighed) % 10) % 10 and text[:2] != "00"


def dui(text: str) -> bool:
    return int(text[8]) == (10 - _sum(text[:8], list(range(9, 1, -1))) % 10) % 10


def niss(text: str) -> bool:
    return int(text[10]) == 9 - _sum(text[:10], [29, 23, 19, 17, 13, 11, 7, 5, 3, 2]) % 10


def cpf(draw: Draw, layout: str) -> str:
    from stdnum.br import cpf as rule

    body = digits(draw, 9)
    return spread(body + rule._calc_check_digits(body), layout)


def cnpj(draw: Draw, layout: str, body: str) -> str:
    from stdnum.br import cnpj as rule

    body = body or digits(draw, 8) + draw.choice(["0001", "0001", "0002"])
    return spread(body + rule.calc_check_digits(body), layout)


def spread(text: str, layout: str) -> str:
    """The text's letters on the places of `#` in a layout."""
    left = iter(text)
    return "".join(next(left) if mark == "#" else mark for mark in layout)


def cbu(draw: Draw, layout: str) -> str:
    from stdnum.ar import cbu as rule

    bank, account = digits(draw, 7), digits(draw, 13)
    return spread(bank + rule.calc_check_digit(bank) + account + rule.calc_check_digit(account), layout)


def curp(draw: Draw, _layout: str) -> str:
    from stdnum.mx import curp as rule

    born = day(draw)
    start = draw.choice("GLMRSHVT") + draw.choice("AEIOU") + letters(draw, 2, "BCDFGLMR")
    body = f"{start}{born:%y%m%d}{draw.choice('HM')}{draw.choice(['DF', 'JC', 'NL', 'VZ', 'PL'])}"
    body += letters(draw, 3, "BCDFGHJKLMNPQRSTVWXZ") + ("0" if born.year < 2000 else "A")
    return body + rule.calc_check_digit(body)


def rfc(draw: Draw, layout: str) -> str:
    from stdnum.mx import rfc as rule

    company = layout.startswith("###-") or layout == "#" * 12
    born = day(draw, 1970, 2015) if company else day(draw)
    start = letters(draw, 3, "BCDGHJLNPRT") if company else "".join(
        [draw.choice("GLMRSHVT"), draw.choice("AEIOU"), letters(draw, 2, "BCDFGLMR")])  # fmt: skip
    body = f"{start}{born:%y%m%d}" + letters(draw, 1, "ABCDEFGHJK123456789") + letters(draw, 1, "ABC123456789")
    return spread(body + rule.calc_check_digit(body), layout)


def ccc(draw: Draw, layout: str) -> str:
    from stdnum.es import ccc as rule

    body = digits(draw, 8) + "00" + digits(draw, 10)
    return spread(body[:8] + rule.calc_check_digits(body) + body[10:], layout)


def nss(draw: Draw, layout: str) -> str:
    province, number = f"{draw.randint(1, 52):02}", str(draw.randint(10**7, 10**8 - 1))
    return spread(province + number + f"{int(province + number) % 97:02}", layout)


def nir(draw: Draw, layout: str) -> str:
    body = f"{draw.choice('12')}{draw.randint(40, 99)}{draw.randint(1, 12):02}{draw.randint(10, 95)}{digits(draw, 6)}"
    return spread(body + f"{97 - int(body) % 97:02}", layout)


def abn(draw: Draw, layout: str) -> str:
    from stdnum.au import abn as rule

    body = digits(draw, 9)
    return spread(rule.calc_check_digits(body) + body, layout)


def tckn(draw: Draw, layout: str) -> str:
    from stdnum.tr import tckimlik as rule

    body = draw.choice("123456789") + digits(draw, 8)
    return spread(body + rule.calc_check_digits(body), layout)


def dated(check: Callable[[str], bool], layout: str, style: str = "%y%m%d") -> Maker:
    """Numbers that begin with a date of birth."""

    def make(draw: Draw) -> str:
        while True:
            text = f"{day(draw, 1945, 1999):{style}}" + filled(draw, layout)
            ends = "0123456789" if layout[-1] == "9" else "0123456789ABCDEFHJKLMNPRSTUVWXY"
            for end in ends:
                if check(text[:-1] + end):
                    return text[:-1] + end

    return make


def laid(*layouts: str) -> list[Maker]:
    return [lambda draw, layout=layout: filled(draw, layout) for layout in layouts]


def each(rule: Callable[..., str], *layouts: str) -> list[Maker]:
    return [lambda draw, layout=layout: rule(draw, layout) for layout in layouts]


NATIONAL: dict[str, list[Maker]] = {
    "BR_CPF": each(cpf, "###.###.###-##", "###########", "#########-##"),
    "BR_CNPJ": [
        *(lambda draw, layout=layout: cnpj(draw, layout, "") for layout in ("##.###.###/####-##", "#" * 14)),
        lambda draw: cnpj(draw, "##.###.###/####-##", filled(draw, "XXXXXXXX9999")),
        lambda draw: cnpj(draw, "#" * 14, filled(draw, "XXXXXXXX9999")),
    ],
    "MX_CURP": each(curp, "#"),
    "MX_RFC": each(rfc, "#" * 13, "####-######-###", "#" * 12, "###-######-###"),
    "MX_CLABE": own(clabe, "{002|012|014|021|036|044|072|127|137}999999999999999", "{002|012|072} 999 99999999999 9"),
    "AR_CUIT": by("ar.cuit", "{20|23|24|27|30}999999999", "{20|23|24|27|30}-99999999-9"),
    "AR_CBU": each(cbu, "#" * 22, "######## " + "#" * 14),
    "CL_RUT": by("cl.rut", "{1|2}9.999.999-K", "{1|2}9999999-K", "{1|2}9999999K", "{5|6|7|8|9}.999.999-K"),
    "CO_NIT": by("co.nit", "{8|9}99.999.999-9", "{8|9}99999999-9", "{8|9}999999999"),
    "PE_RUC": by("pe.ruc", "{10|20}999999999", "{10|15|17|20}999999999"),
    "UY_CI": own(uy_ci, "{1|2|3|4|5}.999.999-9", "{1|2|3|4|5}999999-9", "{1|2|3|4|5}9999999"),
    "UY_RUT": by("uy.rut", "2{0|1}9999990019", "2{0|1}-999999-001-9"),
    "EC_CI": by("ec.ci", "{0|1}{1|2|3|7|9}{0|1|2|3|4|5}9999999", "{0|1}{1|2|7}{0|1|2|3|4|5}999999-9"),
    "EC_RUC": [lambda draw: by("ec.ci", "{0|1}{1|2|3|7|9}{0|1|2|3|4|5}9999999")[0](draw) + "001"],
    "VE_RIF": by("ve.rif", "{V|J|E|G}-99999999-9", "{V|J|E|G}999999999"),
    "PY_RUC": by("py.ruc", "8009999{0|1|2|3}-9", "{1|2|3|4}999999-9", "{1|2|3|4}9999999"),
    "DO_CEDULA": by("do.cedula", "{001|002|023|031|402}-9999999-9", "{001|002|023|031|402}99999999"),
    "DO_RNC": by("do.rnc", "1-{0|2|3}9-99999-9", "{1|4}{0|2|3}9999999"),
    "GT_NIT": by("gt.nit", "9999999-K", "999999-K", "{1|2|3|4|5}999999K"),
    "CR_CPJ": laid("3-101-999999", "3-102-999999", "310{1|2}999999"),
    "SV_NIT": by("sv.nit", "0{6|2|3}14-{0|1|2}9{0}{1|2|3}{7|8|9}9-10{1|2}-9"),
    "SV_DUI": own(dui, "0{1|2|3|4|5}999999-9"),
    "PT_NIF": by("pt.nif", "{1|2}99999999", "{1|2}99 999 999", "5{0|1}9999999"),
    "PT_CC": by("pt.cc", "{1}9999999 9 Z{X|Y|Z}9", "{1}99999999Z{X|Y|Z}9"),
    "PT_NISS": own(niss, "1{1|2}999999999"),
    "ES_NIF": by("es.dni", "99999999A", "99999999-A", "99.999.999-A"),
    "ES_NIE": by("es.nie", "{X|Y|Z}9999999A", "{X|Y|Z}-9999999-A"),
    "ES_CIF": by("es.cif", "{A|B}99999999", "{A|B}-99999999"),
    "ES_NSS": each(nss, "#" * 12, "##/########/##"),
    "ES_CCC": each(ccc, "#" * 20, "#### #### ## ##########"),
    "UK_NHS": by("gb.nhs", "{4|6|7}999999999", "{4|6|7}99 999 9999"),
    "UK_NINO": laid("{A|B|C|E|J|L|M|P|S|W}{A|B|C|E|M|P|R|X|Z}999999{A|B|C|D}", "{A|C|J|L|P}{A|B|E|R|X} 99 99 99 {A|B|C|D}"),
    "IT_FISCAL_CODE": by("it.codicefiscale", "{RSS|BNC|FRR|GLL|MNT}{MRA|GPP|LCU|NNA}{5|6|7|8|9}9{A|B|C|D|E|H|L|M}{0|1}{1|2|3|4|5|6|7|8|9}{H501|F205|L219|A944}A"),
    "FR_NIR": each(nir, "#" * 15, "# ## ## ## ### ### ##"),
    "PL_PESEL": [dated(stdnum("pl.pesel"), "99999")],
    "IN_AADHAAR": by("in_.aadhaar", "{2|3|4|5|6|7|8|9}99999999999", "{2|3|4|5|6|7|8|9}999 9999 9999"),
    "IN_PAN": laid("AAA{P|C|H|F}A9999A"),
    "AU_TFN": by("au.tfn", "{1|4|5|8}99999999", "{1|4|5|8}99 999 999"),
    "AU_ABN": each(abn, "#" * 11, "## ### ### ###"),
    "AU_ACN": by("au.acn", "{0|1|6}99999999", "{0|1|6}99 999 999"),
    "CA_SIN": by("ca.sin", "{1|2|4|5|6|7}99999999", "{1|2|4|5|6|7}99 999 999", "{1|2|4|5|6|7}99-999-999"),
    "KR_RRN": [dated(stdnum("kr.rrn"), "-{1|2}{0|1}99999")],
    "FI_PERSONAL_IDENTITY_CODE": [dated(stdnum("fi.hetu"), "-{0|1|2}99X", "%d%m%y")],
    "TR_NATIONAL_ID": each(tckn, "#" * 11),
    "TH_TNIN": by("th.pin", "{1|3|5}999999999999", "{1|3}-9999-99999-99-9"),
    "ZA_ID_NUMBER": [dated(stdnum("za.idnr"), "{0|4|5}999089")],
    "ABA_ROUTING_NUMBER": by("us.rtn", "{01|02|06|07|11|12|26|32}9999999"),
}  # fmt: skip
NATIONAL["MX_CURP"] = [lambda draw: curp(draw, "")]
BY_NAME: dict[str, list[Maker]] = {
    "AR_DNI": laid("{1|2|3|4}9999999", "{1|2|3|4}9.999.999"),
    "PE_DNI": laid("{0|4|7}9999999"),
    "CO_CEDULA": laid("1.0{1|2|3|9}9.999.999", "10{1|2|3|9}9999999", "{1|5|7|8}9999999", "{1|5|7|8}9.999.999"),
    "VE_CI": laid("V-{1|2}9999999", "V{1|2}9.999.999", "E-8{0|1|2|4}999999"),
    "BO_CI": laid("{3|4|5|6|8}999999 {LP|CB|SC|OR|TJ}", "{3|4|5|6|8}999999"),
    "CR_CPF": laid("{1|2|3|4|5|6|7}-0999-0999", "0{1|2|5|7}-0999-0999", "{1|2|3|4|5|6|7}0{4|6|9}9{0|1}{1|2}999"),
    "BO_NIT": laid("{1|2|3}99999{0|1|2}9{0|1|2}9"),
}  # fmt: skip


def luhn(body: str) -> str:
    from stdnum import luhn as rule

    return body + rule.calc_check_digit(body)


ISSUERS = [("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16), ("2345", 16), ("34", 15), ("37", 15),
           ("6011", 16), ("65", 16), ("36", 14), ("3528", 16), ("6212", 16), ("6240", 19), ("5067", 16), ("4", 13), ("4", 19),
           ("6761", 18), ("5018", 12), ("6062", 16)]  # fmt: skip


def card(draw: Draw, *, common: bool = True) -> str:
    start, length = draw.choice(ISSUERS[:9] if common else ISSUERS)
    return luhn(start + digits(draw, length - len(start) - 1))


def grouped(number: str, mark: str) -> str:
    if len(number) == 15:
        return mark.join((number[:4], number[4:10], number[10:]))
    return mark.join(number[at : at + 4] for at in range(0, len(number), 4))


COUNTRIES = {"DE": "9" * 18, "ES": "9" * 20, "PT": "9" * 21, "FR": "9" * 23, "GB": "AAAA" + "9" * 14, "NL": "AAAA" + "9" * 10,
             "IT": "A" + "9" * 22, "BR": "9" * 23 + "A9", "CR": "9" * 18, "DO": "AAAA" + "9" * 20, "GT": "X" * 24,
             "CH": "9" * 17, "BE": "9" * 12, "IE": "AAAA" + "9" * 14, "PL": "9" * 24, "SV": "AAAA" + "9" * 20}  # fmt: skip


def iban(draw: Draw) -> str:
    country = draw.choice(list(COUNTRIES))
    account = filled(draw, COUNTRIES[country])
    moved = "".join(str(int(letter, 36)) for letter in account + country + "00")
    return f"{country}{98 - int(moved) % 97:02}{account}"
