"""A scan from the request to the verdict: real child processes, real Presidio, real accidents."""

import io
import json
import logging
import os
import signal
import threading
import time
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command

from governance.pii import selectors, services
from governance.pii.models import ColumnVerdict, Finding, Scan
from governance.pii.sandbox import Answer, Orders, run
from jobs.models import Job


def scan_file(path: Path, **limits: int) -> Answer:
    return run(Orders(path=str(path), roots=(str(path.parent),), seed="1", **limits), lambda *_: None)


def test_a_table_is_scanned_by_an_errand(asset: Any, people: SimpleNamespace, now: datetime, run_jobs: Any) -> None:
    services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    run_jobs()
    scan = Scan.objects.get()
    assert (scan.state, scan.verdict, scan.rows, scan.progress) == ("done", "findings", 40, 1.0)
    assert scan.digest.startswith("sha256:")
    assert {c.path: c.verdict for c in scan.columns.all()} == {
        "id": "clean_full", "customer_email": "findings", "amount": "clean_full",
    }  # fmt: skip
    (finding,) = Finding.objects.all()
    assert (finding.entity, finding.share, finding.shape) == ("EMAIL_ADDRESS", 1.0, "aaaaaa99@aaaaaa.aaa")


@pytest.mark.slow
def test_the_same_seed_and_rules_give_the_same_answer(table: Path) -> None:
    table.write_text("mail\n" + "".join(f"p{at}@example.org\n" for at in range(3000)))
    first, second = scan_file(table).result, scan_file(table).result
    assert first is not None and first == second
    column = first["columns"][0]
    assert (column["examined"], column["found"][0]["share"], column["found"][0]["high"]) == (1000, 1.0, 1.0)
    assert 0.99 < column["found"][0]["low"] < 1


@pytest.mark.slow
def test_a_clean_table_is_clean_in_full_when_no_value_of_it_could_be_personal(table: Path) -> None:
    table.write_text("order\n" + "".join(f"SCN-{at}\n" for at in range(5000)))
    told = scan_file(table).result
    assert told is not None
    column = told["columns"][0]
    assert (told["verdict"], column["bound"], column["examined"], column["distinct"]) == ("clean_full", 0, 5000, 5000)


@pytest.mark.slow
def test_a_clean_table_with_too_many_look_alikes_states_its_bound(table: Path) -> None:
    table.write_text("order\n" + "".join(f"{at:016}\n" for at in range(5000)))
    told = scan_file(table).result
    assert told is not None
    column = told["columns"][0]
    assert (told["verdict"], round(column["bound"], 3), column["examined"]) == ("clean_sampled", 0.003, 1000)


@pytest.mark.slow
def test_a_little_among_much_is_found_wherever_it_is_and_counted_exactly(table: Path) -> None:
    rows = [f"parcel {at} left with the neighbour" for at in range(60_000)]
    for at in range(7, 60_000, 5_000):
        rows[at] = f"write to p{at}@example.org"
    table.write_text("note\n" + "\n".join(rows) + "\n")
    told = scan_file(table).result
    assert told is not None
    (found,) = told["columns"][0]["found"]
    assert (found["type"], found["hits"], found["low"] == found["high"] == 12 / 60_000) == ("EMAIL_ADDRESS", 12, True)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda path: path.unlink(), "pii.no_such_file"),
        (lambda path: path.write_bytes(b""), "pii.empty_file"),
        (lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), "pii.outside_roots"),
        (lambda path: (path.unlink(), path.mkdir()), "pii.not_a_file"),
    ],
    ids=["gone", "empty", "link", "folder"],
)
def test_what_happens_to_a_file_after_the_request_is_said(
    asset: Any, table: Path, people: SimpleNamespace, now: datetime, run_jobs: Any, change: Any, why: str
) -> None:
    services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    change(table)
    run_jobs()
    scan = Scan.objects.get()
    assert (scan.state, scan.verdict, scan.why) == ("failed", "unreadable", {why: 1})


@pytest.mark.slow
def test_ragged_rows_make_a_scan_incomplete(table: Path) -> None:
    table.write_text("a,b\n1,2\n3\n")
    told = scan_file(table).result
    assert told is not None
    assert (told["verdict"], told["gaps"]) == ("incomplete", {"pii.ragged_rows": 1})


@pytest.mark.slow
def test_a_table_without_rows_is_not_called_clean(table: Path) -> None:
    table.write_text("a,b\n")
    told = scan_file(table).result
    assert told is not None
    assert (told["verdict"], told["gaps"]) == ("incomplete", {"pii.no_rows": 1})


@pytest.mark.slow
def test_cells_made_to_hang_a_pattern_end_as_incomplete(table: Path) -> None:
    table.write_text("note\n" + "a." * 30_000 + "@\n")
    told = scan_file(table).result
    assert told is not None
    assert told["verdict"] == "incomplete"
    assert told["columns"][0]["why"] == ["pii.slow_values"]


