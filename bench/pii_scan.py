"""How fast a table is scanned for personal data, beside Presidio's own ways through a table.

    python -m bench.pii_scan --json [--rows 100000] [--slice 300] [--structured FOLDER]

A table of 100,000 rows and 12 columns from a fixed seed (about 21 MB of CSV), and the same as Parquet, is scanned by
the code that the scan's child process runs, in a process of its own: reading, judging and the file's digest. What
importing Presidio takes is told apart. Then the same with a second process beside, which a scan of a large file has.

Presidio's `BatchAnalyzerEngine.analyze_dict` (its engine without a model, all its default recognisers) gets the first
rows of the same table in the same run; its time for the whole is extrapolated from them. So is that of
presidio-structured, where it is installed (`pip install --no-deps --target FOLDER presidio-structured==0.0.10
presidio-anonymizer` and `--structured FOLDER`).

Both sides must give each column the same verdict: the kind of personal data that at least half of its values are.
Dates and links, which are personal only under a header that says so, count for neither side; names count where the
peer could see them, which takes a language model that it does not have here. The peer matches header words as wholes:
as it comes it finds `us` in `user_id` and calls a running number a US passport. Then ten times the rows. Prints one
JSON object a claim; what was found goes to standard error.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.audit_append import claim, limit
from tests import services
from tests.governance.pii import tables

ROOT = Path(__file__).resolve().parent.parent
SEED = 20261120
COLUMNS = 12
BELIEVED, HALF = 0.4, 0.5
NOT_PERSONAL = frozenset({"URL", "DATE_TIME"})
CITIES = ("São Paulo", "Lisboa", "Santiago", "Ciudad de México", "Valencia", "Boston")
WORDS = (
    "delivered on time, left with the neighbour", "customer asked for a later date", "paid in cash at the door",
    "el paquete llegó abierto", "cliente pediu troca do produto", "no answer at the first attempt",
)  # fmt: skip
Row = list[str]


def row(draw: random.Random, at: int) -> Row:
    said = f"{draw.choice(WORDS)}, parcel {at}"
    chance = draw.random()
    if chance < 0.01:
        said += f", write to {tables.email(draw)}"
    elif chance < 0.02:
        said += f", paid with {tables.card_grouped(draw)}"
    elif chance < 0.029:
        said += f", call {tables.phone_us(draw)}"
    return [
        str(100_000_000 + at), tables.name(draw), f"{at}.{tables.email(draw)}", tables.phone_us(draw),
        tables.card(draw), tables.iban(draw), tables.ip(draw), tables.ssn(draw), f"{draw.uniform(1, 9999):.2f}",
        f"{tables.day(draw)} {draw.randint(0, 23):02}:{draw.randint(0, 59):02}:00", draw.choice(CITIES), said,
    ]  # fmt: skip


HEADER = ["user_id", "full_name", "email", "phone", "card", "iban", "ip", "ssn", "price", "created", "city", "notes"]


def make(home: Path, rows: int) -> tuple[Path, Path]:
    """The table as CSV and as Parquet."""
    import pyarrow.parquet as pq
    from pyarrow import csv as pacsv

    draw = random.Random(SEED)
    text, parquet = home / f"table{rows}.csv", home / f"table{rows}.parquet"
    with text.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(row(draw, at) for at in range(rows))
    convert = pacsv.ConvertOptions(column_types=dict.fromkeys(HEADER, "string"))
    with pacsv.open_csv(text, convert_options=convert) as batches, pq.ParquetWriter(parquet, batches.schema) as out:
        for batch in batches:
            out.write_batch(batch)
    return text, parquet


def peak() -> float:
    """The most memory this process ever held, in megabytes."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def ours(path: str) -> dict[str, Any]:
    """Scan in this process as the child process would, and tell its seconds, its memory and the column verdicts."""
    begun = time.perf_counter()
    from governance.pii import examine, presidio, rules, tables
    from governance.pii.sandbox import Orders

    presidio.warm()
    imported = time.perf_counter()
    orders = Orders(path=path, roots=(str(Path(path).parent),), seed="bench")
    with tables.opened(orders) as source:
        table = examine.read(orders, source)
        read = time.perf_counter()
        verdicts = examine.worth_telling(list(examine.look(table)))
        judged = time.perf_counter()
        source.digest()
    done = time.perf_counter()
    assert table.rows and not table.gaps, table.gaps
    assert rules.overall(one.verdict for one in verdicts) == "findings"
    return {
        "imports": imported - begun, "seconds": done - imported, "reading": read - imported, "judging": judged - read,
        "peak": peak(), "rows": table.rows,
        "verdicts": {
            one.path: next((each.type for each in one.found if each.share >= HALF), "") for one in verdicts
        },
        "found": {one.path: {each.type: each.hits for each in one.found} for one in verdicts},
        "states": {one.path: one.verdict for one in verdicts},
    }  # fmt: skip


