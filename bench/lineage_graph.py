"""How fast a lineage graph is answered over HTTP at 300,000 edges, and how fast it is drawn.

    python -m bench.lineage_graph --json [--scale N] [--on sqlite|postgresql]

Starts a portal with its demo in a temporary folder and copies in 100,000 datasets in twelve layers, each made by a job
of its own from three datasets of the layer before, with the runs of a few jobs. Asks for the whole of what one dataset
was made from, about 18,000 nodes, and for an upstream of about 960; then again with ten times the runs, which must not
cost more; and for the first answer after a change, which reads all of it from the tables. Draws 500 and 2,000 nodes.
The peer is Feast's lineage registry on the same edges in its own tables, asked in process, without HTTP:
`FEAST_PYTHON` names a Python that has `feast==0.67.0`; without it only our side is measured. Prints one JSON object a
claim.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.audit_append import claim, limit
from tests.running import Portal, Reader, running
from tests.services import postgresql

ROOT = Path(__file__).resolve().parent.parent
LAYERS, WIDE, INPUTS, NEAR = 12, 9_091, 3, 240
BASE = 1_000_000_000
"""Ids begin here, far from those of the demo."""
RUNS, TIMES = 20_000, 10
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ROUNDS, TURNS = 40, 5
PEER = Path(__file__).parent / "things" / "feast_graph.py"
NAMESPACE = "postgres://warehouse:5432"


def inputs(layer: int, place: int) -> list[int]:
    """The numbers of the datasets that one was made from; none in the first layer."""
    if not layer:
        return []
    seed = layer * WIDE + place
    far = {(seed * factor) % 7_919 % (2 * NEAR + 1) for factor in (7_907, 104_729, 1_299_709)}
    return [(layer - 1) * WIDE + (place - NEAR + one) % WIDE for one in sorted(far)]


def made_from(number: int) -> set[int]:
    """Everything a dataset was made from, and itself."""
    found, turn = {number}, [number]
    for one in turn:
        fresh = set(inputs(*divmod(one, WIDE))) - found
        found |= fresh
        turn += fresh
    return found


def nodes_above(number: int) -> int:
    """How many datasets and jobs an answer about what it was made from holds."""
    found = made_from(number)
    return len(found) + sum(one >= WIDE for one in found)


def nearest_to(nodes: int) -> int:
    """The dataset whose upstream comes nearest to so many nodes."""
    places = [layer * WIDE + place for layer in range(5, LAYERS) for place in range(NEAR, WIDE - NEAR, WIDE // 20)]
    return min(places, key=lambda one: abs(nodes_above(one) - nodes))


def name(number: int) -> str:
    return f"layer_{number // WIDE:02}.dataset_{number:06}"


def fill() -> dict[str, Any]:
    """Copy the graph in."""
    from audit import bulk
    from lineage import naming
    from lineage.models import NEVER, Dataset

    since, never = _time(SINCE), _time(NEVER)
    scope = Dataset.objects.values_list("scope_id", flat=True)[0]
    every = range(LAYERS * WIDE)
    seen = {"first_seen": "timestamptz", "last_seen": "timestamptz"}
    thing = {"id": "int8", "key": "varchar", "namespace": "text", "name": "text", "scope_id": "uuid", "type": "varchar"}
    whose = scope if _postgresql() else scope.hex
    named = {**thing, "type_at": "timestamptz", **seen}
    bulk.insert(
        "lineage_dataset",
        {**named, "schema": "varchar", "schema_at": "timestamptz", "change": "varchar", "change_at": "timestamptz"},
        (
            (BASE + n, naming.key("dataset", NAMESPACE, name(n)), NAMESPACE, name(n), whose, "TABLE",
             since, since, since, "", never, "", never)
            for n in every
        ),
    )  # fmt: skip
    bulk.insert(
        "lineage_job",
        {**named, "integration": "varchar", "processing": "varchar"},
        (
            (BASE + n, naming.key("job", "jobs", f"make {name(n)}"), "jobs", f"make {name(n)}", whose, "TASK",
             since, since, since, "", "")
            for n in every[WIDE:]
        ),
    )  # fmt: skip
    _steps(every)
    return {"edges": len(every[WIDE:]) * INPUTS}


def _steps(every: range) -> None:
    from audit import bulk

    since = _time(SINCE)
    seen = {"first_seen": "timestamptz", "last_seen": "timestamptz"}
    pairs = [(one, n) for n in every[WIDE:] for one in inputs(*divmod(n, WIDE))]
    edge = {"src_id": "int8", "dst_id": "int8", "job_id": "int8", "kind": "int2", "declared": "bool", **seen}
    bulk.insert("lineage_edge", edge, ((BASE + one, BASE + n, BASE + n, 1, False, since, since) for one, n in pairs))
    io = {"job_id": "int8", "dataset_id": "int8", "direction": "varchar", "declared": "bool", **seen}
    ends = [*((n, one, "in") for one, n in pairs), *((n, n, "out") for n in every[WIDE:])]
    bulk.insert("lineage_jobio", io, ((BASE + job, BASE + one, way, False, since, since) for job, one, way in ends))


def history(start: int, count: int) -> dict[str, Any]:
    """Copy in runs of the jobs that made the last layers, and what each read and wrote."""
    from audit import bulk
    from lineage.models import NEVER

    times = {"started_at": "timestamptz", "ended_at": "timestamptz", "first_seen": "timestamptz",
             "last_seen": "timestamptz"}  # fmt: skip
    clocks = dict.fromkeys(("parent_at", "root_at", "code_at", "state_at"), "timestamptz")
    run = {"id": "int8", "uuid": "uuid", "given": "text", "job_id": "int8", "declared": "bool",
           "code": "varchar", "version": "varchar", "state": "varchar", "state_rank": "int2"}  # fmt: skip
    whole = range(start, start + count)
    since, never = _time(SINCE), _time(NEVER)
    at = [_time(SINCE + timedelta(seconds=n)) for n in whole]
    number = lambda one: (LAYERS - 1) * WIDE + WIDE // 2 - 50 + one % 100  # noqa: E731
    bulk.insert(
        "lineage_run",
        {**run, **clocks, **times},
        (
            (BASE + n, _uuid(n), str(n), BASE + number(n), False, "", "", "COMPLETE", 4,
             never, never, never, since, *[at[n - start]] * 4)
            for n in whole
        ),
    )  # fmt: skip
    used = {"run_id": "int8", "dataset_id": "int8", "direction": "varchar", "version": "text", "schema": "varchar"}
    clocks = {"version_at": "timestamptz", "schema_at": "timestamptz"}
    ends = ((n, one, "in") for n in whole for one in inputs(*divmod(number(n), WIDE)))
    out = ((n, number(n), "out") for n in whole)
    bulk.insert(
        "lineage_runio",
        {**used, **clocks, "first_seen": "timestamptz", "last_seen": "timestamptz"},
        (
            (BASE + n, BASE + one, way, "", "", never, never, *[at[n - start]] * 2)
            for part in (ends, out)
            for n, one, way in part
        ),
    )
    return {"runs": start + count}


def _postgresql() -> bool:
    from django.db import connection

    return connection.vendor == "postgresql"


def _time(at: datetime) -> Any:
    """A time as the database keeps it, so that it is not written down for every row anew."""
    from lineage import many

    return many.time(at)


def _uuid(number: int) -> Any:
    return UUID(int=number) if _postgresql() else UUID(int=number).hex


def _settle() -> None:
    """Count the rows, as either database does by itself in time."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if _postgresql() else "ANALYZE")


