import random
from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.pii import lowest
from governance.pii.lowest import Count, Lowest, hashes


def drawn(values: list[str], seed: bytes = b"seed", most: int = 20, batch: int = 7) -> tuple[Lowest, Count]:
    sample, count = Lowest(most), Count(most)
    for start in range(0, len(values), batch):
        part = list(dict.fromkeys(values[start : start + batch]))
        places = hashes(pa.array(part, pa.string()), seed)
        count.add(places)
        at = sample.wanted(places, np.ones(len(part), bool))
        sample.add(places[at].tolist(), [part[one] for one in at])
    return sample, count


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=5), max_size=80), st.randoms(use_true_random=False))
def test_the_sample_depends_on_the_seed_and_not_on_order_or_repetition(values: list[str], draw: random.Random) -> None:
    shuffled = values * 2
    draw.shuffle(shuffled)
    assert drawn(values)[0].values == drawn(shuffled, batch=3)[0].values


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=5), max_size=80))
def test_a_sample_is_everything_or_part_of_it_and_says_which(values: list[str]) -> None:
    sample, count = drawn(values)
    assert set(sample.values) <= set(values)
    assert len(sample.values) == min(20, len(set(values)))
    assert sample.over == (len(set(values)) > 20)
    assert sample.over or sample.number == count.number == len(set(values))


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=50, unique=True), st.integers(1, 64))
def test_a_hash_is_of_the_text_alone_and_no_two_texts_share_one(values: list[str], piece: int) -> None:
    whole = hashes(pa.array(values, pa.string()), b"s")
    lowest.PIECE, before = piece, lowest.PIECE
    try:
        assert (hashes(pa.array(["?", *values], pa.large_string()).slice(1), b"s") == whole).all()
    finally:
        lowest.PIECE = before
    assert len(set(whole.tolist())) == len(values)


def test_every_place_in_a_sorted_table_is_as_likely() -> None:
    values = [f"{at:04}" for at in range(1000)]
    kept = (drawn(values, str(seed).encode(), 50)[0].values for seed in range(60))
    places = Counter(int(value) // 100 for sample in kept for value in sample)
    assert sum(places.values()) == 3000
    assert all(220 < places[tenth] < 380 for tenth in range(10))


def test_distinct_values_beyond_the_sample_are_estimated() -> None:
    sample, count = drawn([str(at) for at in range(20_000)], most=1000, batch=2000)
    assert 18_000 < sample.number < 22_000
    assert 18_000 < count.number < 22_000


def test_long_values_are_kept_within_some_megabytes() -> None:
    sample, _count = drawn(["x" * 60_000 + str(at) for at in range(400)], most=1000, batch=50)
    assert sample.over and 1 < sum(map(len, sample.values)) <= lowest.HEAVY
