import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import DEEPEST, _plainly_fits, canonical, composed, instant, parse
from audit.refusals import Invalid

SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text().map(composed)
KEYS = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=8)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@given(VALUES)
def test_what_is_written_is_read_back_and_written_the_same(value) -> None:
    data = canonical(value)
    assert parse(data) == value
    assert canonical(json.loads(data)) == data


@given(st.dictionaries(KEYS, SCALARS, min_size=2, max_size=6))
def test_the_order_of_keys_does_not_matter(value) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_the_form_is_the_shortest_one() -> None:
    assert canonical({"b": [1, True, None], "a": "é\n"}) == '{"a":"é\\n","b":[1,true,null]}'.encode()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (0.5, "float"),
        (2**53, "beyond"),
        (-(2**53), "beyond"),
        ({"Name": 1}, "a key"),
        ({"a b": 1}, "a key"),
        ({"": 1}, "a key"),
        ({1: 1}, "a key"),
        ({"é": 1}, "a key"),
        ("e\u0301", "NFC"),
        ("\ud800", "lone surrogate"),
        (b"bytes", "bytes"),
        (datetime(2026, 1, 1, tzinfo=UTC), "datetime"),
        ((1, 2), "tuple"),
        ({1, 2}, "set"),
    ],
)
def test_what_is_outside_the_profile_is_refused(value, why) -> None:
    with pytest.raises(Invalid) as refusal:
        canonical({"deep": [value]})
    assert refusal.value.code == "audit.not_canonical"
    assert why in str(refusal.value.params["why"])
    assert str(refusal.value.params["where"]).startswith("$.deep[0]")


def test_a_value_nested_beyond_reason_is_refused() -> None:
    value: list[object] = []
    for _ in range(50):
        value = [value]
    with pytest.raises(Invalid):
        canonical(value)


@pytest.mark.parametrize("data", [b'{"a": 1}', b'{"b":1,"a":1}', b'{"a":1,"a":1}', b'"\\u0061"', b"1.0", b"{", b"\xff"])
def test_bytes_that_could_be_written_otherwise_are_refused(data) -> None:
    with pytest.raises(Invalid):
        parse(data)


def test_strings_are_composed_wherever_they_stand() -> None:
    assert composed({"a": ["e\u0301", ("e\u0301",)], "n": 3}) == {"a": ["é", ["é"]], "n": 3}


def test_times_are_utc_with_six_digits() -> None:
    assert instant(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05.000000Z"
    assert (
        instant(datetime(2026, 1, 2, 3, 4, 5, 7, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-02T01:04:05.000007Z"
    )
    with pytest.raises(Invalid):
        instant(datetime(2026, 1, 2))


WITHIN = [None, True, 7, -(2**53) + 1, "plain", "é", [], {}, {"a_1": [1, {"b": ["x"]}]}, [[None]]]
BEYOND = [1.0, 2**53, "e\u0301", "\ud800", {"A": 1}, {1: 1}, {"a\n": 1}, (1,), b"x", [1.0], {"a": {"b c": 1}}]


@pytest.mark.parametrize("value", WITHIN, ids=ascii)
def test_what_is_in_the_profile_is_kept_as_it_is(value: object) -> None:
    assert _plainly_fits([{"a": value}]) == (value != "é")
    assert json.loads(canonical([{"a": value}])) == [{"a": value}]


@pytest.mark.parametrize("value", BEYOND, ids=ascii)
def test_what_is_beyond_the_profile_does_not_fit_at_a_glance_either(value: object) -> None:
    assert not _plainly_fits([{"a": value}])
    with pytest.raises(Invalid):
        canonical([{"a": value}])


def test_the_deepest_value_is_the_same_at_a_glance_and_closely() -> None:
    for depth in range(DEEPEST - 2, DEEPEST + 3):
        value: object = "x"
        for _ in range(depth):
            value = [value]
        assert _plainly_fits(value) == (depth <= DEEPEST)
        with nullcontext() if depth <= DEEPEST else pytest.raises(Invalid):
            canonical(value)
