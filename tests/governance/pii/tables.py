"""Labelled values of our own making, drawn from a fixed seed: what must be found, and what only looks like it."""

import random
import string
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

from stdnum import luhn
from stdnum.br import cpf
from stdnum.iso7064 import mod_97_10
from stdnum.mx import curp


def _listed(text: str) -> list[str]:
    return text.split()


GIVEN = _listed("Ana João María José Lucía Mateus Olivia Noah Beatriz Rodrigo Thaís Wellington Guadalupe Xóchitl Priya")
FAMILY = _listed("Souza Oliveira García Hernández Smith O'Neill Núñez dos-Santos Quispe Mamani Nakamura Pereira Brown")
DOMAINS = ("example.com", "example.org", "mail.example.net", "empresa.com.br", "correo.es")


def digits(draw: random.Random, count: int) -> str:
    return "".join(draw.choice(string.digits) for _ in range(count))


def name(draw: random.Random) -> str:
    return f"{draw.choice(GIVEN)} {draw.choice(FAMILY)}"


def email(draw: random.Random) -> str:
    return f"{draw.choice(GIVEN).lower()}.{digits(draw, 3)}@{draw.choice(DOMAINS)}"


def phone_us(draw: random.Random) -> str:
    return f"({draw.choice(['212', '415', '305', '617'])}) {draw.randint(200, 899)}-{digits(draw, 4)}"


def phone_br(draw: random.Random) -> str:
    return f"({draw.choice(['11', '21', '31', '85'])}) 9{draw.randint(6000, 9999)}-{digits(draw, 4)}"


def phone_plain(draw: random.Random) -> str:
    return f"{draw.choice(['212', '415', '305', '617'])}{draw.randint(200, 899)}{digits(draw, 4)}"


def phone_world(draw: random.Random) -> str:
    return draw.choice(
        [f"+52 55 {digits(draw, 4)} {digits(draw, 4)}", f"+34 6{digits(draw, 2)} {digits(draw, 3)} {digits(draw, 3)}"]
    )


def card(draw: random.Random) -> str:
    start, length = draw.choice([("4", 16), ("53", 16), ("2345", 16), ("37", 15), ("6011", 16)])
    body = start + digits(draw, length - len(start) - 1)
    return body + luhn.calc_check_digit(body)


def card_grouped(draw: random.Random) -> str:
    body = "4" + digits(draw, 14)
    number = body + luhn.calc_check_digit(body)
    return " ".join(number[at : at + 4] for at in range(0, 16, 4))


def iban(draw: random.Random) -> str:
    account = digits(draw, 18)
    return "DE" + mod_97_10.calc_check_digits(account + "DE") + account


def a_cpf(draw: random.Random) -> str:
    number = digits(draw, 9)
    return number + cpf._calc_check_digits(number)


def cpf_written(draw: random.Random) -> str:
    return cpf.format(a_cpf(draw))


def a_curp(draw: random.Random) -> str:
    born = date(1950, 1, 1) + timedelta(days=draw.randint(0, 18000))
    letters = "".join(draw.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(3))
    start = draw.choice("GLMRS") + draw.choice("AEIOU") + draw.choice("BCDFGL") + draw.choice("BCDFGL")
    body = f"{start}{born:%y%m%d}{draw.choice('HM')}{draw.choice(['DF', 'JC', 'NL'])}{letters}0"
    return body + curp.calc_check_digit(body)


def ssn(draw: random.Random) -> str:
    return f"{draw.randint(101, 665)}-{draw.randint(10, 99)}-{draw.randint(1000, 9999)}"


def ip(draw: random.Random) -> str:
    return ".".join(str(draw.randint(1, 254)) for _ in range(4))


def mac(draw: random.Random) -> str:
    return ":".join(f"{draw.randint(0, 255):02x}" for _ in range(6))


def street(draw: random.Random) -> str:
    return f"{draw.choice(['Rua', 'Calle', 'Avenida'])} {draw.choice(FAMILY)} {draw.randint(1, 2000)}"


def day(draw: random.Random) -> str:
    return str(date(1950, 1, 1) + timedelta(days=draw.randint(0, 20000)))


Maker = Callable[[random.Random], str]

PERSONAL: list[tuple[str, str, Maker]] = [
    ("EMAIL_ADDRESS", "email", email),
    ("EMAIL_ADDRESS", "c1", email),
    ("PHONE_NUMBER", "telefone", phone_br),
    ("PHONE_NUMBER", "phone", phone_plain),
    ("PHONE_NUMBER", "c2", phone_us),
    ("PHONE_NUMBER", "celular_cliente", phone_world),
    ("CREDIT_CARD", "card_number", card),
    ("CREDIT_CARD", "c3", card_grouped),
    ("IBAN_CODE", "conta", iban),
    ("BR_CPF", "cpf", a_cpf),
    ("BR_CPF", "documento", cpf_written),
    ("MX_CURP", "clave", a_curp),
    ("US_SSN", "c4", ssn),
    ("IP_ADDRESS", "client_ip", ip),
    ("IP_ADDRESS", "c5", ip),
    ("MAC_ADDRESS", "c6", mac),
    ("PERSON", "customer_name", name),
    ("PERSON", "nomeCompleto", name),
    ("PERSON", "apellidos", lambda draw: draw.choice(FAMILY)),
    ("PERSON", "nombre", name),
    ("PERSON", "c7", lambda draw: f"{draw.choice(GIVEN[:9])} {draw.choice(FAMILY)}"),
    ("LOCATION", "endereco", street),
    ("DATE_TIME", "fecha_nacimiento", day),
]

