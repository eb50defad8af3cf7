"""Tables of files, of stores and of databases, read by the scan's real child process."""

import sqlite3
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.refusals import Refused
from governance.pii import places, services
from governance.pii.models import Finding, Scan
from governance.pii.sandbox import Answer, Orders, run
from tests.governance.pii.test_hostile import watched

MAILS = [f"person{at}@example.org" for at in range(40)]


def scanned(path: Path | str, root: Path | str = "", **more: Any) -> Answer:
    with watched() as seen:
        answer = run(Orders(str(path), (str(root or path),), "1", **more), lambda *_: None)
    assert seen.peak < 500, f"{seen.peak} MB"
    return answer


def entities(answer: Answer) -> dict[str, list[str]]:
    assert answer.result is not None, answer.why
    return {column["path"]: [one["type"] for one in column["found"]] for column in answer.result["columns"]}


class TestBeside:
    def test_what_a_footer_notes_is_looked_at_and_told_where_the_columns_do_not_tell_it(self, tmp_path: Path) -> None:
        table = pa.table({"id": ["a", "b"], "mail": MAILS[:2]}).replace_schema_metadata({"owner": "zoe@example.org"})
        pq.write_table(table, tmp_path / "t.parquet")
        told = entities(scanned(tmp_path / "t.parquet"))
        assert told == {"id": [], "mail": ["EMAIL_ADDRESS"], "_metadata.owner": ["EMAIL_ADDRESS"]}

    def test_a_column_name_that_is_a_value_is_a_finding_and_is_not_kept(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("id,GB82 WEST 1234 5698 7654 32,city\n1,2,Rome\n3,4,Lima\n")
        answer = scanned(tmp_path / "t.csv")
        assert entities(answer)["_column_names"] == ["IBAN_CODE"]
        assert "WEST" not in str(answer.result)


class TestDelta:
    @pytest.fixture
    def table(self, tmp_path: Path) -> Path:
        import deltalake

        path = tmp_path / "people"
        for day in ("one", "two"):
            rows = pa.table({"mail": MAILS, "day": [day] * 40, "spent": [1.5] * 40})
            deltalake.write_deltalake(str(path), rows, mode="append", partition_by=["day"])
        return path

    def test_the_rows_of_every_file_and_its_partitions_are_read(self, table: Path) -> None:
        answer = scanned(table)
        assert entities(answer) == {"mail": ["EMAIL_ADDRESS"], "day": [], "spent": []}
        assert answer.result is not None
        assert (answer.result["rows"], answer.result["digest"][:6]) == (80, "files:")

    def test_values_that_only_the_log_still_holds_are_found(self, table: Path) -> None:
        import deltalake

        clean = pa.table({"mail": ["none"] * 3, "day": ["one"] * 3, "spent": [1.5] * 3})
        deltalake.write_deltalake(str(table), clean, mode="overwrite")
        told = entities(scanned(table))
        assert told == {"day": [], "mail": [], "spent": [], "_statistics.mail": ["EMAIL_ADDRESS"]}

    def test_the_same_version_is_not_read_again(self, table: Path) -> None:
        first = scanned(table).result
        assert first is not None
        assert scanned(table, known=first["digest"]).same

    def test_a_missing_or_damaged_file_makes_it_incomplete(self, table: Path) -> None:
        one, two = sorted(table.rglob("*.parquet"))
        one.unlink()
        answer = scanned(table)
        assert answer.result is not None
        assert (answer.result["verdict"], answer.result["gaps"]) == ("incomplete", {"pii.files_unreadable": 1})
        two.write_bytes(b"PAR1nonsense")
        assert scanned(table).why == "pii.broken_file"

    def test_a_log_that_names_files_elsewhere_leads_nowhere(self, table: Path, tmp_path: Path) -> None:
        secret = tmp_path / "secret.parquet"
        pq.write_table(pa.table({"mail": MAILS}), secret)
        one, _two = sorted(table.rglob("*.parquet"))
        one.unlink()
        one.symlink_to(secret)
        answer = scanned(table)
        assert answer.result is not None
        assert (answer.result["rows"], answer.result["gaps"]) == (40, {"pii.files_unreadable": 1})


class TestIceberg:
    @pytest.fixture
    def table(self, tmp_path: Path) -> Path:
        from pyiceberg.catalog.sql import SqlCatalog

        home = tmp_path / "warehouse"
        home.mkdir()
        address = f"sqlite:///{tmp_path}/catalog.db"
        catalog = SqlCatalog("own", uri=address, warehouse=f"file://{home}")
        catalog.create_namespace("sales")
        rows = pa.table({"mail": MAILS, "spent": [1.5] * 40})
        made = catalog.create_table("sales.people", schema=rows.schema)
        made.append(rows)
        made.append(rows)
        catalog.close()
        return next(home.rglob("metadata")).parent

    def test_the_files_of_the_latest_snapshot_are_read(self, table: Path) -> None:
        answer = scanned(table)
        assert entities(answer) == {"mail": ["EMAIL_ADDRESS"], "spent": []}
        assert answer.result is not None and answer.result["rows"] == 80

    def test_metadata_that_names_files_elsewhere_leads_nowhere(self, table: Path) -> None:
        assert scanned(table, table / "metadata").why in {"pii.outside_roots", "pii.broken_file"}


class TestStores:
    @pytest.fixture
    def store(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """A store that speaks S3, with a bucket `tables`."""
        import boto3
        from moto.server import ThreadedMotoServer

        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        told = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
            "AWS_DEFAULT_REGION": "us-east-1",
        }  # fmt: skip
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket="tables")
        yield client
        client.close()
        server.stop()

    def test_an_object_is_read_as_a_file_is(self, store: Any, tmp_path: Path) -> None:
        pq.write_table(pa.table({"id": list(range(40)), "mail": MAILS}), tmp_path / "t.parquet")
        store.put_object(Bucket="tables", Key="in/t.parquet", Body=(tmp_path / "t.parquet").read_bytes())
        store.put_object(Bucket="tables", Key="in/t.csv", Body="id,mail\n" + "".join(f"1,{mail}\n" for mail in MAILS))
        for name in ("t.parquet", "t.csv"):
            answer = scanned(f"s3://tables/in/{name}", stores=("s3://tables/in",))
            assert entities(answer) == {"id": [], "mail": ["EMAIL_ADDRESS"]}
            assert answer.result is not None
            assert scanned(f"s3://tables/in/{name}", stores=("s3://tables",), known=answer.result["digest"]).same

    def test_what_is_not_there_or_elsewhere_is_said(self, store: Any) -> None:
        assert scanned("s3://tables/none.csv", stores=("s3://tables",)).why == "pii.no_such_file"
        assert scanned("s3://tables/none.csv", stores=("s3://tables/in",)).why == "pii.outside_roots"

    def test_an_address_under_no_root_is_refused_when_it_is_asked_for(
        self, people: SimpleNamespace, settings: Any, now: datetime
    ) -> None:
        settings.SCAN_STORES = ["s3://tables/in"]
        for path in (
            "s3://tables/out/t.csv",
            "s3://tables/in/../out/t.csv",
            "gs://tables/in/t.csv",
            "s3://tables/inner",
        ):
            with pytest.raises(Refused, match=r"pii\.(outside_roots|path_not_absolute)"):
                services.request_path_scan(actor=people.ann.actor, path=path, now=now)
        assert services.request_path_scan(actor=people.ann.actor, path="s3://tables/in/t.csv", now=now).path


