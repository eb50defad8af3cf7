"""Values that speak of a person: names, addresses, telephones, mail, places in the net, dates of birth, keys."""

import base64
import hashlib
import random
import string

from bench.labelled.numbers import Draw, Maker, card, day, digits, filled, grouped, iban, letters

HEX = "0123456789abcdef"
GIVEN = {
    "en": "Olivia Noah Emma Liam Charlotte James Sophia Lucas Grace Henry Zoe Ethan Chloe Mason Aaliyah Tyrone Priya Siobhan Declan Margaret",
    "es": "María José Lucía Martín Sofía Diego Valentina Iker Guadalupe Joaquín Ximena Nerea Aitor Rocío Macarena Yolanda Facundo Milagros Íñigo Soledad",
    "pt": "João Ana Mateus Beatriz Thiago Larissa Gonçalo Inês Rui Conceição Wellington Thaís Davi Lurdes Afonso Leonor Raimunda Cauã Fátima Edson",
}  # fmt: skip
FAMILY = {
    "en": "Smith O'Neill Nguyen Patel Johnson Okafor MacDonald Khan Taylor Whitfield Brown Fitzgerald Lindqvist Harris Clarke-Jones Abernathy Ferrara Davis",
    "es": "García Hernández Núñez Quispe Mamani Etxeberria Fernández Rojas Ibáñez Zúñiga Peralta Gutiérrez Choque Bustamante Cárdenas Lopetegui Vargas",
    "pt": "Silva Souza Oliveira Figueiredo Nascimento Quadros Bettencourt Pereira Guimarães Lacerda Teles Moraes Assunção Ferreira Carvalho Brandão",
}  # fmt: skip
TONGUES = ("en", "es", "pt")
STREETS = {
    "en": "{n} {f} Street|{n} {f} Ave.|{n} Old {f} Rd, Apt {a}|{n} {f} Lane|Flat {a}, {n} {f} Road|{n} {f} Blvd, Suite {n}|P.O. Box {n}",
    "es": "Calle {f} {n}|C/ {f}, {n}, {a}º B|Avda. {f} {n}|Av. {f} {n}, Piso {a}|Carrera {a} # {n}-{a}|Pasaje {f} {n}|Cl. {a} No. {n}|Jr. {f} {n}",
    "pt": "Rua {f}, {n}|R. {f}, {n} - apto {a}|Avenida {f}, {n}|Av. {f} {n}, bloco {a}|Travessa {f} {n}|Alameda {f}, {n}|Praça {f}, {n}|Largo {f} {n}",
}  # fmt: skip
HOSTS = (
    "example.com",
    "mail.example.org",
    "empresa.com.br",
    "correo.es",
    "uni.edu",
    "sapo.pt",
    "startup.io",
    "gob.mx",
    "firm.co.uk",
)


def tongue(draw: Draw) -> str:
    return draw.choice(TONGUES)


def given(draw: Draw, of: str) -> str:
    return draw.choice(GIVEN[of].split())


def family(draw: Draw, of: str) -> str:
    return draw.choice(FAMILY[of].split())


def plain(of: str) -> Maker:
    return lambda draw: f"{given(draw, of)} {family(draw, of)}"


def long(of: str) -> Maker:
    def make(draw: Draw) -> str:
        joint = draw.choice(
            [" ", " ", " de ", " y "] if of == "es" else [" ", " da ", " dos "] if of == "pt" else [" "]
        )
        second = draw.choice([f" {given(draw, of)}", "", f" {letters(draw, 1)}."])
        return f"{given(draw, of)}{second} {family(draw, of)}{joint}{family(draw, of)}"

    return make


def turned(of: str) -> Maker:
    return lambda draw: f"{family(draw, of)}, {given(draw, of)}"


def shouted(of: str) -> Maker:
    return lambda draw: f"{given(draw, of)} {family(draw, of)}".upper()


