"""Files as they come, and as they should not come: every one ends in columns, gaps that say why, or a refusal."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from audit.refusals import Refused
from governance.pii import places, readers, rules
from governance.pii.columns import texts


def read(path: Path) -> tuple[dict[str, list[str]], dict[str, int], int]:
    """The table's own columns, without what stands beside its rows."""
    found, gaps, rows = everything(path)
    return {name: each for name, each in found.items() if not name.startswith(rules.BESIDE)}, gaps, rows


def everything(path: Path) -> tuple[dict[str, list[str]], dict[str, int], int]:
    found: dict[str, set[str]] = {}
    rows = 0
    with path.open("rb") as file:
        reading = readers.Reading(path.stat().st_size, file.tell)
        for batch in readers.batches(file, path.name, reading):
            rows += batch[0].rows if batch else 0
            for cells in batch:
                found.setdefault(cells.path, set()).update(texts(cells.values, set()).to_pylist())
    return {name: sorted(values) for name, values in found.items()}, reading.gaps, rows


def refusal(path: Path) -> str:
    with pytest.raises(Refused) as caught:
        read(path)
    assert not caught.value.params
    return caught.value.code


TABLE = {"id": [1, 2, 3], "mail": ["a@example.org", "b@example.org", None], "cents": [1.5, 2.0, 3.25]}
EXPECTED = {"id": ["1", "2", "3"], "mail": ["a@example.org", "b@example.org"], "cents": ["1.5", "2", "3.25"]}


def test_parquet_arrow_and_feather_give_the_same_columns(tmp_path: Path) -> None:
    table = pa.table(TABLE)
    pq.write_table(table, tmp_path / "t.parquet")
    feather.write_feather(table, tmp_path / "t.feather")
    with pa.ipc.new_stream(tmp_path / "t.arrow", table.schema) as stream:
        stream.write_table(table)
    for name in ("t.parquet", "t.feather", "t.arrow"):
        assert read(tmp_path / name) == (EXPECTED, {}, 3)


def test_the_least_and_greatest_values_in_a_footer_are_read_as_columns_of_their_own(tmp_path: Path) -> None:
    pq.write_table(pa.table(TABLE), tmp_path / "t.parquet")
    beside = {name: each for name, each in everything(tmp_path / "t.parquet")[0].items() if name not in EXPECTED}
    assert beside == {"_statistics.mail": ["a@example.org", "b@example.org"]}


@pytest.mark.parametrize("pack", [lambda b: b, gzip.compress], ids=["plain", "gz"])
def test_csv_keeps_every_cell_as_text(tmp_path: Path, pack: Any) -> None:
    path = tmp_path / ("t.csv" if pack(b"") == b"" else "t.csv.gz")
    path.write_bytes(pack(b'code;note\n007;"two\nlines"\n1e5;x\n'))
    assert read(path) == ({"code": ["007", "1e5"], "note": ["two\nlines", "x"]}, {}, 2)


def test_a_late_surprise_in_a_number_column_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("n,m\n" + "1,2\n" * 400_000 + "ana@example.org,3\n")
    assert read(path)[0]["n"] == ["1", "ana@example.org"]


def test_a_table_without_a_header_loses_no_row_and_keeps_no_value_as_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("ana@example.org,1\nbob@example.org,2\n")
    assert read(path) == ({"column_1": ["ana@example.org", "bob@example.org"], "column_2": ["1", "2"]}, {}, 2)


def test_jsonl_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"a": {"b": ["x", 12345678901234567890]}}) + "\n\nnot json\n" + '{"a": 0.10}\n')
    assert read(path) == ({"a.b[]": ["12345678901234567890", "x"], "a": ["0.10"]}, {"pii.bad_lines": 1}, 2)