def both(path: str) -> dict[str, Any]:
    """Scan with a second process beside, as a scan of a large file does where there are two processors."""
    from governance.pii import examine, presidio, tables
    from governance.pii.sandbox import Orders

    presidio.warm()
    held: list[float] = []
    stop = threading.Event()
    watcher = threading.Thread(target=watch, args=(held, stop))
    orders = Orders(path=path, roots=(str(Path(path).parent),), seed="bench")
    begun = time.perf_counter()
    with tables.opened(orders) as source, redirect_stdout(sys.stderr):
        watcher.start()
        table, found = examine.judged(orders, source, parts=2)
        source.digest()
    seconds = time.perf_counter() - begun
    stop.set()
    watcher.join()
    spent = os.times()
    return {
        "seconds": seconds, "peak": max(held), "rows": table.rows,
        "helper": spent.children_user + spent.children_system,
        "verdicts": {
            one.verdict.path: next((each.type for each in one.verdict.found if each.share >= HALF), "") for one in found
        },
    }  # fmt: skip


def watch(held: list[float], stop: threading.Event) -> None:
    """What this process and its children hold, in megabytes: pages that they share count once."""
    while not stop.wait(0.1):
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        total = 0
        for pid in ("self", *children):
            with suppress(OSError):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        held.append(total / 1024)


def columns(path: str, rows: int) -> dict[str, list[str]]:
    with open(path, newline="") as file:
        head = [line for line, _ in zip(csv.DictReader(file), range(rows), strict=False)]
    return {name: [line[name] for line in head] for name in HEADER}


def dominant(seen: Counter[str], rows: int) -> str:
    wanted = {entity: count for entity, count in seen.items() if entity not in NOT_PERSONAL and count >= HALF * rows}
    return max(wanted, key=lambda entity: wanted[entity], default="")


def batch(path: str, rows: str) -> dict[str, Any]:
    """Presidio's own batch engine over the first rows."""
    from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine
    from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

    nlp = NoOpNlpEngine([{"lang_code": "en", "model_name": ""}])
    nlp.load()
    words = LemmaContextAwareEnhancer(context_matching_mode="whole_word")
    plain = AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"], context_aware_enhancer=words)
    engine = BatchAnalyzerEngine(plain)
    table = columns(path, int(rows))
    list(engine.analyze_dict({"a": ["a@example.org"]}, language="en"))
    begun = time.perf_counter()
    answers = list(engine.analyze_dict(table, language="en", batch_size=256))
    seconds = time.perf_counter() - begun
    verdicts = {}
    for answer in answers:
        seen: Counter[str] = Counter()
        for results in answer.recognizer_results:
            best = max((one.score for one in results if one.entity_type not in NOT_PERSONAL), default=0)
            seen.update({one.entity_type for one in results if one.score >= max(BELIEVED, best)})
        verdicts[answer.key] = dominant(seen, int(rows))
    return {
        "seconds": seconds,
        "cells": COLUMNS * int(rows),
        "verdicts": verdicts,
        "peak": peak(),
        "knows": plain.get_supported_entities(),
    }


