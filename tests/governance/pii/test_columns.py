import random
from collections import Counter

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.pii.columns import Cells, Sample, flatten, safe_names


def drawn(values: list[str], seed: bytes = b"seed", most: int = 20, batch: int = 7) -> Sample:
    sample = Sample("c", seed, most)
    for start in range(0, len(values), batch):
        part = values[start : start + batch]
        sample.add(Cells("c", len(part), pa.array(part, pa.string())))
    return sample


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=5), max_size=80), st.randoms(use_true_random=False))
def test_the_sample_depends_on_the_seed_and_not_on_order_or_repetition(values: list[str], draw: random.Random) -> None:
    shuffled = values * 2
    draw.shuffle(shuffled)
    assert drawn(values).values == drawn(shuffled, batch=3).values


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=5), max_size=80))
def test_a_census_is_everything_and_a_sample_is_part_of_it(values: list[str]) -> None:
    sample = drawn(values)
    assert set(sample.values) <= set(values)
    assert sample.census == (len(set(values)) <= 20)
    assert not sample.census or set(sample.values) == set(values)


def test_every_place_in_a_sorted_table_is_as_likely() -> None:
    values = [f"{at:04}" for at in range(1000)]
    places = Counter(int(value) // 100 for seed in range(60) for value in drawn(values, str(seed).encode(), 50).values)
    assert sum(places.values()) == 3000
    assert all(220 < places[tenth] < 380 for tenth in range(10))


def test_distinct_values_beyond_the_sample_are_estimated() -> None:
    sample = drawn([str(at) for at in range(20_000)], most=1000, batch=2000)
    assert 18_000 < sample.distinct < 22_000


def test_long_cells_are_cut_and_said() -> None:
    sample = drawn(["x" * 70_000])
    assert len(sample.values[0]) == 65_536
    assert sample.gaps == {"pii.long_cells"}


def test_text_that_is_not_utf_8_is_read_as_windows_wrote_it() -> None:
    sample = Sample("c", b"", 10)
    sample.add(Cells("c", 1, pa.array(["Núñez".encode("cp1252")], pa.binary())))
    assert sample.values == ["Núñez"]


def test_a_first_row_of_data_is_data_and_never_a_name() -> None:
    assert safe_names(["ana@example.org", "4111111111111111"]) == (["column_1", "column_2"], False)
    assert safe_names(["id", "e-mail", "cpf"]) == (["id", "e-mail", "cpf"], True)


def test_a_name_that_looks_like_a_value_is_replaced() -> None:
    assert safe_names(["id", "label", "555-01-2345"], header_certain=True)[0] == ["id", "label", "column_3"]
    assert safe_names(["a", "a"])[0] == ["a", "a_2"]


def test_nested_json_becomes_paths_and_keys_that_are_values_are_examined() -> None:
    rows = [{"customer": {"mails": [{"to": "a@example.org"}]}, "by": {"b@example.org": 1}}]
    found = {cells.path: cells.values.to_pylist() for cells in flatten(rows)}
    assert found == {"customer.mails[].to": ["a@example.org"], "by.*": ["b@example.org", "1"]}
