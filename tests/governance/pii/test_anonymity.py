"""How many rows are alike in chosen columns: the same answer from every kind of table, and never by accident."""

import json
import random
from collections import Counter
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance.pii.measuring import Question, ask_anonymity
from governance.pii.models import Anonymity
from governance.pii.sandbox import Orders, run

ROWS = [
    {
        "zip": f"{1000 + dice.randint(0, 6)}",
        "born": 1960 + dice.randint(0, 9),
        "sick": dice.choice(["flu", "cold", None]),
    }
    for dice in [random.Random(5)]
    for _ in range(400)
]
API = "/api/v1"


def expected() -> dict[str, Any]:
    """The same by counting values."""
    groups = Counter((row["zip"], row["born"]) for row in ROWS)
    diverse = {group: {row["sick"] for row in ROWS if (row["zip"], row["born"]) == group} for group in groups}
    below = {str(n): sum(size for size in groups.values() if size < n) for n in (2, 3, 5, 10)}
    return {
        "k": min(groups.values()), "groups": len(groups), "below": below,
        "diversity": {"sick": min(map(len, diverse.values()))},
    }  # fmt: skip


def as_csv(path: Path) -> None:
    lines = (f"{row['zip']},{row['born']},{row['sick'] or ''}\n" for row in ROWS)
    path.write_text("zip,born,sick\n" + "".join(lines))


def as_jsonl(path: Path) -> None:
    rows = ({key: value for key, value in row.items() if value is not None} for row in ROWS)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def as_parquet(path: Path) -> None:
    table = pa.Table.from_pylist(ROWS)
    table = table.set_column(0, "zip", table["zip"].dictionary_encode())
    pq.write_table(table, path, row_group_size=90)


def measured(path: Path, *quasi: str, sensitive: tuple[str, ...] = ()) -> Any:
    return run(Orders(str(path), (str(path.parent),), "1", quasi=quasi, sensitive=sensitive), lambda *_: None)


@pytest.mark.parametrize("make", [as_csv, as_jsonl, as_parquet], ids=["csv", "jsonl", "parquet"])
def test_every_kind_of_table_gives_the_counts_of_its_values(tmp_path: Path, make: Any) -> None:
    path = tmp_path / f"t.{make.__name__.removeprefix('as_')}"
    make(path)
    told = measured(path, "zip", "born", sensitive=("sick",)).result
    assert {name: told[name] for name in expected()} == expected()
    assert (told["rows"], told["gaps"]) == (400, {})


def test_a_column_that_is_not_there_is_said(tmp_path: Path) -> None:
    as_parquet(tmp_path / "t.parquet")
    assert measured(tmp_path / "t.parquet", "zip", "nothing").why == "pii.no_such_column"


def test_columns_are_taken_apart_where_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps({"who": {"zip": str(at % 2)}, "a": "x", "b": "y"}) + "\n" for at in range(10)))
    assert measured(path, "who.zip").result["k"] == 5
    path.write_text('{"a": "xy", "b": "z"}\n{"a": "x", "b": "yz"}\n')
    assert measured(path, "a", "b").result["k"] == 1


class TestAsking:
    @pytest.fixture
    def told(self, asset: Any, table: Path) -> Any:
        as_csv(table)
        return asset

    def test_it_is_asked_for_by_rest_and_counted_by_an_errand(
        self, told: Any, people: SimpleNamespace, run_jobs: Any
    ) -> None:
        place = f"{API}/datasets/{told.pk}/anonymity"
        body = {"quasi": ["zip", "born"], "sensitive": ["sick"]}
        asked = people.ann.api.post(place, body, content_type="application/json")
        assert (asked.status_code, asked.json()["state"]) == (202, "queued")
        run_jobs()
        (row,) = people.vera.api.get(place).json()["results"]
        assert (row["state"], row["k"], row["below"]) == ("done", expected()["k"], expected()["below"])
        assert people.eve.api.get(place).status_code == 404
        assert people.vera.api.post(place, body, content_type="application/json").status_code == 403

    def test_what_was_not_read_whole_gives_no_k(
        self, told: Any, table: Path, people: SimpleNamespace, now: datetime, run_jobs: Any
    ) -> None:
        table.write_text(table.read_text() + "1\n")
        ask_anonymity(actor=people.ann.actor, asset_id=told.pk, question=Question(["zip"]), now=now)
        run_jobs()
        row = Anonymity.objects.get()
        assert (row.state, row.k, row.why) == ("failed", None, {"pii.ragged_rows": 1})

    @pytest.mark.parametrize("body", [{"quasi": []}, {"quasi": ["a", "a"]}, {"quasi": ["a"], "sensitive": ["a"]}, {}])
    def test_what_makes_no_question_is_refused(self, told: Any, people: SimpleNamespace, body: Any) -> None:
        answer = people.ann.api.post(f"{API}/datasets/{told.pk}/anonymity", body, content_type="application/json")
        assert answer.status_code in {400, 422}
        assert answer["Content-Type"] == "application/problem+json"

    def test_columns_that_a_scan_told_of_are_ticked_by_name(self, scanned: Any, asset: Any, people: Any) -> None:
        place = f"/datasets/{asset.pk}/anonymity"
        assert 'value="customer_email"' in people.ann.client.get(place).content.decode()
        assert people.ann.client.post(place, {"quasi": ["no_such_column"]}).status_code == 422
        assert people.ann.client.post(place, {"quasi": ["id", "customer_email"]}).status_code == 302
        assert Anonymity.objects.get().quasi == ["id", "customer_email"]
        assert 'hx-trigger="every 2s"' in people.ann.client.get(place).content.decode()

    def test_it_is_asked_for_in_the_browser(self, told: Any, people: SimpleNamespace, run_jobs: Any) -> None:
        place = f"/datasets/{told.pk}/anonymity"
        assert "Nothing asked yet" in people.ann.client.get(place).content.decode()
        assert people.ann.client.post(place, {"quasi": "zip, zip"}).status_code == 422
        assert people.ann.client.post(place, {"quasi": "zip, born", "sensitive": "sick"}).status_code == 302
        run_jobs()
        page = people.vera.client.get(place).content.decode()
        assert f"k = {expected()['k']}" in page and "Ask" not in page.split("<main")[1].split("Asked")[0]
