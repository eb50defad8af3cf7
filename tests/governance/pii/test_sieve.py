"""The conditions are sound: what plain Presidio finds passes them, and is found by ours with the same recognisers."""

import random
from functools import cache
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.labelled import numbers
from governance.pii import presidio, shapes, sieve
from governance.pii.evidence import TESTS
from tests.governance.pii import tables

EVERY = frozenset(TESTS)
NUMBERS = [make for makers in (*numbers.NATIONAL.values(), *numbers.BY_NAME.values()) for make in makers]
MAKERS = NUMBERS + [make for _entity, _header, make in tables.PERSONAL] + [make for _header, make in tables.HARMLESS]
SCRIPTS = ("٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")
DIRT = st.text(max_size=12) | st.sampled_from(
    ["", " ", "İ", "ſ", "K", "é", "e\u0301", "²", "\u200b", "\n", "::", "CPF: "]
)
WORDS = ("call ", "Telefone: ", "teléfono ", "ｔｅｌ ", "FAX ", "llámame al ", "ssn ", "ordem ", "Ⅷ ", "wpp\u0301 ")


@cache
def plain() -> Any:
    """Presidio's engine as it comes, asked for everything that our recognisers know."""
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

    nlp = NoOpNlpEngine([{"lang_code": "en", "model_name": ""}])
    nlp.load()
    registry = RecognizerRegistry(recognizers=presidio.recognizers(), supported_languages=["en"])
    return AnalyzerEngine(nlp_engine=nlp, registry=registry, supported_languages=["en"])


@cache
def analyzer() -> presidio.Analyzer:
    return presidio.Analyzer()


@st.composite
def values(draw: st.DrawFn) -> str:
    """Values of every kind, whole or broken, in other scripts, with dirt around and inside, and some in long texts."""
    dice = draw(st.randoms(use_true_random=False))
    text = dice.choice(MAKERS)(dice)
    if draw(st.integers(0, 3)) == 0:
        script = draw(st.sampled_from(SCRIPTS))
        text = text.translate(str.maketrans("0123456789", script))
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(DIRT) + text[at + draw(st.integers(0, 2)) :]
    text = draw(st.sampled_from([text, text.upper(), text.lower(), text + " " + dice.choice(MAKERS)(dice)]))
    around = draw(st.sampled_from(["{}", "{}", *[f"{word}{{}}" for word in WORDS], "x" * 3000 + " {} " + "y " * 500]))
    return shapes.plain(draw(DIRT) + around.replace("{}", text) + draw(DIRT))


def passes(value: str, suggested: frozenset[str] = EVERY) -> set[str]:
    found = sieve.candidates(pa.array([value], pa.large_string()), suggested, "maybe")
    return {entity for entity, mask in found.items() if mask[0]}


def believed(value: str) -> set[str]:
    """What plain Presidio finds in a value, over the thresholds."""
    results = plain().analyze(text=value, language="en")
    return {seen.entity_type for seen in results if seen.score >= presidio.THRESHOLDS.get(seen.entity_type, 1.1)}


@settings(deadline=None, max_examples=600)
@given(values() | st.text(max_size=40))
@example("MT84MALT011000012345MTLCAST001S")
@example("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")
@example("a@example.org")
@example("::")
@example("fe80::1ff:fe23:4567:890a")
@example("00-1B-44-11-3A-B7")
def test_what_plain_presidio_finds_passes_and_is_found_by_ours(value: str) -> None:
    found = believed(value)
    if not found or shapes.is_measure(value):
        return
    if shapes.digits(value) < 5:
        found -= presidio.UNDER_HEADER  # a rule: `A1` is no licence
    if shapes.digits(value) < 7 or (value.isdecimal() and len(value) > 15):
        found -= {"PHONE_NUMBER"}  # a rule: telephone numbers have seven digits to fifteen
    assert found <= passes(value)
    hits = analyzer().look(value, EVERY)
    assert {sieve.group(hit.entity) for hit in hits} <= passes(value)
    if any(presidio.covers(hit, value) for hit in hits):
        found -= {"PHONE_NUMBER"}  # explained already
    if not presidio.NEEDS["IP_ADDRESS"].search(value):
        found -= {"IP_ADDRESS"}  # a rule: `Chrome/80.0.12.3` and longer dotted numbers are versions
    assert found <= {hit.entity for hit in hits}


