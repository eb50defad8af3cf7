"""Merging: order and repetition change nothing, in Python and in the database alike."""

from hypothesis import given
from hypothesis import strategies as st

from lineage.merge import Merge, combine

RULE = Merge(
    ("key",),
    least=("first", "start"),
    greatest=("last",),
    latest={("at",): ("value",)},
    earliest={("first",): ("name",)},
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from("ab"),
            "first": st.integers(0, 5),
            "start": st.none() | st.integers(0, 5),
            "last": st.integers(0, 5),
            "at": st.integers(0, 3),
            "value": st.sampled_from("xyz"),
            "name": st.sampled_from("mno"),
        }
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS, st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_give_the_same(rows, chance):
    shuffled = rows + rows[: len(rows) // 2]
    chance.shuffle(shuffled)
    assert combine(RULE, rows) == combine(RULE, shuffled)


@given(ROWS, st.integers(0, 12))
def test_merging_in_parts_is_merging_at_once(rows, at):
    assert combine(RULE, combine(RULE, rows[:at]) + combine(RULE, rows[at:])) == combine(RULE, rows)


def test_null_never_wins():
    rows = [
        {"key": "a", "first": 1, "start": s, "last": 1, "at": 0, "value": "x", "name": "m"} for s in (None, 3, None, 2)
    ]
    assert combine(RULE, rows)[0]["start"] == 2
