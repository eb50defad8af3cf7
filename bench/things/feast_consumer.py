"""Feast's OpenLineage consumer in this process: events from standard input, on a SQLite file, for so many seconds.

Run by `bench.lineage_ingest` with a Python that has `feast==0.67.0`. Prints events a second, last.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from feast.openlineage.processor import OpenLineageProcessor
from feast.openlineage.store import OpenLineageStore

if __name__ == "__main__":
    lines = sys.stdin.read().splitlines()
    with tempfile.TemporaryDirectory() as folder:
        store = OpenLineageStore(connection_string=f"sqlite:///{Path(folder)}/feast.db")
        store.initialize()
        processor = OpenLineageProcessor(store)
        begun, done, wrong = time.perf_counter(), 0, 0
        for line in lines:
            try:
                processor.process_event(json.loads(line))
            except Exception:  # noqa: BLE001 - an event that the peer cannot take is one it did not take
                wrong += 1
            done += 1
            if time.perf_counter() - begun > float(sys.argv[1]):
                break
        seconds = time.perf_counter() - begun
    print(f"{wrong} of {done} events were refused", file=sys.stderr)
    print((done - wrong) / seconds)
