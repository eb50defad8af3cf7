import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.pii import headers, shapes


@settings(deadline=None)
@given(st.text(max_size=200))
def test_a_mask_keeps_no_letter_and_no_digit(value: str) -> None:
    assert set(shapes.mask(value)) <= shapes.KEPT | {"a", "9", "·"}
    assert len(shapes.mask(value)) <= shapes.LONGEST_SHAPE


def test_a_mask_shows_the_shape() -> None:
    assert shapes.mask("ana.souza@example.org") == "aaa.aaaaa@aaaaaa.aaa"
    assert shapes.mask("4111 1111 1111 1111") == "9999 9999 9999 9999"


@pytest.mark.parametrize("letter", ["a", "9", ".", "-", " ", "(", "é", "a.", "1.", "A ", "0-", "a,"])
def test_every_question_about_a_value_is_answered_in_linear_time(letter: str) -> None:
    value = (letter * 65536)[:65536] + "!"
    started = time.process_time()
    for question in (shapes.mask, shapes.is_measure, shapes.is_phone, shapes.is_name, shapes.is_street, shapes.plain):
        question(value)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "value", ["2024-01-15", "15/01/2024", "20240115", "1,234.50", "1.234,50", "0.4532015112830366"]
)
def test_dates_and_amounts_are_measures(value: str) -> None:
    assert shapes.is_measure(value)


@pytest.mark.parametrize("value", ["203.0.113.7", "101.202.103.204", "580.935.3247", "390.533.447-05", "12345678"])
def test_dotted_identifiers_are_not_measures(value: str) -> None:
    assert not shapes.is_measure(value)


@pytest.mark.parametrize(
    ("header", "entity"),
    [("clienteEmail", "EMAIL_ADDRESS"), ("CPF_cliente", "BR_CPF"), ("phone1", "PHONE_NUMBER"),
     ("Teléfono", "PHONE_NUMBER"),
     ("contact.e-mail", "EMAIL_ADDRESS"), ("numero_cartão", "CREDIT_CARD")],
)  # fmt: skip
def test_headers_are_read_by_whole_words(header: str, entity: str) -> None:
    assert entity in headers.meanings(header)


@pytest.mark.parametrize(
    "header", ["acid_level", "scenario_code", "telemetry", "cellar", "capital", "recipe", "zipcode"]
)
def test_parts_of_words_mean_nothing(header: str) -> None:
    assert headers.meanings(header) == frozenset()


@pytest.mark.parametrize(
    ("header", "says"),
    [("first_name", "sure"), ("NomeCompleto", "sure"), ("customer_name", "sure"), ("apellidoPaterno", "sure"),
     ("name", "maybe"), ("user_name", "maybe"), ("cliente", "maybe"), ("product_name", "no"), ("file_name", "no"),
     ("browser_name", "no"), ("c7", "silent"), ("amount", "silent")],
)  # fmt: skip
def test_headers_tell_people_from_things(header: str, says: str) -> None:
    assert headers.names_people(header) == says
