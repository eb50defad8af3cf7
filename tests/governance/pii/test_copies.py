"""A copy of a table in which what is personal is masked, a token, or not there; the table itself stays as it is."""

import csv
import json
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance.pii import copies, copying
from governance.pii.models import Finding, RedactedCopy, Scan
from governance.pii.sandbox import Answer, Orders, run

ROWS = [
    {"id": at, "mail": f"p{at % 7}@example.org", "name": f"Ann {'ABCDE'[at % 5]}lva", "spent": at + 0.5}
    for at in range(60)
]
CHANGES = (("mail", "token"), ("name", "drop"))


def copied(source: Path, target: Path, changes: Any = CHANGES) -> Answer:
    with target.open("wb") as out:
        orders = Orders(str(source), (str(source.parent),), "1", out=out.fileno(), changes=changes, key="ab" * 32)
        return run(orders, lambda *_: None)


def as_csv(path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)


def as_jsonl(path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))


def as_parquet(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), path, row_group_size=25)


def read(path: Path, form: str) -> list[dict[str, Any]]:
    if form == "csv":
        with path.open() as file:
            return list(csv.DictReader(file))
    if form == "jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    return pq.read_table(path).to_pylist()


@pytest.mark.parametrize("make", [as_csv, as_jsonl, as_parquet], ids=["csv", "jsonl", "parquet"])
def test_every_kind_of_table_is_copied_as_that_kind(tmp_path: Path, make: Any) -> None:
    form = make.__name__.removeprefix("as_")
    source, target = tmp_path / f"t.{form}", tmp_path / "copy"
    make(source)
    before = source.read_bytes()
    told = copied(source, target).result
    assert told == {"rows": 60, "gaps": {}, "form": form}
    rows = read(target, form)
    assert list(rows[0]) == ["id", "mail", "spent"]
    assert len({row["mail"] for row in rows}) == 7 and all(row["mail"].startswith("tok_") for row in rows)
    assert [str(row["spent"]) for row in rows] == [str(row["spent"]) for row in ROWS]
    assert b"example.org" not in target.read_bytes() and b"lva" not in target.read_bytes()
    assert source.read_bytes() == before


def test_masked_values_keep_only_their_shape(tmp_path: Path) -> None:
    as_csv(tmp_path / "t.csv")
    assert copied(tmp_path / "t.csv", tmp_path / "copy", (("mail", "mask"),)).result is not None
    assert {row["mail"] for row in read(tmp_path / "copy", "csv")} == {"a9@aaaaaa.aaa"}


def test_what_lies_inside_a_column_is_changed_with_it(tmp_path: Path) -> None:
    nested = [{"id": 1, "who": {"mail": "zoe@example.org", "age": 4}}] * 3
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in nested))
    copied(tmp_path / "t.jsonl", tmp_path / "copy", (("who.mail", "drop"),))
    assert read(tmp_path / "copy", "jsonl")[0] == {"id": 1, "who": {"age": 4}}
    pq.write_table(pa.Table.from_pylist(nested), tmp_path / "t.parquet")
    copied(tmp_path / "t.parquet", tmp_path / "copy", (("who.mail", "mask"),))
    assert "zoe" not in str(read(tmp_path / "copy", "parquet"))


def test_a_column_that_is_not_there_is_said(tmp_path: Path) -> None:
    as_csv(tmp_path / "t.csv")
    assert copied(tmp_path / "t.csv", tmp_path / "copy", (("nothing", "drop"),)).why == "pii.no_such_column"