def titled(of: str) -> Maker:
    titles = {"en": "Dr. Mr. Ms. Mrs. Prof.", "es": "Sr. Sra. Dr. Dra. Don Doña", "pt": "Sr. Sra. Dr. Dra. Eng."}[
        of
    ].split()
    return lambda draw: f"{draw.choice(titles)} {given(draw, of)} {family(draw, of)}"


NAMES: list[tuple[str, Maker, bool]] = [
    *((of, plain(of), False) for of in TONGUES), *((of, turned(of), False) for of in TONGUES),
    *((of, long(of), False) for of in TONGUES),
    *((of, shouted(of), True) for of in TONGUES), *((of, titled(of), True) for of in TONGUES),
]  # fmt: skip


def fold(text: str) -> str:
    table = str.maketrans("áéíóúâêôãõçñüà", "aeiouaeoaocnua")
    return "".join(letter for letter in text.lower().translate(table) if letter in string.ascii_lowercase)


def email(draw: Draw) -> str:
    of = tongue(draw)
    one, two = fold(given(draw, of)), fold(family(draw, of))
    user = draw.choice(
        [f"{one}.{two}", f"{one}{digits(draw, 2)}", f"{one[0]}{two}", f"{two}_{one}", f"{one}+{two[:4]}"]
    )
    return f"{user}@{draw.choice(HOSTS)}"


EMAILS: list[tuple[Maker, bool]] = [
    (email, False), (lambda draw: email(draw).upper(), False), (lambda draw: f"mailto:{email(draw)}", True),
    (lambda draw: f"{plain('en')(draw)} <{email(draw)}>", True),
]  # fmt: skip
NXX = "{2|3|4|5|6|7|8}{2|3|4|5|6|7|8}9"
AREA = "{212|415|305|617|312|206|713|404|503|702|416|604}"
DDD = "{11|21|31|41|51|61|71|81|85|19|27|48}"
PHONES: list[tuple[str, bool]] = [
    (f"({AREA}) {NXX}-9999", False), (f"{AREA}-{NXX}-9999", False), (f"{AREA}.{NXX}.9999", False), (f"+1 {AREA} {NXX} 9999", False),
    (f"+1-{AREA}-{NXX}-9999", True), (f"{AREA} {NXX} 9999", True), (f"({AREA}) {NXX}-9999 x999", True), (f"001-{AREA}-{NXX}-9999", True),
    (f"({DDD}) 9{{6|7|8|9}}999-9999", False), (f"+55 {DDD} 9{{6|7|8|9}}999-9999", False), (f"({DDD}) {{2|3}}999-9999", False),
    (f"+55{DDD}9{{6|7|8|9}}9999999", True), (f"{DDD} 9{{6|7|8|9}}999-9999", True), (f"0{DDD} 3999-9999", True),
    ("+34 6{1|2|3|4|5|6|7|8}9 999 999", False), ("6{1|2|3|4|5|6|7|8}9 99 99 99", False), ("+34 9{1|2|3}9 99 99 99", True),
    ("6{1|2|3|4|5}9 999 999", True), ("+346{1|2|3|4|5}9999999", False),
    ("+351 9{1|2|3|6}9 999 999", False), ("9{1|2|3|6}9 999 999", False), ("+351 21 999 9999", True), ("00351 9{1|2|3|6}9 999 999", True),
    ("+52 55 {1|2|5}999 9999", False), ("55 {1|2|5}999 9999", False), ("+52 1 33 {1|3}999 9999", True), ("(55) {1|2|5}999-9999", True),
    ("+54 9 11 {2|3|4|5|6}999-9999", False), ("+54 11 4{2|3|5|7}99-9999", False), ("(011) 4{2|3|5|7}99-9999", True),
    ("+56 9 {4|5|6|7|8|9}999 9999", False), ("+57 3{0|1|2}{0|1|2} 999 9999", False), ("+57 3{0|1|2}{0|1|2}9999999", True),
    ("+51 9{1|2|4|5|6|7|8}9 999 999", False), ("+598 9{1|2|3|4|5|8|9} 999 999", True), ("+593 9{6|7|8|9} 999 9999", True),
    ("+44 20 {7|8}999 9999", False), ("+44 7{4|5|7|8|9}99 999999", False), ("07{4|5|7|8|9}99 999999", False), ("(020) {7|8}999 9999", True),
    ("+49 30 {2|3|4|5|6|8}999999", True), ("+49 15{1|2|7|9}9 9999999", False), ("+33 6 99 99 99 99", False), ("06 99 99 99 99", True),
    ("+39 3{2|3|4}9 999 9999", True), ("+91 9{8|7|6|0}999 99999", False), ("+31 6 {1|2|3|4|5}9999999", True), ("+41 7{6|7|8|9} 999 99 99", True),
]  # fmt: skip
BARE_PHONES: list[tuple[str, bool]] = [
    (f"{AREA}{NXX}9999", False), (f"1{AREA}{NXX}9999", True), (f"{DDD}9{{6|7|8|9}}9999999", False), ("6{1|2|3|4|5}9999999", False),
    ("9{1|2|3|6}9999999", False), ("55{1|2|5}9999999", True), ("569{4|5|6|7|8|9}9999999", True), ("3{0|1|2}{0|1|2}9999999", True),
    ("07{4|5|7|8|9}99999999", True),
]  # fmt: skip