def change() -> dict[str, Any]:
    """Let every process forget what it remembers of the graph, as any change of it does."""
    from audit import bulk

    bulk.execute("UPDATE lineage_shape SET number = number + 1")
    return {}


STEPS = {"fill": fill, "history": history, "change": change}


def step(portal: Portal, words: str, *arguments: int) -> dict[str, Any]:
    """One step in a process of its own, on the database of the portal."""
    told = [sys.executable, "-m", "bench.lineage_graph", "--step", words, *map(str, arguments)]
    env = {**portal.env, "DJANGO_SETTINGS_MODULE": "portal.settings", "BENCH_HOME": str(portal.data)}
    done = subprocess.run(told, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def ask(reader: Reader, number: int, rounds: int) -> tuple[float, float, dict[str, Any]]:
    """Median and p95 in milliseconds of an answer about everything upstream, and the answer."""
    path = f"/api/v1/lineage?namespace={NAMESPACE}&name={name(number)}&direction=up&depth=100&max_nodes=20000"
    took: list[float] = []
    for _ in range(rounds):
        begun = time.perf_counter()
        status, body = reader.ask("GET", path)
        took.append((time.perf_counter() - begun) * 1000)
        if status != 200:
            raise SystemExit(f"{status}: {body[:500]!r}")
    answer = json.loads(body) | {"first_ms": took[0]}
    if answer["truncated"] or len(answer["nodes"]) != nodes_above(number):
        raise SystemExit(f"{len(answer['nodes'])} nodes of {nodes_above(number)} were answered")
    return statistics.median(took), statistics.quantiles(took, n=20)[-1], answer


class Feast:
    """Feast with the same edges, in a process of its own; `found` is empty where it is missing."""

    def __init__(self, number: int) -> None:
        self.found: list[float] = []
        self.nodes = 0
        python = os.environ.get("FEAST_PYTHON")
        if not python:
            self.process = None
            return
        self.process = subprocess.Popen([python, str(PEER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        made = range(WIDE, LAYERS * WIDE)
        lines = [f"dataset\t{name(one)}\tjob\t{n}" for n in made for one in inputs(*divmod(n, WIDE))]
        lines += [f"job\t{n}\tdataset\t{name(n)}" for n in made]
        self._say("\n".join([f"{name(number)}\t{len(lines)}", *lines]))
        assert self._hear() == ["ready"]

    def ask(self, turns: int) -> None:
        """Walk so many times."""
        for _ in range(turns if self.process else 0):
            self._say("again")
            took, nodes = self._hear()
            self.found.append(float(took))
            self.nodes = int(nodes)

    def _say(self, words: str) -> None:
        assert self.process and self.process.stdin
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()

    def _hear(self) -> list[str]:
        assert self.process and self.process.stdout
        return self.process.stdout.readline().split()

    def end(self) -> None:
        if self.process and self.process.stdin:
            self.process.stdin.close()
            self.process.wait(20)


def beside(reader: Reader, number: int, where: str) -> Iterator[dict[str, Any]]:
    """Both sides in turns: ours over HTTP, the peer in process."""
    peer, ours = Feast(number), list[float]()
    try:
        for _ in range(TURNS):
            ours.append(ask(reader, number, 5)[0])
            peer.ask(1)
    finally:
        peer.end()
    if peer.found:
        mine, theirs = statistics.median(ours), statistics.median(peer.found)
        words = f"upstream of {peer.nodes} nodes, ours over HTTP on {where}"
        yield claim(words, "ms", mine, theirs, "Feast 0.67 in process on SQLite", theirs / mine, TURNS)


def claims(portal: Portal, where: str, rounds: int) -> Iterator[dict[str, Any]]:
    reader = portal.reader(portal.token("auditor"))
    edges = step(portal, "fill")["edges"]
    step(portal, "history", 0, RUNS)
    large, small = (LAYERS - 1) * WIDE + WIDE // 2, nearest_to(960)
    before = {}
    for runs in (RUNS, RUNS * TIMES):
        if runs > RUNS:
            step(portal, "history", RUNS, runs - RUNS)
        for number, target, which in ((large, 100, 1), (small, 8, 0)):
            ask(reader, number, 3)
            median, p95, answer = ask(reader, number, rounds)
            nodes = len(answer["nodes"])
            words = f"graph of {nodes} nodes among {edges} edges and {runs} runs over HTTP on {where}"
            told = limit(f"{words}, {'p95' if which else 'median'}", "ms", p95 if which else median, target, rounds)
            yield {**told, "p50_ms": round(median, 1), "p95_ms": round(p95, 1)}
            if number in before:
                grown = median / before[number]
                yield limit(f"cost of {nodes} nodes at {TIMES} times the runs on {where}", "times", grown, 1.2, rounds)
            before[number] = median
    first = []
    for _ in range(TURNS):
        step(portal, "change")
        first.append(ask(reader, large, 2)[2]["first_ms"])
    words = f"the larger of them, first answer after a change of the graph, on {where}, median"
    yield limit(words, "ms", statistics.median(first), 200, TURNS)
    yield from beside(reader, small, where)


def layered(many: int, pairs: int) -> list[tuple[int, int]]:
    """So many different steps between so many nodes in twelve layers, one in ten of them past a layer."""
    dice, wide, found = random.Random(many), many // LAYERS, set[tuple[int, int]]()
    while len(found) < pairs:
        layer = dice.randrange(1, LAYERS)
        back = 2 if layer > 1 and dice.random() < 0.1 else 1
        found.add(((layer - back) * wide + dice.randrange(wide), layer * wide + dice.randrange(wide)))
    return sorted(found)


def drawn(rounds: int) -> Iterator[dict[str, Any]]:
    """The time to lay out and write down a graph of so many nodes, with three steps for every two."""
    from datetime import datetime as clock

    from lineage import svg
    from lineage.graph import Graph, Node

    words = dict.fromkeys(("dataset", "job", "model", "hidden", "more"), "x")
    for many, target in ((500, 50), (2_000, 300)):
        nodes = tuple(Node(f"n{n:04}", "dataset", NAMESPACE, f"dataset {n}", n + 1) for n in range(many))
        edges = tuple((f"n{one:04}", f"n{other:04}") for one, other in layered(many, many * 8 // 5))
        graph = Graph(nodes, edges, clock(2026, 1, 1, tzinfo=UTC), focus="n0000")
        took = []
        for _ in range(rounds):
            begun = time.perf_counter()
            svg.picture(graph, link=lambda node: f"/x/{node.pk}", label="all", words=words)
            took.append((time.perf_counter() - begun) * 1000)
        median = statistics.median(took)
        yield limit(f"drawing {many} nodes and {len(edges)} edges, median", "ms", median, target, rounds)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--on", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.step:
        import django

        os.environ["ATTESTRY_DATA_DIR"] = os.environ["BENCH_HOME"]  # tests.services has one of its own for tests
        django.setup()
        words, *rest = chosen.step
        from django.db import transaction

        with transaction.atomic():
            done = STEPS[words](*map(int, rest))
        if words != "change":
            _settle()
        print(json.dumps(done))
        return
    if not os.environ.get("FEAST_PYTHON"):
        print("not measured: Feast (FEAST_PYTHON names no Python that has it)", file=sys.stderr)
    for each in drawn(10 * chosen.scale):
        print(json.dumps(each), flush=True)
    for database in chosen.on or ["sqlite", "postgresql"]:
        with ExitStack() as stack:
            url = stack.enter_context(postgresql()) if database == "postgresql" else ""
            portal = stack.enter_context(running({"DATABASE_URL": url}))
            for each in claims(portal, database, ROUNDS * chosen.scale):
                print(json.dumps(each), flush=True)


if __name__ == "__main__":
    main()