@settings(deadline=None, max_examples=600)
@given(values() | st.text(max_size=40), st.sampled_from([frozenset(), EVERY, frozenset({"US_SSN"})]))
def test_what_a_recogniser_would_be_asked_for_passes(value: str, suggested: frozenset[str]) -> None:
    if shapes.is_measure(value):
        return
    wanted = set(presidio.possible(value, suggested))
    if presidio.may_be_phone(value, suggested):
        wanted.add("PHONE_NUMBER")
    short = {"IBAN_CODE", "MAC_ADDRESS", "IP_ADDRESS", "CRYPTO"}  # asked for, though too short for their recognisers
    short |= {"EMAIL_ADDRESS"} if len(value) < len("a@b.co") else set()
    assert wanted - short <= passes(value, suggested)


@settings(deadline=None, max_examples=300)
@given(values() | st.text(max_size=40))
def test_only_measures_are_left_out_as_measures_and_every_name_passes(value: str) -> None:
    texts = sieve.Texts(pa.array([value], pa.large_string()))
    where = sieve.holds(texts.array, sieve.ANY) | True
    assert not sieve.measures(texts, where, texts.has)[0] or shapes.is_measure(value)
    assert "PERSON" in passes(value) or not shapes.is_name(value)
    assert "DATE_TIME" in passes(value) or not shapes.DATE.match(value)
    assert "LOCATION" in passes(value) or not shapes.is_street(value)


@pytest.mark.parametrize("make", MAKERS)
def test_the_common_look_alikes_and_kinds_pass_only_when_they_should(make: tables.Maker) -> None:
    """Whole columns at once say what each value says by itself."""
    column = tables.column(make, 3, 40)
    found = sieve.candidates(pa.array(column, pa.large_string()), frozenset(), "no")
    for at, value in enumerate(column):
        assert {entity for entity, mask in found.items() if mask[at]} == passes(value, frozenset()) - {"PERSON"}


def test_measures_are_recognised_as_such() -> None:
    draw = random.Random(1)
    column = [f"{draw.uniform(1, 9999):.2f}" for _ in range(50)] + tables.column(tables.day, 1, 50)
    found = sieve.candidates(pa.array(column, pa.large_string()), frozenset(), "no")
    assert not any(mask.any() for mask in found.values())


@settings(deadline=None, max_examples=60)
@given(st.lists(values() | st.text(max_size=40), min_size=1, max_size=30), st.sampled_from([frozenset(), EVERY]))
def test_a_batch_after_others_that_were_nothing_is_held_against_the_same(
    texts: list[str], named: frozenset[str]
) -> None:
    """What was in vain on one batch is tried all at once on the next one, and says the same of every value."""
    tried = sieve.Tried()
    dull = ["delivered on time, left with the neighbour 7", "a.b-c: d/e (12) 345", "12 34 X"] * sieve.WORTH
    sieve.candidates(pa.array(dull, pa.large_string()), named, "silent", tried=tried)
    batch = pa.array([*texts, *dull], pa.large_string())
    assert len(tried.vain()) > 1
    learned = sieve.candidates(batch, named, "silent", tried=tried)
    for entity, mask in sieve.candidates(batch, named, "silent").items():
        assert (learned[entity] == mask).all()


@settings(deadline=None, max_examples=300)
@given(st.lists((values() | st.text(max_size=40)).filter(str.isascii), min_size=1, max_size=5))
def test_an_expression_made_ready_for_ascii_says_the_same_of_it(texts: list[str]) -> None:
    array = pa.array(texts, pa.large_string())
    for pattern in (sieve.CARD, sieve.NINE, sieve.IBAN, sieve.CRYPTO, sieve.COLONS, sieve.DEVICE, sieve.SEVEN):
        assert sieve.in_ascii(pattern).isascii()
        assert (sieve.holds(array, sieve.in_ascii(pattern)) == sieve.holds(array, pattern)).all()


@settings(deadline=None, max_examples=100)
@given(st.lists(values() | st.text(max_size=40), min_size=1, max_size=20), st.sampled_from([frozenset(), EVERY]))
def test_many_values_are_asked_for_the_same_as_each_by_itself(texts: list[str], suggested: frozenset[str]) -> None:
    many = [*texts, *(f"parcel {at}" for at in range(sieve.WORTH))]
    together, late = analyzer().examine(many, suggested)
    assert not late
    alone = presidio.Tally(suggested)
    assert together[: len(texts)] == [analyzer().look(value, suggested, alone) for value in texts]