class TestDatabases:
    @pytest.fixture
    def sqlite(self, tmp_path: Path) -> str:
        path = tmp_path / "shop.db"
        with sqlite3.connect(path) as own:
            own.execute("CREATE TABLE people (id INTEGER, mail TEXT, raw BLOB)")
            own.executemany(
                "INSERT INTO people VALUES (?, ?, ?)", [(at, mail, b"\x00") for at, mail in enumerate(MAILS)]
            )
        own.close()
        return f"sqlite:///{path}"

    def test_a_table_is_read_without_being_written(self, sqlite: str) -> None:
        answer = scanned("sql://shop/people", database=sqlite)
        assert entities(answer)["mail"] == ["EMAIL_ADDRESS"]
        assert answer.result is not None
        assert (answer.result["rows"], answer.result["digest"]) == (40, "")

    @pytest.mark.parametrize("name", ["nothing", 'people" ; DROP TABLE people --', "a.b.c"])
    def test_what_is_no_table_is_said_without_the_databases_words(self, sqlite: str, name: str) -> None:
        assert scanned(f"sql://shop/{name}", database=sqlite).why == "pii.no_such_table"
        assert scanned("sql://shop/people", database=sqlite).result is not None

    def test_postgresql_is_read_in_a_transaction_that_cannot_write(self, postgresql_url: str) -> None:
        import psycopg

        with psycopg.connect(postgresql_url, autocommit=True) as own:
            own.execute("CREATE SCHEMA shop")
            own.execute("CREATE TABLE shop.people (id int, about jsonb, birth_date date)")
            own.cursor().executemany(
                "INSERT INTO shop.people VALUES (%s, jsonb_build_object('mail', %s::text), '1990-01-01')",
                list(enumerate(MAILS * 100)),
            )
            own.execute("""CREATE FUNCTION shop.bite() RETURNS int LANGUAGE plpgsql AS
                           $$ BEGIN DELETE FROM shop.people; RETURN 1; END $$""")
            own.execute("CREATE VIEW shop.trap AS SELECT shop.bite() AS id")
            answer = scanned("sql://shop/shop.people", database=postgresql_url)
            assert entities(answer) == {"id": [], "about.mail": ["EMAIL_ADDRESS"], "birth_date": ["DATE_TIME"]}
            assert scanned("sql://shop/shop.trap", database=postgresql_url).why == "pii.no_such_table"
            left = own.execute("SELECT count(*) FROM shop.people").fetchone()
            assert left == (4000,)

    def test_a_dataset_of_lineage_is_found_in_a_database_the_server_names(
        self, dataset_of: Any, people: SimpleNamespace, settings: Any, now: datetime
    ) -> None:
        settings.SCAN_DATABASES = {"shop": "postgresql://reader@db.example.org/shop"}
        asset = dataset_of("shop.public.people", "postgres://db.example.org:5432")
        scan = services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
        assert scan.path == "sql://shop/public.people"
        again = services.request_path_scan(actor=people.ann.actor, path="sql://shop/public.people", now=now)
        assert again.pk == scan.pk
        with pytest.raises(Refused, match=r"pii\.unknown_database"):
            services.request_path_scan(actor=people.ann.actor, path="sql://other/public.people", now=now)
        page = people.ann.client.get(f"/datasets/{asset.pk}").content.decode()
        assert "A new scan is under way" in page

    def test_a_scan_of_a_database_is_done_by_an_errand(
        self, sqlite: str, people: SimpleNamespace, settings: Any, now: datetime, run_jobs: Any
    ) -> None:
        settings.SCAN_DATABASES = {"shop": sqlite}
        services.request_path_scan(actor=people.ann.actor, path="sql://shop/people", now=now)
        run_jobs()
        scan = Scan.objects.get()
        assert (scan.state, scan.verdict, scan.rows) == ("done", "incomplete", 40)
        assert not Finding.objects.exists()


def test_places_in_lineages_words_are_places_for_scans() -> None:
    assert places.location("s3a://lake", "/a/b.parquet", {}) == "s3://lake/a/b.parquet"
    assert places.location("gs://lake", "b.csv", {}) == "gs://lake/b.csv"
    assert places.location("file", "/a", {}) == "/a"
    assert places.location("kafka://h", "topic", {}) == ""
    assert places.dataset_at("s3://lake/a/b.parquet") == ("s3://lake", "a/b.parquet")
    assert places.plain("file:///a/b%20c") == "/a/b c"