def structured(path: str, rows: str, folder: str) -> dict[str, Any]:
    """presidio-structured over the first rows."""
    sys.path.append(folder)
    import pandas
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NoOpNlpEngine
    from presidio_structured import PandasAnalysisBuilder

    nlp = NoOpNlpEngine([{"lang_code": "en", "model_name": ""}])
    nlp.load()
    builder = PandasAnalysisBuilder(AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"]))
    frame = pandas.DataFrame(columns(path, int(rows)))
    begun = time.perf_counter()
    found = builder.generate_analysis(frame)
    return {
        "seconds": time.perf_counter() - begun, "cells": COLUMNS * int(rows), "verdicts": dict(found.entity_mapping),
    }  # fmt: skip


STEPS = {"ours": ours, "both": both, "batch": batch, "structured": structured}


def step(name: str, *arguments: object) -> dict[str, Any]:
    """One side in a process of its own, as quiet and as bound as a scan's child process."""
    from governance.pii.sandbox import QUIET

    words = [sys.executable, "-m", "bench.pii_scan", "--step", name, *map(str, arguments)]
    done = subprocess.run(words, cwd=ROOT, env={"PYTHONPATH": str(ROOT), **QUIET}, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def middle(name: str, path: Path) -> dict[str, Any]:
    """Of three scans the one in the middle."""
    return sorted((step(name, path) for _ in range(3)), key=lambda one: one["seconds"])[1]


def claims(home: Path, rows: int, part: int, folder: str) -> Iterator[dict[str, Any]]:
    cells = rows * COLUMNS
    text, parquet = make(home, rows)
    found = {"CSV": middle("ours", text), "Parquet": middle("ours", parquet)}
    peer = step("batch", text, part)
    rate = peer["cells"] / peer["seconds"]
    for kind, one in found.items():
        mine = cells / one["seconds"]
        words = f"cells of {kind} scanned, peer extrapolated from {part} rows"
        yield claim(words, "cells/s", mine, rate, "BatchAnalyzerEngine.analyze_dict", mine / rate, cells)
        yield limit(f"{cells} cells of {kind} in one process", "s", one["seconds"], 3 * cells / 1_200_000, cells)
        yield limit(f"peak memory of a scan of {kind}", "MB", one["peak"], 450, rows)
        yield limit(f"imports before a scan of {kind}, not counted above", "s", one["imports"], 3, 1)
        yield agreement(kind, one, peer)
        yield from two(kind, text if kind == "CSV" else parquet, one, cells)
    if find_spec("presidio_structured") or folder:
        other = step("structured", text, part, folder)
        print(json.dumps({"presidio-structured": other}), file=sys.stderr)
        rate, mine = other["cells"] / other["seconds"], cells / found["CSV"]["seconds"]
        words = f"cells of CSV scanned, peer extrapolated from {part} rows"
        yield claim(words, "cells/s", mine, rate, "presidio-structured", mine / rate, cells)
    else:
        print("not measured: presidio-structured (not installed)", file=sys.stderr)
    yield from larger(home, rows, found["CSV"])


def two(kind: str, path: Path, one: dict[str, Any], cells: int) -> Iterator[dict[str, Any]]:
    """The same with a second process beside, which takes some of the columns."""
    pair = middle("both", path)
    print(json.dumps({"file": kind, "processes": 2, **pair}), file=sys.stderr)
    assert {**pair["verdicts"], **one["verdicts"]} == pair["verdicts"], pair["verdicts"]
    yield limit(f"{cells} cells of {kind} in two processes", "s", pair["seconds"], one["seconds"], cells)
    yield limit(f"peak memory of both, shared once, {kind}", "MB", pair["peak"], 450, cells // COLUMNS)


def agreement(kind: str, one: dict[str, Any], peer: dict[str, Any]) -> dict[str, Any]:
    """Column by column the same entity, of those that the peer can see without a model."""
    print(json.dumps({"file": kind, **one, "peer verdicts": peer["verdicts"]}), file=sys.stderr)
    seen = {name: entity if entity in peer["knows"] else "" for name, entity in one["verdicts"].items()}
    same = sum(seen[name] == peer["verdicts"][name] for name in HEADER)
    return claim(f"same column verdicts, {kind}", "columns", same, COLUMNS, "all columns", same / COLUMNS, COLUMNS)


def larger(home: Path, rows: int, small: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Ten times the rows."""
    big = step("ours", make(home, 10 * rows)[0])
    print(json.dumps({"file": "10 times the CSV", **big}), file=sys.stderr)
    cells = 10 * rows * COLUMNS
    yield limit(f"{cells} cells of CSV in one process", "s", big["seconds"], 10 * small["seconds"], cells)
    yield limit(f"peak memory of a scan of {10 * rows} rows", "MB", big["peak"], 450, 10 * rows)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--slice", type=int, default=300)
    arguments.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    arguments.add_argument("--structured", default="", help="where presidio-structured is installed, if not beside us")
    chosen = arguments.parse_args()
    if chosen.step:
        name, *rest = chosen.step
        print(json.dumps(STEPS[name](*rest)))
        return
    with services.folder() as home:
        for each in claims(home, chosen.rows, chosen.slice, chosen.structured):
            print(json.dumps(each), flush=True)


if __name__ == "__main__":
    main()
