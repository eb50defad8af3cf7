"""The child process of a scan: reads, looks, judges, and tells its parent counts and masked shapes as JSON lines.

Run as `python -m governance.pii.examine` with its orders as one JSON line on standard input. It knows no database, and
nothing it prints holds a value of the table.
"""

import hashlib
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa

from audit.refusals import Refused
from governance.pii import beside, headers, namereader, own, prose, readers, rules, shapes, sieve, tables
from governance.pii.chosen import Chosen, chosen_of
from governance.pii.columns import MOST_COLUMNS, Cells, Column, Draw, short
from governance.pii.evidence import TESTS
from governance.pii.sandbox import Orders
from governance.pii.sight import Drawn, Hit, Sight

AT_FIRST, AT_ONCE = 2 * 1024 * 1024, 16 * 1024 * 1024
MOST_COUNTED = 8 * 1024 * 1024
TELL_EVERY = 0.5
USUAL = Chosen()
ADDRESSES = 3 * 1024**3


def tell(**words: Any) -> None:
    """One line to the parent."""
    sys.stdout.write(json.dumps(words, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def limit(orders: Orders) -> None:
    """Bind this process: memory, processor time, file sizes, no core dump, no network; gone when its parent is."""
    resource.setrlimit(resource.RLIMIT_DATA, (orders.memory, orders.memory))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CPU, (orders.seconds, orders.seconds + 5))
    most = orders.decoded if orders.out >= 0 else 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    if "://" not in orders.path:
        sys.addaudithook(_stay_inside)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _stay_inside(event: str, _about: object) -> None:
    """Whatever in this process reaches for the network or another program is stopped; libraries are not trusted."""
    if event.startswith(("socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.", "os.exec", "os.posix_")):
        raise Refused("pii.broken_inside")


def _leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(70)


@dataclass
class Table:
    """What one pass over the file gave."""

    columns: dict[str, Column]
    rows: int
    gaps: dict[str, int]
    chosen: Chosen = USUAL
    model: str = ""
    part: int = 0
    loads: list[int] = field(default_factory=lambda: [0])
    places: dict[str, int] = field(default_factory=dict)


def read(orders: Orders, source: tables.Table, chosen: Chosen = USUAL, part: int = 0, parts: int = 1) -> Table:
    """Stream the table once through the sieves of the columns that are this part's, within the budgets."""
    reading = readers.Reading(0, lambda: 0)
    table = Table({}, 0, reading.gaps, chosen, orders.model, part, [0] * parts)
    seed = hashlib.sha256(orders.seed.encode()).digest()
    decoded, sifted, told = 0, 0, 0.0
    for batch in source.batches(reading):
        table.rows += batch[0].rows if batch else 0
        decoded += take(table, batch, seed)
        if decoded - sifted > (AT_ONCE if sifted else AT_FIRST):
            sift(table)
            sifted = decoded
        if table.rows > orders.rows or decoded > orders.decoded:
            reading.gap("pii.over_budget")
            break
        if time.monotonic() - told > TELL_EVERY:
            told = time.monotonic()
            tell(progress=round(0.6 * reading.done, 3), words="reading", count=table.rows)
    sift(table)
    return table


def take(table: Table, batch: list[Cells], seed: bytes) -> int:
    """Hand the cells of a batch to their columns; returns the bytes of all."""
    divide(table, batch, seed)
    decoded = 0
    for cells in batch:
        decoded += _size(cells)
        path = short(cells.path)
        if path in table.columns:
            table.columns[path].add(cells)
        elif path not in table.places:
            table.gaps["pii.too_many_columns"] = table.gaps.get("pii.too_many_columns", 0) + 1
    return decoded


def divide(table: Table, batch: list[Cells], seed: bytes) -> None:
    """Give the columns that are new to the parts, the largest first, each to the part that has least."""
    new: dict[str, int] = {}
    for cells in batch:
        path = short(cells.path)
        if path not in table.places and len(table.places) < MOST_COLUMNS:
            table.places[path] = len(table.places)
            new[path] = 0
        if path in new:
            new[path] += _size(cells)
    owners = {}
    for path in sorted(new, key=lambda path: -new[path]):
        owners[path] = table.loads.index(min(table.loads))
        table.loads[owners[path]] += new[path]
    most = min(131_072, max(1024, MOST_COUNTED // max(1, len(batch))))
    for path in new:
        if owners[path] == table.part:
            owns, names = table.chosen.own, bool(table.chosen.names)
            suggested = headers.meanings(path) | own.named(path, owns)
            table.columns[path] = Column(path, seed, most, suggested, headers.names_people(path), owns, names)


def _size(cells: Cells) -> int:
    return cells.values.nbytes if cells.values is not None else 0


def sift(table: Table) -> None:
    """Let every column hold what came against its conditions."""
    for column in table.columns.values():
        column.sift()


def look(table: Table) -> Iterator[rules.Verdict]:
    """Judge column after column."""
    from governance.pii.presidio import Analyzer  # noqa: PLC0415 - a second of imports, under the limits

    analyzer, names = Analyzer(table.chosen), _reader(table)
    for column in table.columns.values():
        draws = namereader.bounded(column.draw(rules.MOST_DRAWN), names)
        values = tuple(dict.fromkeys(shapes.plain(value) for draw in draws.values() for value in draw.values))
        hits, late = analyzer.examine(values, column.suggested)
        place = {value: at for at, value in enumerate(values)}
        groups = {name: placed(draw, place, column.distinct) for name, draw in draws.items()}
        mine = tuple(each for each in table.chosen.own if each.entity in groups)
        entities = (*TESTS, *(each.entity for each in mine), prose.GROUP)
        drawn = {entity: groups[sieve.group(entity)] for entity in entities if sieve.group(entity) in groups}
        named = names.hits(values, drawn.get(prose.GROUP)) if names else [()] * len(values)
        seen = tuple(map(sum_of, hits, own.hits(mine, values), named or [()] * len(values)))
        sight = Sight(column.path, values, seen, column.suggested, column.people, drawn, column.distinct, mine)
        slow = {"pii.slow_values": late > 0, "pii.names_over_budget": named is None}
        why = (*sorted(column.gaps), *(code for code, is_so in slow.items() if is_so))
        yield rules.judge(sight, why=why)


def sum_of(*parts: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The hits of several in one value."""
    return tuple(hit for part in parts for hit in part)


def _reader(table: Table) -> namereader.Reader | None:
    """Who looks for names in free text, where that was chosen; a model that is not there is a gap of the scan."""
    if not table.chosen.names:
        return None
    found = namereader.opened(table.model, table.chosen.names)
    if found is None:
        table.gaps["pii.model_missing"] = 1
    return found


def placed(draw: Draw, place: Mapping[str, int], distinct: int) -> Drawn:
    """A draw by the places of its values, and of how many values of the column they tell."""
    places = tuple(dict.fromkeys(place[shapes.plain(value)] for value in draw.values))
    whole = len(draw.values) == draw.number
    return Drawn(places, distinct if whole else distinct * len(places) / max(1, draw.number), draw.whole)


@dataclass(frozen=True)
class Judged:
    """The verdict on a column, how many of its cells are filled and how many values are distinct."""

    verdict: rules.Verdict
    filled: int
    distinct: int


def judged(orders: Orders, source: tables.Table, chosen: Chosen = USUAL, parts: int = 0) -> tuple[Table, list[Judged]]:
    """The table, and what is said of its columns in their order; of a large file two processes take some each.

    A model that reads names is too large to have twice.
    """
    if not chosen.names and isinstance(source, tables.OneFile) and (parts or 1 + beside.worth(source.file)) > 1:
        with suppress(beside.Alone):
            return _together(orders, source, chosen)
    table = read(orders, source, chosen)
    return table, list(_say(table))


def _together(orders: Orders, source: tables.OneFile, chosen: Chosen) -> tuple[Table, list[Judged]]:
    """Each had less memory than one alone: what went wrong, or differently for the two, may be for the lack of it."""

    def silently() -> tuple[list[Judged], int, dict[str, int]]:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), beside.reopened(source.file) as again:
            table = read(orders, tables.OneFile(again, source.name), chosen, 1, 2)
            return list(_say(table)), table.rows, table.gaps

    from governance.pii import presidio  # noqa: PLC0415

    presidio.warm()  # before there are two of them
    pa.set_io_thread_count(1)  # the stack of each counts as memory
    with beside.helper(silently, orders) as helper:
        try:
            table = read(orders, source, chosen, 0, 2)
            found = list(_say(table))
        except (MemoryError, Refused):
            raise beside.Alone from None
        theirs, rows, gaps = helper.result()
    if (rows, gaps) != (table.rows, table.gaps) or "pii.broken_midway" in gaps:
        raise beside.Alone
    return table, sorted([*found, *theirs], key=lambda one: table.places[one.verdict.path])


def _say(table: Table) -> Iterator[Judged]:
    for at, verdict in enumerate(look(table)):
        column = table.columns[verdict.path]
        yield Judged(verdict, column.filled, column.distinct)
        tell(progress=round(0.6 + 0.35 * (at + 1) / len(table.columns), 3), words="looking", count=at + 1)


def examine(orders: Orders) -> None:
    """Scan the table and tell the result; what cannot be done is told as a code."""
    chosen = chosen_of(orders.chosen)
    with tables.opened(orders) as source:
        from governance.pii import presidio  # noqa: PLC0415 - before the table is read, and only where there is one

        if orders.known and source.digest() == orders.known:
            tell(same=orders.known)
            return
        table, found = judged(orders, source, chosen)
        sealed = source.digest()
        if source.moved():
            table.gaps["pii.changed_meanwhile"] = 1
    if not table.rows:
        table.gaps["pii.no_rows"] = 1
    by_path = {one.verdict.path: one for one in found}
    verdicts = worth_telling([one.verdict for one in found])
    tell(
        result={
            "verdict": rules.overall((one.verdict for one in verdicts), gaps=bool(table.gaps)),
            "ruleset": rules.ruleset(presidio.settings(chosen)),
            "rows": table.rows,
            "digest": sealed,
            "gaps": table.gaps,
            "columns": [_column(by_path[one.path]) for one in verdicts],
        }
    )


def worth_telling(verdicts: list[rules.Verdict]) -> list[rules.Verdict]:
    """All columns of the table; what stands beside them only where it tells something that the column does not."""
    known = {one.path: {each.type for each in one.found} for one in verdicts}
    return [
        one
        for one in verdicts
        if not one.path.startswith(rules.BESIDE)
        or one.why
        or known[one.path] - known.get(one.path.partition(".")[2], set())
    ]


def _column(one: Judged) -> Mapping[str, Any]:
    return {**asdict(one.verdict), "filled": one.filled, "distinct": one.distinct}


def work(orders: Orders) -> None:
    """Scan, count, or copy: whatever is ordered."""
    if orders.quasi:
        from governance.pii import groups  # noqa: PLC0415 - under the limits

        tell(result=groups.measure(orders))
    elif orders.out >= 0:
        from governance.pii import redacting  # noqa: PLC0415 - under the limits

        tell(result=redacting.copy(orders))
    else:
        examine(orders)


def main() -> None:
    """Obey one line of orders."""
    orders = Orders(**json.loads(sys.stdin.buffer.readline()))
    limit(orders)
    try:
        work(orders)
    except Refused as refusal:
        tell(refused=refusal.code)
    except MemoryError:
        os._exit(71)
    except Exception as error:  # noqa: BLE001 - the library's words may quote values: only the kind of error is told
        tell(refused="pii.broken_inside", kind=type(error).__name__)


if __name__ == "__main__":
    main()
