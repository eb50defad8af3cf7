"""Made-up identifiers that pass their own checks: cards (Luhn), CPF (Brazil), CURP (Mexico), phones, e-mails.

Nobody's: drawn from a seeded generator, with the check digits computed over whole columns at once.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Text: TypeAlias = NDArray[np.str_]
Whole: TypeAlias = NDArray[np.int64]

CURP_ALPHABET = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ"
CURP_STATES = np.array(["AS", "BC", "CH", "DF", "GT", "JC", "MC", "NL", "PL", "QR", "SR", "VZ", "YN"])
CONSONANTS = np.array(list("BCDFGHJKLMNPQRSTVWXYZ"))
EPOCH = np.datetime64("1950-01-01")


def _joined(digits: Whole) -> Text:
    """Rows of single digits as strings."""
    codes = (digits + ord("0")).astype(np.uint32)
    return np.ascontiguousarray(codes).view(f"<U{digits.shape[1]}").ravel()


def card_numbers(rng: np.random.Generator, n: int) -> Text:
    """`n` sixteen-digit card numbers whose last digit is their Luhn digit (ISO/IEC 7812-1)."""
    digits = rng.integers(0, 10, (n, 16))
    digits[:, 0] = rng.choice([4, 5], n)
    digits[:, 1] = np.where(digits[:, 0] == 5, rng.integers(1, 6, n), digits[:, 1])
    doubled = digits[:, 0:15:2] * 2
    total = (doubled - 9 * (doubled > 9)).sum(axis=1) + digits[:, 1:15:2].sum(axis=1)
    digits[:, 15] = -total % 10
    return _joined(digits)


def cpf_numbers(rng: np.random.Generator, n: int) -> Text:
    """`n` CPF numbers, written 000.000.000-00, with both check digits (modulus 11, weights 10..2 and 11..2)."""
    digits = rng.integers(0, 10, (n, 11))
    for place in (9, 10):
        weights = np.arange(place + 1, 1, -1)
        rest = digits[:, :place] @ weights * 10 % 11
        digits[:, place] = np.where(rest == 10, 0, rest)
    text = _joined(digits)
    return np.array([f"{t[:3]}.{t[3:6]}.{t[6:9]}-{t[9:]}" for t in text])


def curp_numbers(rng: np.random.Generator, first: Text, last: Text) -> Text:
    """One CURP per person: letters of the name, birth date, sex, state, consonants, and the check digit.

    The third letter, of a second family name, is the X of those who have none: so no refused word appears.
    """
    n = len(first)
    born = EPOCH + rng.integers(0, 18_200, n)
    date = np.array([str(day)[2:].replace("-", "") for day in born])
    vowels = rng.choice(list("AEIOU"), n)
    inner = np.char.add(np.char.add(*rng.choice(CONSONANTS, (2, n))), rng.choice(CONSONANTS, n))
    body = [
        f"{family[0]}{vowel}X{given[0]}{day}{sex}{state}{consonants}"
        for family, vowel, given, day, sex, state, consonants in zip(
            last, vowels, first, date, rng.choice(["H", "M"], n), rng.choice(CURP_STATES, n), inner, strict=True
        )
    ]
    # the homonym character is a digit for those born before 2000, as all of ours are
    text = [f"{part.upper()}{digit}" for part, digit in zip(body, rng.integers(0, 10, n), strict=True)]
    places = np.array([[CURP_ALPHABET.index(letter) for letter in part] for part in text], dtype=np.int64)
    check = -(places.reshape(n, 17) @ np.arange(18, 1, -1)) % 10
    return np.array([f"{part}{digit}" for part, digit in zip(text, check, strict=True)])


def phone_numbers(rng: np.random.Generator, country: Text) -> Text:
    """Mobile numbers in international form, as people of `country` (BR, MX, US) write them."""
    n = len(country)
    a, b = rng.integers(2000, 10_000, n), rng.integers(0, 10_000, n)
    area_br, area_mx = rng.choice([11, 21, 31, 41, 51, 61, 71, 81], n), rng.choice([33, 55, 81], n)
    area_us, middle_us = rng.choice([212, 312, 415, 617, 713, 206], n), rng.integers(200, 1000, n)
    numbers = {
        "BR": [f"+55 {area} 9{x:04d}-{y:04d}" for area, x, y in zip(area_br, a, b, strict=True)],
        "MX": [f"+52 {area} {x:04d} {y:04d}" for area, x, y in zip(area_mx, a, b, strict=True)],
        "US": [f"+1 {area}-{x:03d}-{y:04d}" for area, x, y in zip(area_us, middle_us, b, strict=True)],
    }
    return np.select([country == code for code in numbers], list(numbers.values()), default="")


def email_addresses(rng: np.random.Generator, first: Text, last: Text) -> Text:
    """Addresses under the domains that are reserved for examples (RFC 2606)."""
    numbers = rng.integers(1, 999, len(first))
    domains = rng.choice(["example.com", "example.org", "example.net"], len(first))
    parts = zip(np.char.lower(first), np.char.lower(last), numbers, domains, strict=True)
    return np.array([f"{given}.{family}{number}@{domain}" for given, family, number, domain in parts])
