"""What a process has loaded stays, and Python's collector of cycles passes it by."""

import gc

from portal import lifetimes


def test_the_collector_passes_by_what_was_there_and_still_finds_what_came_after() -> None:
    try:
        lifetimes.settled()
        assert gc.get_freeze_count() > 100_000
        cycle: list[object] = []
        cycle.append(cycle)
        del cycle
        assert gc.collect() > 0
    finally:
        gc.unfreeze()
