"""Feast's lineage graph in this process, without HTTP: edges from standard input, then a walk upstream a line.

Run by `bench.lineage_graph` with a Python that has `feast==0.67.0`. The first line holds the name to ask about and how
many edges follow, each `source type, source, target type, target` between tabs. Then every line is answered with the
milliseconds that a walk took and how many nodes it found.
"""

import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from feast.openlineage.models import OL_TABLES
from feast.openlineage.store import OpenLineageStore

if __name__ == "__main__":
    name, many = sys.stdin.readline().rstrip("\n").split("\t")
    with tempfile.TemporaryDirectory() as folder:
        store = OpenLineageStore(connection_string=f"sqlite:///{Path(folder)}/feast.db")
        store.initialize()
        table = OL_TABLES["lineage_edges"]
        columns = ("source_type", "source_name", "target_type", "target_name")
        same = {"source_namespace": "n", "target_namespace": "n", "edge_type": None, "updated_at": 0}
        with store.engine.begin() as connection:
            left = islice(sys.stdin, int(many))
            while part := [line.rstrip("\n").split("\t") for line in islice(left, 10_000)]:
                connection.execute(table.insert(), [dict(zip(columns, one, strict=True), **same) for one in part])
        print("ready", flush=True)
        for _ in sys.stdin:
            begun = time.perf_counter()
            found = store.get_lineage_graph("dataset", "n", name, depth=200, direction="upstream")
            print((time.perf_counter() - begun) * 1000, len(found["nodes"]), flush=True)