class TestAsking:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, settings: Any) -> Path:
        settings.SCAN_COPIES = tmp_path / "copies"
        return settings.SCAN_COPIES

    def test_what_was_found_is_masked_unless_something_else_is_said(
        self, scanned: Scan, asset: Any, people: SimpleNamespace, folder: Path, run_jobs: Any
    ) -> None:
        place = f"/api/v1/datasets/{asset.pk}/copies"
        asked = people.ann.api.post(place, {"columns": {"amount": "drop"}}, content_type="application/json")
        assert asked.json()["columns"] == {"customer_email": "mask", "amount": "drop"}
        run_jobs()
        (told,) = people.vera.api.get(place).json()["results"]
        assert (told["state"], told["rows"], told["why"]) == ("done", 40, [])
        (made,) = folder.iterdir()
        assert (str(made), made.stat().st_mode & 0o777) == (told["path"], 0o600)
        assert read(made, "csv")[0] == {"id": "1", "customer_email": "aaaaaa9@aaaaaa.aaa"}
        assert people.eve.api.get(place).status_code == 404

    def test_names_that_begin_with_an_underscore_are_columns_like_others(
        self, scanned: Scan, asset: Any, table: Path, people: SimpleNamespace, folder: Path, run_jobs: Any
    ) -> None:
        table.write_text(table.read_text().replace("customer_email", "_email"))
        Finding.objects.update(column="_email")
        people.ann.api.post(f"/api/v1/datasets/{asset.pk}/copies", {}, content_type="application/json")
        run_jobs()
        (made,) = folder.iterdir()
        assert "example" not in made.read_text()

    def test_what_stands_in_a_footer_is_changed_in_its_column(
        self, scanned: Scan, asset: Any, people: SimpleNamespace, folder: Path, run_jobs: Any
    ) -> None:
        Finding.objects.update(column="_statistics.customer_email")
        people.ann.api.post(f"/api/v1/datasets/{asset.pk}/copies", {}, content_type="application/json")
        run_jobs()
        (made,) = folder.iterdir()
        assert "example" not in made.read_text()

    def test_what_was_found_beside_the_rows_alone_is_not_in_the_copy_anyway(
        self, scanned: Scan, asset: Any, people: SimpleNamespace, folder: Path, run_jobs: Any
    ) -> None:
        Finding.objects.update(column="_metadata.owner")
        people.ann.api.post(f"/api/v1/datasets/{asset.pk}/copies", {}, content_type="application/json")
        run_jobs()
        assert RedactedCopy.objects.get().state == "done"

    def test_what_cannot_be_read_whole_leaves_no_copy(
        self, scanned: Scan, asset: Any, table: Path, people: SimpleNamespace, folder: Path, run_jobs: Any
    ) -> None:
        table.write_text(table.read_text() + "1\n")
        people.ann.api.post(f"/api/v1/datasets/{asset.pk}/copies", {}, content_type="application/json")
        run_jobs()
        row = RedactedCopy.objects.get()
        assert (row.state, row.path, row.why) == ("failed", "", {"pii.ragged_rows": 1})
        assert list(folder.iterdir()) == []

    def test_a_worker_that_was_killed_begins_again(
        self, scanned: Scan, asset: Any, people: SimpleNamespace, now: datetime, folder: Path, run_jobs: Any
    ) -> None:
        row = copying.ask_copy(actor=people.ann.actor, asset_id=asset.pk, changes={}, now=now)
        folder.mkdir()
        (folder / f"{row.pk}.part").write_text("half")
        run_jobs()
        row.refresh_from_db()
        assert (row.state, [each.suffix for each in folder.iterdir()]) == ("done", [".csv"])

    def test_nothing_to_change_and_unknown_actions_are_refused(
        self, scanned: Scan, asset: Any, people: SimpleNamespace
    ) -> None:
        place = f"/api/v1/datasets/{asset.pk}/copies"
        wrong = people.ann.api.post(place, {"columns": {"id": "burn"}}, content_type="application/json")
        assert wrong.status_code == 400
        Finding.objects.update(state="disputed")
        nothing = people.ann.api.post(place, {}, content_type="application/json")
        assert (nothing.status_code, nothing.json()["code"]) == (422, "pii.nothing_to_change")
        assert people.vera.api.post(place, {}, content_type="application/json").status_code == 403

    def test_it_is_asked_for_in_the_browser(
        self, scanned: Scan, asset: Any, people: SimpleNamespace, run_jobs: Any
    ) -> None:
        place = f"/datasets/{asset.pk}/copies"
        assert "customer_email" in people.ann.client.get(place).content.decode()
        assert people.ann.client.post(place, {"column_0": "burn"}).status_code == 422
        assert people.ann.client.post(place, {"column_0": "token"}).status_code == 302
        run_jobs()
        assert "a token" in people.vera.client.get(place).content.decode()

    def test_tokens_are_the_same_in_every_copy(self) -> None:
        assert copies.key() == copies.key() and len(copies.key()) == 64
