"""The demo's tables: the same every time, personal where they should be, and clean where they must be."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from portal.demo import data
from portal.demo.emit import CLEANED_FROM, FEATURES_FROM


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> data.Month:
    later = data.months(tmp_path_factory.mktemp("demo"))[1]
    data.make(later)
    return later


def test_a_month_has_twenty_thousand_payments_of_which_a_few_are_fraud(month: data.Month) -> None:
    raw = pa.csv.read_csv(month.raw)
    assert raw.num_rows == 20_000
    assert 0.03 < sum(raw["is_fraud"].to_pylist()) / raw.num_rows < 0.2


def test_the_same_seed_gives_the_same_bytes(month: data.Month, tmp_path: Path) -> None:
    again = data.months(tmp_path)[1]
    data.make(again)
    assert again.raw.read_bytes() == month.raw.read_bytes()
    assert again.features.read_bytes() == month.features.read_bytes()


def test_what_is_there_stays_as_it_is(month: data.Month) -> None:
    before = month.raw.stat().st_mtime_ns
    data.make(month)
    assert month.raw.stat().st_mtime_ns == before


def test_a_half_written_table_is_written_again(month: data.Month, tmp_path: Path) -> None:
    again = data.months(tmp_path)[1]
    again.raw.parent.mkdir(parents=True)
    again.raw.with_suffix(".csv.draft").write_text("cut off")
    data.make(again)
    assert again.raw.read_bytes() == month.raw.read_bytes()


def test_the_cleaned_table_and_the_features_name_nobody(month: data.Month) -> None:
    raw = pa.csv.read_csv(month.raw)
    secrets = {str(v) for c in ("customer_name", "email", "phone", "card_number", "cpf") for v in raw[c].to_pylist()}
    for path in (month.cleaned, month.features):
        table = pa.parquet.read_table(path)
        for column in table.column_names:
            assert not secrets & {str(value) for value in table[column].to_pylist()} - {""}, column


def test_the_later_month_has_one_column_more(tmp_path: Path) -> None:
    first, later = (data.derive(data.clean(data.payments(m, 50))).column_names for m in data.months(tmp_path))
    assert set(later) - set(first) == {"payments_last_hour"}
    assert set(first) < set(later)


def test_every_column_is_derived_from_columns_that_exist(month: data.Month) -> None:
    raw = pa.csv.read_csv(month.raw).column_names
    cleaned = pa.parquet.read_table(month.cleaned).column_names
    features = pa.parquet.read_table(month.features).column_names
    for made, source, mapping in ((cleaned, raw, CLEANED_FROM), (features, cleaned, FEATURES_FROM)):
        assert set(mapping) <= set(made)
        for column in made:
            assert set(mapping.get(column, (column,))) <= set(source), column
