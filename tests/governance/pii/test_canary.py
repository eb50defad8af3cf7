"""Values in scanned tables come out at no door of scans: no row, log line, message, export, page or exception."""

import gzip
import io
import json
import logging
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from pyarrow import feather

from governance.pii import sandbox, services, tasks
from governance.pii.models import Scan
from jobs.models import Job

WORD = "zqxcanary"
MAIL, CARD, CPF, PHONE = "zqxcanary77@example.org", "5425233430109903", "390.533.447-05", "+55 11 98765-4321"
NAME = "Zqxcanary Souza"
ROW = {"mail": MAIL, "card": CARD, "cpf": CPF, "nome": NAME, "fone": PHONE, "nota": f"{WORD} {MAIL} {CARD} {PHONE}"}
DIGITS = ("5425233430109903", "39053344705", "5511987654321")


def traces(text: str) -> list[str]:
    """The parts of the canary that a text holds, however its digits are grouped."""
    bare = "".join(letter for letter in text if letter.isalnum()).lower()
    return [each for each in (WORD, *DIGITS) if each in bare]


def table() -> pa.Table:
    return pa.table({name: [value] * 3 for name, value in ROW.items()}).replace_schema_metadata({"made_by": MAIL})


def as_csv(path: Path) -> None:
    path.write_text(",".join(ROW) + "\n" + (",".join(ROW.values()) + "\n") * 3)


def cut_csv(path: Path) -> None:
    path.write_text(",".join(ROW) + "\n" + ",".join(ROW.values()) + "\n" + MAIL + "\n" + '"' + MAIL)


def headless(path: Path) -> None:
    path.write_text((",".join(ROW.values()) + "\n") * 3)


def as_jsonl(path: Path) -> None:
    path.write_text((json.dumps({MAIL: ROW, "a": {"b": [ROW]}}) + "\n") * 3 + '{"mail": "' + MAIL)


def zipped(path: Path) -> None:
    path.write_bytes(gzip.compress(((json.dumps(ROW) + "\n") * 3).encode())[:-4])


def as_parquet(path: Path) -> None:
    pq.write_table(table(), path)


def broken_parquet(path: Path) -> None:
    pq.write_table(table(), path)
    whole = bytearray(path.read_bytes())
    whole[200:260] = b"\xff" * 60
    path.write_bytes(whole)


def as_arrow(path: Path) -> None:
    feather.write_feather(table(), path)


def as_delta(path: Path) -> None:
    import deltalake

    deltalake.write_deltalake(str(path), table())
    deltalake.write_deltalake(str(path), table().slice(0, 0), mode="overwrite")


FORMS: list[tuple[str, Callable[[Path], None]]] = [
    ("t.csv", as_csv), ("cut.csv", cut_csv), ("headless.csv", headless), ("t.jsonl", as_jsonl), ("t.jsonl.gz", zipped),
    ("t.parquet", as_parquet), ("broken.parquet", broken_parquet), ("t.arrow", as_arrow), ("delta", as_delta),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make"), FORMS, ids=[name for name, _make in FORMS])
def test_no_value_comes_out_of_a_scan(
    tmp_path: Path, dataset_of: Any, people: SimpleNamespace, founded: Any, settings: Any, now: datetime, run_jobs: Any,
    caplog: Any, capfd: Any, monkeypatch: pytest.MonkeyPatch, name: str, make: Callable[[Path], None],
) -> None:  # fmt: skip
    settings.SCAN_ROOTS, said = [tmp_path], list[str]()
    make(tmp_path / name)
    asset = dataset_of(str(tmp_path / name))
    caplog.set_level(logging.DEBUG)
    plain = sandbox._lines

    def lines(*told: Any) -> Any:
        for line in plain(*told):
            said.append(json.dumps(line))
            yield line

    monkeypatch.setattr(sandbox, "_lines", lines)
    services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    run_jobs()
    scan = Scan.objects.get()
    assert scan.state in {"done", "failed"} and said
    said += [taken(people, path) for path in doors(asset, scan)]
    said += [register(people, founded, form, run_jobs) for form in ("json", "csv")]
    dump = io.StringIO()
    call_command("dumpdata", "jobs", "audit", "governance", "lineage", stdout=dump)
    out = capfd.readouterr()
    assert traces("\n".join([*said, dump.getvalue(), caplog.text, out.out, out.err])) == []


def doors(asset: Any, scan: Scan) -> list[str]:
    """Every page and answer that speaks of a scan."""
    rest = (
        f"scans/{scan.pk}", "scans", f"scans/{scan.pk}/changes", "scan-rules", "flags", f"datasets/{asset.pk}/scans",
        f"datasets/{asset.pk}/findings", f"datasets/{asset.pk}/labels", "audit/entries",
    )  # fmt: skip
    pages = (f"/datasets/{asset.pk}", f"/scans/{scan.pk}", "/scans", "/scans/rules", "/flags", "/audit")
    return [*(f"/api/v1/{path}" for path in rest), *pages]


def taken(people: SimpleNamespace, path: str) -> str:
    client = people.olga.api if path.startswith("/api") else people.olga.client
    answer = client.get(path)
    assert answer.status_code == 200, path
    return str(answer.getvalue().decode())


def register(people: SimpleNamespace, scope: Any, form: str, run_jobs: Any) -> str:
    body = {"kind": "pii", "subject": str(scope.pk), "format": form}
    made = people.olga.api.post("/api/v1/reports", body, content_type="application/json").json()
    run_jobs()
    return taken(people, f"/api/v1/reports/{made['id']}/content")


def test_no_value_comes_out_of_a_database(
    tmp_path: Path, people: SimpleNamespace, settings: Any, now: datetime, run_jobs: Any, caplog: Any, capfd: Any
) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as own:
        own.execute(f"CREATE TABLE people ({', '.join(f'{name} TEXT' for name in ROW)})")
        own.execute("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?)", tuple(ROW.values()))
    own.close()
    settings.SCAN_DATABASES = {"shop": f"sqlite:///{tmp_path}/shop.db?password={WORD}"}
    caplog.set_level(logging.DEBUG)
    for name in ("people", "none"):
        services.request_path_scan(actor=people.ann.actor, path=f"sql://shop/{name}", now=now)
    run_jobs()
    assert {scan.state for scan in Scan.objects.all()} <= {"done", "failed"}
    dump = io.StringIO()
    call_command("dumpdata", "jobs", "audit", "governance", "lineage", stdout=dump)
    out = capfd.readouterr()
    assert traces("\n".join([dump.getvalue(), caplog.text, out.out, out.err])) == []


def test_an_accident_of_the_worker_itself_is_told_without_its_words(
    asset: Any, people: SimpleNamespace, now: datetime, run_jobs: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def accident(*_told: Any) -> Any:
        raise ValueError(f"cannot parse {MAIL} {CARD}")

    monkeypatch.setattr(tasks.sandbox, "run", accident)
    services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    run_jobs()
    job = Job.objects.get(kind="pii.scan")
    assert "ValueError" in job.error
    dump = io.StringIO()
    call_command("dumpdata", "jobs", "audit", "governance", stdout=dump)
    assert traces(dump.getvalue() + caplog.text) == []
