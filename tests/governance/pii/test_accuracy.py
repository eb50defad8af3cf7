"""Real Presidio over labelled columns: what is personal is named rightly, and what only looks so is left alone."""

import random

import pytest

from governance.pii import headers, rules, shapes
from governance.pii.presidio import Analyzer
from governance.pii.sight import Sight
from tests.governance.pii import tables


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


def judge(analyzer: Analyzer, path: str, values: list[str]) -> rules.Verdict:
    distinct = tuple(dict.fromkeys(map(shapes.plain, values)))
    suggested = headers.meanings(path)
    hits, late = analyzer.examine(distinct, suggested)
    assert late == 0
    return rules.judge(Sight(path, distinct, tuple(hits), suggested, headers.names_people(path)))


@pytest.mark.parametrize(("entity", "header", "make"), tables.PERSONAL, ids=lambda v: v if isinstance(v, str) else "")
def test_personal_columns_are_named(analyzer: Analyzer, entity: str, header: str, make: tables.Maker) -> None:
    verdict = judge(analyzer, header, tables.column(make, 7))
    assert [found.type for found in verdict.found] == [entity]
    assert verdict.verdict == "findings"
    assert verdict.found[0].share > 0.85


@pytest.mark.parametrize(("header", "make"), tables.HARMLESS, ids=lambda v: v if isinstance(v, str) else "")
def test_look_alikes_are_left_alone(analyzer: Analyzer, header: str, make: tables.Maker) -> None:
    for seed in (1, 2):
        verdict = judge(analyzer, header, tables.column(make, seed))
        assert [(found.type, found.share, found.because) for found in verdict.found] == []
        assert verdict.verdict == "clean_full"


SPARSE = [
    ("EMAIL_ADDRESS", "write to {}", tables.email),
    ("CREDIT_CARD", "paid with {}.", tables.card_grouped),
    ("PHONE_NUMBER", "ligar para {} à tarde", tables.phone_br),
    ("PHONE_NUMBER", "llamar al {}", tables.phone_world),
    ("BR_CPF", "titular com CPF {}", tables.cpf_written),
    ("IBAN_CODE", "transfer to {}, please", tables.iban),
    ("US_SSN", "SSN {} on file", tables.ssn),
]


@pytest.mark.parametrize(("entity", "sentence", "make"), SPARSE, ids=lambda v: v if isinstance(v, str) else "")
def test_a_little_personal_data_in_free_text_is_found(
    analyzer: Analyzer, entity: str, sentence: str, make: tables.Maker
) -> None:
    draw = random.Random(3)
    notes = [f"delivered on time, parcel {at}, left with the neighbour" for at in range(300)]
    for at in (5, 99, 250):
        notes[at] = sentence.format(make(draw))
    verdict = judge(analyzer, "notes", notes)
    assert [found.type for found in verdict.found] == [entity]
    assert verdict.found[0].hits == 3


def test_personal_data_survives_dirt(analyzer: Analyzer) -> None:
    draw = random.Random(5)
    dirty = [
        draw.choice(["", "N/A", "unknown", "see notes"]) if at % 4 == 0 else f" {tables.email(draw)} "
        for at in range(400)
    ]
    assert judge(analyzer, "contacto", dirty).found[0].type == "EMAIL_ADDRESS"


def test_names_in_capitals_and_turned_around_are_names(analyzer: Analyzer) -> None:
    draw = random.Random(6)
    shouted = [tables.name(draw).upper() for _ in range(100)]
    turned = [", ".join(reversed(tables.name(draw).split())) for _ in range(100)]
    assert judge(analyzer, "customer name", shouted).found[0].type == "PERSON"
    assert judge(analyzer, "nome_do_cliente", turned).found[0].type == "PERSON"


def test_one_repeated_word_is_never_a_person(analyzer: Analyzer) -> None:
    assert judge(analyzer, "name", ["Safari"] * 50).found == ()


def test_numbers_that_a_float_column_dressed_are_undressed(analyzer: Analyzer) -> None:
    cards = [f"{card}.0" for card in tables.column(tables.card, 9) if card]
    assert judge(analyzer, "numero", cards).found[0].type == "CREDIT_CARD"


def test_two_kinds_in_one_column_are_both_told_the_larger_first(analyzer: Analyzer) -> None:
    draw = random.Random(8)
    mixed = [tables.email(draw) for _ in range(80)] + [tables.phone_us(draw) for _ in range(40)]
    assert [found.type for found in judge(analyzer, "contact", mixed).found] == ["EMAIL_ADDRESS", "PHONE_NUMBER"]


def test_cards_that_presidio_alone_misses_are_seen(analyzer: Analyzer) -> None:
    for number in ("2223003122003222", "6759649826438453", "4000 0000 0000 0000 006"):
        assert [hit.entity for hit in analyzer.look(number, frozenset())] == ["CREDIT_CARD"]


def test_published_national_numbers_pass(analyzer: Analyzer) -> None:
    """The valid numbers that python-stdnum documents."""
    for number, entity in (("390.533.447-05", "BR_CPF"), ("BOXW310820HNERXN09", "MX_CURP"), ("54362315K", "ES_NIF")):
        assert [hit.entity for hit in analyzer.look(number, frozenset())] == [entity]


def test_random_digits_pass_less_often_than_their_base_rate_allows(analyzer: Analyzer) -> None:
    draw = random.Random(11)
    for header, length in (("cpf", 11), ("card_number", 16)):
        found = judge(analyzer, header, [tables.digits(draw, length) for _ in range(1000)]).found
        assert [one.type for one in found if one.type in {"BR_CPF", "CREDIT_CARD"}] == []


def test_a_value_that_takes_too_long_is_reported_and_not_called_clean(analyzer: Analyzer, monkeypatch: object) -> None:
    slow = "a." * 60_000 + "@"
    _hits, late = analyzer.examine([slow], frozenset())
    assert late >= 1