@pytest.mark.slow
def test_long_dotted_cells_without_a_mail_sign_cost_nothing(table: Path) -> None:
    table.write_text("note\n" + "".join("a." * 4096 + f"{at}\n" for at in range(50)))
    began = time.monotonic()
    told = scan_file(table).result
    assert told is not None and told["verdict"] == "clean_full"
    assert time.monotonic() - began < 30


@pytest.mark.slow
def test_a_bomb_stays_within_its_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    cell = pa.DictionaryArray.from_arrays(pa.array([0] * 200_000, pa.int32()), pa.array(["x" * 10_000]))
    pq.write_table(pa.table({"a": cell}), path)
    assert path.stat().st_size < 1_000_000
    answer = scan_file(path, memory=2 * 1024**3)
    assert answer.why == "pii.too_much_memory" or (answer.result or {})["verdict"] == "clean_full"


@pytest.mark.slow
def test_too_little_memory_or_time_is_said(table: Path) -> None:
    assert scan_file(table, memory=64 * 1024**2).why in {"pii.too_much_memory", "pii.broken_inside"}
    table.write_text("mail\n" + "".join(f"p{at}@example.org,\n" for at in range(300_000)).replace(",", ""))
    assert scan_file(table, seconds=1).why == "pii.too_slow"


def children() -> list[int]:
    """The scanning processes this one has started."""
    started: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        started.extend(map(int, (task / "children").read_text().split()))
    return [pid for pid in started if b"governance.pii.examine" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def kill_the_child() -> None:
    while not (found := children()):
        time.sleep(0.005)
    for pid in found:
        os.kill(pid, signal.SIGKILL)


def wide(table: Path) -> Orders:
    """A table whose columns take far longer to look at than a kill takes to arrive."""
    lines = (",".join(f"call p{row} at {column}@example.org" for column in range(60)) for row in range(1500))
    table.write_text(",".join(f"note{column}" for column in range(60)) + "\n" + "\n".join(lines))
    return Orders(path=str(table), roots=(str(table.parent),), seed="1")


def test_a_child_killed_as_it_starts_leaves_an_incomplete_scan(table: Path) -> None:
    killer = threading.Thread(target=kill_the_child)
    killer.start()
    answer = run(wide(table), lambda *_: None)
    killer.join()
    assert answer == Answer(None, "pii.too_much_memory")


@pytest.mark.slow
@pytest.mark.parametrize("doing", ["reading", "looking"])
def test_a_child_killed_at_its_work_leaves_an_incomplete_scan(table: Path, doing: str) -> None:
    seen: set[str] = set()

    def progress(share: float, words: str, count: int) -> None:
        if words == doing and not seen:
            kill_the_child()
            seen.add(words)

    assert run(wide(table), progress) == Answer(None, "pii.too_much_memory")
    assert seen == {doing}


def test_a_scan_whose_worker_was_killed_is_done_again_without_a_double_finding(
    asset: Any, people: SimpleNamespace, now: datetime, run_jobs: Any
) -> None:
    scan = services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    Scan.objects.update(state="running", progress=0.7, started_at=now)  # as a kill -9 leaves it
    assert selectors.standing([asset.lineage_dataset_id], now)[0].verdict == "unscanned"
    run_jobs()
    Job.objects.filter(kind="pii.scan").update(state="queued", run_after=now)  # and once more, late
    run_jobs()
    assert Scan.objects.get(pk=scan.pk).state == "done"
    assert (Finding.objects.count(), ColumnVerdict.objects.count()) == (1, 3)


CANARIES = ("zqxcanary77@example.org", "5425233430109903", "390.533.447-05", "Zqxcanary Souza", "+55 11 98765-4321")


def test_no_scanned_value_is_kept_anywhere(
    asset: Any, table: Path, people: SimpleNamespace, now: datetime, run_jobs: Any, caplog: Any, capfd: Any
) -> None:
    mail, card, cpf, name, phone = CANARIES
    rows = [f"{mail},{card},{cpf},{name},{phone},zqxcanary77 {mail} {card} {phone}"] * 3
    table.write_text("zqxcanary77@example.org,card,cpf,nome,fone,nota\n" + "\n".join(rows) + '\n"' + mail)
    caplog.set_level(logging.DEBUG)
    services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    run_jobs()
    assert Scan.objects.get().state in {"done", "failed"}
    dump = io.StringIO()
    call_command("dumpdata", "jobs", "audit", "governance", "lineage", stdout=dump)
    out = capfd.readouterr()
    seen = dump.getvalue() + caplog.text + out.out + out.err
    digits = "".join(character for character in seen if character.isalnum()).lower()
    for canary in ("zqxcanary", *CANARIES):
        assert canary.lower() not in seen.lower()
    for canary in ("5425233430109903", "39053344705"):
        assert canary not in digits


@pytest.mark.slow
def test_exceptions_that_quote_values_are_rewritten(table: Path) -> None:
    table.write_bytes(b'{"mail": "zqxcanary@example.org"')
    renamed = table.with_suffix(".jsonl")
    table.rename(renamed)
    answer = scan_file(renamed)
    assert "zqxcanary" not in json.dumps([answer.result, answer.why])
    assert answer.result is not None and answer.result["verdict"] == "incomplete"
