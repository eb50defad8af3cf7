"""Rounds: what a thread of a worker does again and again beside its tasks, for as long as the worker lives."""

import logging
import threading
import time
from collections.abc import Callable

from django.db import close_old_connections, connection

Turn = Callable[[], object]


def start(  # noqa: PLR0913 - each is named at the call
    stop: threading.Event,
    name: str,
    turn: Turn,
    *,
    trouble: str,
    log: logging.Logger,
    every: float = 0.0,
    rest: float = 0.0,
    leave: Turn = lambda: None,
) -> threading.Thread:
    """Take one `turn` after the other in a thread of that name until `stop` is set.

    A turn begins `every` seconds after the one before began, and `rest` seconds after that ended at the earliest. What
    goes wrong is logged as `trouble`, once for as long as it is the same, and tried again on a new connection. `leave`
    lets go of what turns hold: after an error, and at the end.
    """

    def go() -> None:
        complaint, begun = "", time.monotonic()
        while not stop.wait(max(rest, begun + every - time.monotonic())):
            begun = time.monotonic()
            try:
                close_old_connections()
                turn()
                complaint = ""
            except Exception as error:
                if repr(error) != complaint:
                    log.exception("%s", " ".join(filter(None, [trouble, str(getattr(error, "params", ""))])))
                complaint = repr(error)
                leave()
                connection.close()
        leave()
        connection.close()

    thread = threading.Thread(target=go, name=name, daemon=True)
    thread.start()
    return thread
