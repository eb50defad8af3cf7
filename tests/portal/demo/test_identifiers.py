"""The made-up identifiers pass the checks of those who know them."""

import numpy as np
import phonenumbers
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.br import cpf
from stdnum.mx import curp

from portal.demo import identifiers
from portal.demo.data import FIRST_NAMES, LAST_NAMES

seeds = st.integers(0, 2**32)


@given(seeds)
@settings(max_examples=25)
def test_every_identifier_is_valid_whatever_the_seed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, last = rng.choice(FIRST_NAMES, 50), rng.choice(LAST_NAMES, 50)
    assert all(luhn.is_valid(number) for number in identifiers.card_numbers(rng, 50))
    assert all(cpf.is_valid(number) for number in identifiers.cpf_numbers(rng, 50))
    assert all(curp.is_valid(number) for number in identifiers.curp_numbers(rng, first, last))


def test_phones_are_numbers_of_their_country() -> None:
    rng = np.random.default_rng(1)
    country = rng.choice(["BR", "MX", "US"], 300)
    for code, number in zip(country, identifiers.phone_numbers(rng, country), strict=True):
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_valid_number(parsed), number
        assert phonenumbers.region_code_for_number(parsed) == code


def test_addresses_belong_to_nobody() -> None:
    rng = np.random.default_rng(1)
    for address in identifiers.email_addresses(rng, FIRST_NAMES, LAST_NAMES):
        assert address.rpartition("@")[2] in {"example.com", "example.org", "example.net"}
