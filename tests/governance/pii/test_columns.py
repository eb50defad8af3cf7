import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.pii import shapes
from governance.pii.columns import NOTHING, Cells, Column, flatten, hardly_repeats, safe_names, texts


def column(values: list[str], path: str = "c") -> Column:
    found = Column(path, b"seed", 1000, people="no")
    found.add(Cells(path, len(values), pa.array(values, pa.string())))
    found.sift()
    return found


def test_long_cells_are_cut_and_said() -> None:
    gaps: set[str] = set()
    assert [len(text) for text in texts(pa.array(["x" * 70_000]), gaps).to_pylist()] == [65_536]
    assert gaps == {"pii.long_cells"}


def test_text_that_is_not_utf_8_is_read_as_windows_wrote_it() -> None:
    assert texts(pa.array(["Núñez".encode("cp1252"), b"ok"], pa.binary()), set()).to_pylist() == ["Núñez", "ok"]


def test_bytes_with_a_zero_are_no_text_and_that_is_said() -> None:
    gaps: set[str] = set()
    assert texts(pa.array([b"ok", b"\x00\x01"]), gaps).to_pylist() == ["ok"]
    assert gaps == {"pii.binary_values"}


@settings(deadline=None)
@given(
    st.lists(st.text(max_size=6) | st.sampled_from([" N/A", "12345.0", "12345.00 ", "nan", "\u3000x "]), max_size=30)
)
def test_distinct_texts_are_those_that_would_be_judged(values: list[str]) -> None:
    found = texts(pa.array(values, pa.string()), set()).to_pylist()
    assert len(found) == len(set(found))
    wanted = {shapes.plain(value) for value in values} - {text or "" for text in NOTHING.to_pylist()}
    wanted = {value for value in wanted if value.lower() not in NOTHING.to_pylist()}
    assert wanted == {shapes.plain(value) for value in found} - {""}


def test_a_few_among_many_are_all_drawn_and_counted() -> None:
    found = column([f"parcel {at}" for at in range(50_000)] + [f"p{at}@example.org" for at in range(3000)])
    draw = found.draw(1000)["EMAIL_ADDRESS"]
    assert (len(draw.values), draw.number, draw.whole) == (3000, 3000, True)


def test_of_many_that_could_be_one_some_are_drawn_and_that_is_said() -> None:
    found = column([f"p{at}@example.org" for at in range(30_000)])
    draw = found.draw(1000)["EMAIL_ADDRESS"]
    assert (len(draw.values), draw.whole) == (1000, False)
    assert 25_000 < draw.number < 35_000 and 27_000 < found.distinct < 33_000


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


def test_repeated_values_are_told_from_single_ones_wherever_they_stand() -> None:
    single, twice = [str(at) for at in range(20_000)], [str(at // 2) for at in range(20_000)]
    assert hardly_repeats(pa.array(single))
    assert not hardly_repeats(pa.array(twice))
    assert not hardly_repeats(pa.array(sorted(single[:10_000] * 2)))
    assert column(single * 2).distinct == column(single).distinct


def test_what_a_float_column_dressed_is_undressed_among_what_only_looks_so() -> None:
    assert texts(pa.array(["10.0", "5551234567.0", "a@b.co0"]), set()).to_pylist() == ["10.0", "5551234567", "a@b.co0"]