def test_nested_parquet_is_read_by_path(tmp_path: Path) -> None:
    table = pa.table(
        {
            "who": [{"mail": "a@example.org", "tags": [["x"], ["y"]]}],
            "m": pa.array([[("k", "v")]], pa.map_(pa.string(), pa.string())),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet")[0] == {
        "who.mail": ["a@example.org"],
        "who.tags[][]": ["x", "y"],
        "m{}": ["k"],
        "m[]": ["v"],
    }


def test_numbers_and_categories_become_text(tmp_path: Path) -> None:
    table = pa.table({
        "card": pa.array([4111111111111111.0, None]), "kind": pa.array(["visa", "visa"]).dictionary_encode(),
        "day": pa.array([0, 1], pa.date32()), "ok": [True, False], "raw": pa.array([b"abc", b"\x00\x01"]),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet")
    columns, _gaps, _rows = read(tmp_path / "t.parquet")
    assert columns["card"] == ["4111111111111111"]
    assert (columns["kind"], columns["day"], columns["raw"]) == (["visa"], ["1970-01-01", "1970-01-02"], ["abc"])


def test_ragged_rows_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n1,2,3\n4\n5,6\n")
    assert read(path) == ({"a": ["1", "5"], "b": ["2", "6"]}, {"pii.ragged_rows": 2}, 2)


def test_a_line_of_fifty_megabytes_stops_the_reading_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n1,2\n" + b"x" * 50_000_000 + b",2\n")
    try:
        assert read(path)[1] == {"pii.broken_midway": 1}
    except Refused as refused:
        assert refused.code == "pii.broken_file"  # noqa: PT017 - either is an answer
    lines = tmp_path / "t.jsonl"
    lines.write_bytes(b'{"a": 1}\n{"a": "' + b"x" * 50_000_000 + b'"}\n{"a": 2}\n')
    assert read(lines) == ({"a": ["1", "2"]}, {"pii.line_too_long": 1}, 2)


def test_truncated_and_flipped_parquet_never_reads_as_whole(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [f"value {at}" for at in range(50_000)]}), path, row_group_size=5_000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal(path) == "pii.broken_file"
    path.write_bytes(whole[:5000] + bytes(200) + whole[5200:])
    try:
        assert read(path)[1]
    except Refused as refused:
        assert refused.code == "pii.broken_file"  # noqa: PT017


def test_a_cut_gzip_is_incomplete(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + os.urandom(3_000_000).hex().encode())[:-200_000])
    try:
        assert read(path)[1]
    except Refused as refused:
        assert refused.code == "pii.broken_file"  # noqa: PT017


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("t.csv", b"", "pii.empty_file"), ("t.csv", b"\x80\x04\x00pickle\x00", "pii.not_text"),
     ("t.pkl", b"abc", "pii.unknown_format"),
     ("t.parquet", b"not it", "pii.not_that_format"), ("t.parquet", b"PAR1nonsense", "pii.broken_file")],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_reason(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name) == code


class TestPlaces:
    def test_a_file_under_a_root_opens(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("a\n1\n")
        os.close(places.open_file(str(tmp_path / "t.csv"), [tmp_path]))

    def test_links_and_dots_lead_nowhere_else(self, tmp_path: Path) -> None:
        root, secret = tmp_path / "root", tmp_path / "secret"
        root.mkdir()
        secret.mkdir()
        (secret / "t.csv").write_text("a\n1\n")
        (root / "link.csv").symlink_to(secret / "t.csv")
        (root / "folder").symlink_to(secret)
        escapes = [root / "link.csv", root / "folder" / "t.csv", root / ".." / "secret" / "t.csv", Path("/etc/passwd")]
        for path in escapes:
            with pytest.raises(Refused, match=r"pii\.outside_roots"):
                places.open_file(str(path), [root])

    def test_a_root_that_only_starts_alike_is_another_root(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data2").mkdir()
        (tmp_path / "data2" / "t.csv").write_text("a\n")
        with pytest.raises(Refused, match=r"pii\.outside_roots"):
            places.open_file(str(tmp_path / "data2" / "t.csv"), [tmp_path / "data"])

    @pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
    def test_only_regular_files_open(self, tmp_path: Path, make: Any) -> None:
        make(tmp_path / "x.csv")
        with pytest.raises(Refused, match=r"pii\.not_a_file"):
            places.open_file(str(tmp_path / "x.csv"), [tmp_path])

    def test_without_roots_nothing_opens(self, tmp_path: Path) -> None:
        with pytest.raises(Refused, match=r"pii\.outside_roots"):
            places.open_file(str(tmp_path / "t.csv"), [])
        with pytest.raises(Refused, match=r"pii\.path_not_absolute"):
            places.open_file("t.csv", [Path.cwd()])