def laid(layout: str) -> Maker:
    return lambda draw: filled(draw, layout)


CARDS: list[tuple[Maker, bool]] = [
    (card, False), (lambda draw: grouped(card(draw), " "), False), (lambda draw: grouped(card(draw), "-"), False),
    (lambda draw: card(draw, common=False), True), (lambda draw: grouped(card(draw, common=False), " "), True),
]  # fmt: skip
IBANS: list[tuple[Maker, bool]] = [
    (iban, False), (lambda draw: grouped(iban(draw), " "), False), (lambda draw: iban(draw).lower(), True),
    (lambda draw: grouped(iban(draw), "-"), True),
]  # fmt: skip


def ipv4(draw: Draw) -> str:
    return ".".join(str(draw.randint(1, 254)) for _ in range(4))


def ipv6(draw: Draw) -> str:
    parts = [f"{draw.randrange(65536):x}" for _ in range(8)]
    return ":".join(parts) if draw.random() < 0.5 else f"2001:db8:{parts[0]}::{parts[1]}"


ADDRESSES: list[tuple[Maker, bool]] = [
    (ipv4, False), (ipv6, False), (lambda draw: f"192.168.{draw.randint(0, 255)}.{draw.randint(1, 254)}", False),
    (lambda draw: f"{ipv4(draw)}:{draw.randint(1024, 65535)}", True), (lambda draw: f"{ipv4(draw)}/24", True),
    (lambda draw: f"10.{draw.randint(0, 255)}.{draw.randint(0, 255)}.{draw.randint(1, 254)}", True),
]  # fmt: skip


def mac(mark: str) -> Maker:
    return lambda draw: mark.join(letters(draw, 2, HEX) for _ in range(6))


MACS: list[tuple[Maker, bool]] = [
    (mac(":"), False), (mac("-"), False), (lambda draw: mac(":")(draw).upper(), False),
    (lambda draw: ".".join(letters(draw, 4, HEX) for _ in range(3)), True),
]  # fmt: skip


def base58(payload: bytes) -> str:
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    raw = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(raw), ""
    while number:
        number, rest = divmod(number, 58)
        text = alphabet[rest] + text
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + text


CRYPTO: list[tuple[Maker, bool]] = [
    (lambda draw: base58(b"\0" + draw.randbytes(20)), False), (lambda draw: base58(b"\5" + draw.randbytes(20)), False),
    (lambda draw: "0x" + draw.randbytes(20).hex(), True),
]  # fmt: skip


def ssn(mark: str) -> Maker:
    def make(draw: Draw) -> str:
        area = draw.choice([draw.randint(1, 665), draw.randint(667, 899)])
        return mark.join((f"{area:03}", f"{draw.randint(1, 99):02}", f"{draw.randint(1, 9999):04}"))

    return make


