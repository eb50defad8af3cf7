import math

from hypothesis import given, settings
from hypothesis import strategies as st

from governance.pii.statistics import chance, clean_bound, wilson

seen = st.integers(1, 5000)


@settings(deadline=None)
@given(seen, st.data())
def test_the_interval_holds_the_share_and_stays_a_share(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n <= high <= 1


@settings(deadline=None)
@given(st.integers(1, 500), st.data())
def test_more_values_of_the_same_share_narrow_the_interval(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = wilson(hits, n)
    tighter_low, tighter_high = wilson(10 * hits, 10 * n)
    assert tighter_high - tighter_low < high - low


def test_the_interval_is_the_published_one() -> None:
    low, high = wilson(10, 100)
    assert math.isclose(low, 0.05522914, abs_tol=1e-6)
    assert math.isclose(high, 0.17436566, abs_tol=1e-6)


def test_of_nothing_seen_nothing_is_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert clean_bound(0) == clean_bound(2) == 1.0
    assert clean_bound(1000) == 0.003


@settings(deadline=None)
@given(seen)
def test_the_rule_of_three_covers_what_wilson_would_say(n: int) -> None:
    assert (1 - clean_bound(n)) ** n <= 0.06


@settings(deadline=None)
@given(st.integers(0, 60), st.floats(0.01, 0.6))
def test_luck_is_the_exact_binomial_tail(n: int, base: float) -> None:
    for k in range(n + 1):
        exact = sum(math.comb(n, j) * base**j * (1 - base) ** (n - j) for j in range(k, n + 1))
        assert math.isclose(chance(k, n, base), exact, rel_tol=1e-9, abs_tol=1e-15)


@settings(deadline=None)
@given(st.integers(1, 1000), st.data())
def test_passing_more_often_is_never_likelier(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, n))
    assert chance(k, n, 0.1) <= chance(k - 1, n, 0.1)