HARMLESS: list[tuple[str, Maker]] = [
    ("scenario_code", lambda draw: f"SCN-{draw.randint(100, 999)}"),
    ("ACADEMIC_YEAR_CODE", lambda draw: f"{(y := draw.randint(1980, 2030))}/{y + 1}"),
    ("academic_year", lambda draw: f"{(y := draw.randint(1980, 2030))}-{y + 1}"),
    ("acid_level", lambda draw: f"{draw.uniform(0, 14):.2f}"),
    ("created", lambda draw: str(1_700_000_000 + draw.randint(0, 9_999_999))),
    ("created_ms", lambda draw: str(1_700_000_000_000 + draw.randint(0, 9_999_999_999))),
    ("created_us", lambda draw: str(1_700_000_000_000_000 + draw.randint(0, 9_999_999_999_999))),
    ("updated_at", lambda draw: f"{day(draw)} {draw.randint(0, 23):02}:{draw.randint(0, 59):02}:00"),
    ("when", day),
    ("day", lambda draw: f"{draw.randint(1, 28):02}/{draw.randint(1, 12):02}/{draw.randint(1990, 2026)}"),
    ("amount", lambda draw: f"{draw.uniform(1, 99999):.2f}"),
    ("valor", lambda draw: f"R$ {draw.randint(1, 999)}.{draw.randint(0, 999):03},{draw.randint(0, 99):02}"),
    ("score", lambda draw: repr(draw.random())),
    ("customer_id", lambda draw: str(draw.randint(1, 10**6))),
    ("account_id", lambda draw: digits(draw, 9)),
    ("c8", lambda draw: str(draw.randint(10**9, 10**10))),
    ("c9", lambda draw: str(draw.randint(10**10, 10**11))),
    ("c10", lambda draw: str(draw.randint(4 * 10**15, 5 * 10**15))),
    ("order_number", lambda draw: f"{digits(draw, 3)}-{digits(draw, 7)}-{digits(draw, 7)}"),
    ("isbn", lambda draw: f"978-{draw.randint(0, 9)}-{digits(draw, 3)}-{digits(draw, 5)}-{draw.randint(0, 9)}"),
    ("ean", lambda draw: digits(draw, 13)),
    ("app_version", lambda draw: ".".join(str(draw.randint(0, 40)) for _ in range(4))),
    ("c11", lambda draw: ".".join(str(draw.randint(0, 40)) for _ in range(4))),
    ("c12", lambda draw: ".".join(str(draw.randint(0, 40)) for _ in range(3))),
    ("uuid", lambda draw: str(UUID(int=draw.getrandbits(128)))),
    ("sha256", lambda draw: f"{draw.getrandbits(256):064x}"),
    ("country", lambda draw: draw.choice(["Brasil", "México", "España", "Portugal", "Argentina", "United States"])),
    ("browser", lambda draw: draw.choice(["Safari", "Chrome", "Firefox"])),
    ("browser_name", lambda draw: "Safari"),
    ("city", lambda draw: draw.choice(["São Paulo", "San Diego", "Santiago", "Lisboa", "San Antonio"])),
    ("product_name", lambda draw: f"{draw.choice(['Red', 'Blue', 'Grand'])} {draw.choice(['Shirt', 'Lamp', 'Rose'])}"),
    ("status", lambda draw: draw.choice(["active", "closed", "pending review"])),
    ("phone_type", lambda draw: draw.choice(["home", "work", "mobile"])),
    ("email_verified", lambda draw: draw.choice(["true", "false"])),
    ("card_type", lambda draw: draw.choice(["visa", "mastercard"])),
    ("zip", lambda draw: digits(draw, 5)),
    ("cep", lambda draw: f"{digits(draw, 5)}-{digits(draw, 3)}"),
    ("latitude", lambda draw: f"{draw.uniform(-90, 90):.6f}"),
    ("duration", lambda draw: f"{draw.randint(0, 23):02}:{draw.randint(0, 59):02}:{draw.randint(0, 59):02}"),
    ("note", lambda draw: f"delivered on {day(draw)}, order {digits(draw, 8)}, total {draw.uniform(1, 99):.2f}"),
    ("user_agent", lambda draw: f"Mozilla/5.0 (X11; x86_64) Chrome/{draw.randint(80, 130)}.0.{digits(draw, 4)}.99"),
    ("url", lambda draw: f"https://shop.example.com/item/{digits(draw, 9)}?ref={digits(draw, 10)}"),
    ("imei_like", lambda draw: (body := "35" + digits(draw, 12)) + luhn.calc_check_digit(body)),
    ("fraud", lambda draw: draw.choice(["0", "1"])),
]  # fmt: skip


def column(make: Maker, seed: int, count: int = 300) -> list[str]:
    """`count` values of one kind, the same for the same seed."""
    draw = random.Random(seed)
    return [make(draw) for _ in range(count)]