def itin(draw: Draw) -> str:
    return f"9{digits(draw, 2)}-{draw.choice([*range(70, 89), 90, 91, 92, 94, 95, 99])}-{digits(draw, 4)}"


def street(of: str) -> Maker:
    def make(draw: Draw) -> str:
        form = draw.choice(STREETS[of].split("|"))
        return form.format(n=draw.randint(1, 3000), a=draw.randint(1, 30), f=family(draw, of))

    return make


CITY = {
    "en": "Springfield, IL 62704|London SW1A 2AA|Austin, TX",
    "es": "28013 Madrid|Bogotá D.C.|Córdoba",
    "pt": "São Paulo - SP, 01310-100|1200-109 Lisboa|Recife/PE",
}


def full_address(of: str) -> Maker:
    return lambda draw: f"{street(of)(draw)}, {draw.choice(CITY[of].split('|'))}"


STREET_FORMS: list[tuple[str, Maker, bool]] = [
    *((of, street(of), False) for of in TONGUES), *((of, full_address(of), True) for of in TONGUES),
]  # fmt: skip
MONTHS = {"en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
          "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"}  # fmt: skip


def written_day(of: str) -> Maker:
    def make(draw: Draw) -> str:
        born = day(draw)
        month = MONTHS[of].split()[born.month - 1]
        return f"{month} {born.day}, {born.year}" if of == "en" else f"{born.day} de {month} de {born.year}"

    return make


BIRTHS: list[tuple[Maker, bool]] = [
    (lambda draw: str(day(draw)), False), (lambda draw: f"{day(draw):%d/%m/%Y}", False), (lambda draw: f"{day(draw):%m/%d/%Y}", False),
    (lambda draw: f"{day(draw):%d-%m-%Y}", False), (lambda draw: f"{day(draw):%Y%m%d}", True), (lambda draw: f"{day(draw)} 00:00:00", False),
    *((written_day(of), True) for of in TONGUES), (lambda draw: f"{day(draw):%d.%m.%y}", True), (lambda draw: f"{day(draw):%d-%b-%Y}", True),
]  # fmt: skip
WORD = string.ascii_letters + string.digits


def jwt(draw: Draw) -> str:
    def part(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    return ".".join([part('{"alg":"HS256"}'), part('{"sub":"' + digits(draw, 8) + '"}'), letters(draw, 43, WORD)])


SECRETS: list[tuple[Maker, bool]] = [
    (lambda draw: "AKIA" + letters(draw, 16, string.ascii_uppercase + string.digits), False), (jwt, False),
    (lambda draw: "ghp_" + letters(draw, 36, WORD), False), (lambda draw: "sk_live_" + letters(draw, 24, WORD), True),
    (lambda draw: f"xoxb-{digits(draw, 12)}-{letters(draw, 24, WORD)}", True), (lambda draw: "AIza" + letters(draw, 35, WORD), True),
]  # fmt: skip
PASSWORDS: list[tuple[Maker, bool]] = [
    (lambda draw: letters(draw, draw.randint(8, 14), WORD + "!@#$%*"), False),
    (lambda draw: given(draw, tongue(draw)).lower() + digits(draw, 4) + draw.choice("!._"), True),
    (lambda draw: "$2b$12$" + letters(draw, 53, WORD), True),
]  # fmt: skip
PASSPORTS = ["999999999", "A99999999"]
LICENCES = ["A9999999", "A999-9999-9999", "99999999", "A99999999999"]
BANKS = ["9999999999", "99999999", "999999999999"]
DEA = "{A|B|F|M}A"


def dea(draw: Draw) -> str:
    body = digits(draw, 6)
    odd, even = sum(map(int, body[::2])), sum(map(int, body[1::2]))
    return filled(draw, DEA) + body + str((odd + 2 * even) % 10)


def seeded(text: str) -> random.Random:
    return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]))
