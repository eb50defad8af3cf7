"""The language of patterns: what it means, where it is wrong, and that it takes linear time."""

import time

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.refusals import Invalid
from governance.pii.expressions import understood
from portal.sentences import say


def matches(pattern: str, text: str) -> bool:
    return bool(pc.match_substring_regex(pa.array([text], pa.large_string()), understood(pattern))[0].as_py())


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r"EMP-\d{6}", "see emp-123456.", "EMP-12345"),
        (r"[A-F]{2}\d+", "zz AB7 zz", "AG7"),
        (r"(ab|cd){2}x?", "cdab", "abx"),
        (r"\p{L}{2}\.\d{2}", "çã.07", "ç.07"),
        (r"[^-\d]{3}9", "abc9", "a-c9"),
        (r"#\d{4}", "no #1234", "no 1234"),
        (r"^A\d{3}$", "A123", "A123 A123"),
        (r"\d{3}-\d{3}", "111-222", "1111-222"),
    ],
)
def test_patterns_mean_what_people_expect(pattern: str, yes: str, no: str) -> None:
    assert matches(pattern, yes) and not matches(pattern, no)


@pytest.mark.parametrize(
    ("pattern", "code", "at"),
    [
        (r"EMP-(?=\d)", "look_around", 5),
        (r"a(?<!b)c", "look_around", 2),
        (r"(a)b\1", "look_back", 5),
        (r"ab(cd", "unclosed", 3),
        (r"ab[cd", "unclosed", 3),
        (r"ab)cd", "unopened", 3),
        (r"(?i)ab", "group", 1),
        (r"(?P<x>ab)", "group", 1),
        (r"*ab", "repeat", 1),
        (r"a+?", "repeat", 3),
        (r"ab{5,2}", "count", 3),
        (r"ab{999}", "count", 3),
        (r"ab\y", "escape", 3),
        ("ab\\", "escape", 3),
        (r"a[z-b]", "range", 3),
        (r"a[]b", "empty_set", 2),
        (r"[[:digit:]]", "set", 2),
        ("(" * 9 + "a" + ")" * 9, "deep", 9),
        (r"(\d{1,64}){1,64}", "too_long_match", 1),
        (r"\p{L}{100}", "too_long_match", 1),
    ],
)
def test_a_fault_is_named_with_its_place_and_in_a_sentence(pattern: str, code: str, at: int) -> None:
    with pytest.raises(Invalid) as refusal:
        understood(pattern)
    assert (refusal.value.code, refusal.value.params["at"]) == (f"pii.pattern_{code}", at)
    assert code == "too_long_match" or f"character {at} " in say(refusal.value)


@pytest.mark.parametrize("pattern", ["", "   ", "a?", r"\d*", "(a|)", "a|", r"\b", "^$", "a{0}"])
def test_what_matches_nothing_in_particular_is_refused(pattern: str) -> None:
    with pytest.raises(Invalid) as refusal:
        understood(pattern)
    assert refusal.value.code in {"pii.pattern_empty", "pii.pattern_unprintable", "pii.pattern_count"}


@given(st.text(st.sampled_from(r"ab1()[]{}|?*+^$\.-,:=!<dDwWsSpLN{}é "), max_size=30))
def test_whatever_is_written_is_refused_or_taken_by_re2(pattern: str) -> None:
    try:
        expression = understood(pattern)
    except Invalid:
        return
    pc.match_substring_regex(pa.array(["abc 123"], pa.large_string()), expression)


def test_patterns_that_ruin_others_take_linear_time() -> None:
    hard = pa.array(["a" * 60_000 + "!"], pa.large_string())
    for pattern in (r"(a+)+b", r"(a|a)*b", r"(a|aa)+$c", r"(.*)(.*)b"):
        try:
            expression = understood(pattern)
        except Invalid:
            continue
        begin = time.perf_counter()
        pc.match_substring_regex(hard, expression)
        assert time.perf_counter() - begin < 2, pattern
    assert understood(r"(a|a)*b"), "it is taken, and still linear"
