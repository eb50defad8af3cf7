"""Following: what is owed to the tables for events that are kept.

An event is answered once it is kept and in the log; a row says that the tables do not say yet what it said. A thread
in every worker projects what is owed, many events at a time, and whoever wants to read what was accepted before waits
for it or does it (`catch_up`). One at a time does, in all processes together. Events stay owed until the last
transaction that projects them is kept, so nothing is lost when a process dies.
"""

import logging
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.utils.translation import gettext_noop

from audit import bulk, sidecar
from audit.actor import Unavailable
from audit.bulk import as_time, as_uuid
from jobs import records as jobs
from jobs import rounds
from jobs.tasks import Away
from lineage import many
from lineage.models import Owed
from lineage.placed import Placed
from lineage.projection import project
from lineage.reading import again, undisturbed
from lineage.records import paid, set_aside

log = logging.getLogger("attestry.lineage")
BATCH, BYTES = 250, 8 * 1024 * 1024
"""At most so many events, and about so many bytes of them, are projected together."""
PAUSE = 0.1
"""Seconds for which events gather before the thread of a worker takes them; most of the time that a reader waits."""
PATIENCE = 4.0
"""Seconds after which a reader is told to come again."""
BEHIND = 2000
"""From about so many owed events on, whoever brings more helps first: the tables are never further behind."""
LOOK = 0.05
"""Seconds for which a process trusts its look at how far the tables are behind."""
_looked_at = 0.0
_LOCK = 0x6C696E65_61676521
"""The PostgreSQL advisory lock of whoever projects; any constant that nobody else uses."""
_UNHURRIED = {"postgresql": "SET synchronous_commit = off", "sqlite": "PRAGMA synchronous = NORMAL"}
"""A worker's follower does not wait for the disk: what a power cut takes from it is owed again, since both go together,
and what was kept was written before."""
_LAST = "SELECT max(event_id) FROM lineage_owed WHERE NOT stuck"
_FIRST = "SELECT min(event_id) FROM lineage_owed WHERE NOT stuck"
_SPAN = f"SELECT ({_LAST}) - ({_FIRST})"
_OLDEST = f"SELECT received_at FROM lineage_rawevent WHERE id = ({_FIRST})"  # noqa: S608 - made of constants
_BACKLOG = f"SELECT (SELECT count(*) FROM lineage_owed WHERE NOT stuck), ({_OLDEST})"  # noqa: S608 - made of constants
_SIZES = (
    "SELECT o.event_id, r.size FROM lineage_owed o JOIN lineage_rawevent r ON r.id = o.event_id WHERE NOT o.stuck"
    " ORDER BY o.event_id LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many events are owed to the tables, and when the oldest of them came."""

    events: int
    oldest_at: datetime | None


def catch_up(patience: float = PATIENCE) -> None:
    """Return once the tables say all that was accepted before this call; refused after so many seconds.

    Whoever decides or answers by what the tables say calls this first, outside a transaction.
    """
    last = _number(_LAST)
    end = time.monotonic() + patience
    while last is not None and _number(f"{_FIRST} AND event_id <= %s", last) is not None:
        if time.monotonic() > end:
            raise Unavailable("lineage.behind")
        if not settle():
            time.sleep(0.01)


def before_work() -> None:
    """Let owed work find all that was accepted before it began; put off while the tables are behind."""
    try:
        catch_up()
    except Unavailable as behind:
        raise Away(gettext_noop("Events of lineage are still being taken in.")) from behind


def settle() -> int:
    """Project the oldest events that are owed; returns how many: 0 when there are none, or others do it now."""
    with _alone() as got:
        return _project(*_oldest()[:2]) if got else 0


def settle_here() -> None:
    """Project all that is owed within the caller's transaction, which keeps everybody else out."""
    while (found := _oldest())[0]:
        project(found[1], _discovered, partial(paid, found[0]))


def keep_pace(patience: float = PATIENCE) -> None:
    """Return once the tables are less than `BEHIND` events behind, helping where nobody does; or after `patience`.

    Looks a few times a second.
    """
    global _looked_at  # noqa: PLW0603 - one process, one moment
    begun = time.monotonic()
    if begun < _looked_at + LOOK:
        return
    while (_number(_SPAN) or 0) > BEHIND and time.monotonic() < begun + patience:
        if not settle():
            time.sleep(0.02)
    _looked_at = time.monotonic()


def backlog() -> Backlog:
    """Return how far the tables are behind."""
    ((events, oldest),) = bulk.fetch(_BACKLOG, [])
    return Backlog(events, as_time(oldest) if oldest else None)


def stuck() -> int:
    """Return how many events could not be projected; making the tables again tries them once more."""
    return Owed.objects.filter(stuck=True).count()


def start(stop: threading.Event) -> threading.Thread:
    """Project what is owed in a thread until `stop` is set."""
    known: Any = None

    def turn() -> None:
        nonlocal known
        connection.ensure_connection()
        if connection.connection is not known:
            known = connection.connection
            bulk.execute(_UNHURRIED[connection.vendor])
        _settle_all(stop)

    trouble = "The tables of lineage cannot follow the events."
    return rounds.start(stop, "lineage-follower", turn, rest=PAUSE, trouble=trouble, log=log)


def _settle_all(stop: threading.Event) -> None:
    """Project all there is, and let nobody else begin meanwhile: half a batch of theirs would only hold this one up."""
    with _alone() as got:
        more = got
        while more and not stop.is_set():
            pks, placed, more = _oldest()
            _project(pks, placed)


def _project(pks: Sequence[int], ready: Sequence[Placed]) -> int:
    """Project events, if there are any; what cannot be projected is looked for one by one, and set aside."""
    if not pks:
        return 0
    try:
        project(ready, _discovered, lambda: paid(pks))
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(pks) > 1:
            return sum(_project([pk], [one]) for pk, one in zip(pks, ready, strict=True))
        log.exception("Event %s cannot be projected; it is kept, and set aside.", ready[0].sha256)
        set_aside(pks[0])
    return len(pks)


def _discovered(new: Sequence[int]) -> None:
    """Owe the catalog a look at datasets that were seen for the first time."""
    for pk in new:
        jobs.enqueue("catalog.discover", str(pk), dedupe_key=f"catalog.discover:{pk}")


def _oldest() -> tuple[list[int], list[Placed], bool]:
    """Return the oldest events that are owed, as many as are projected together, and whether there may be more."""
    sizes = bulk.fetch(_SIZES, [BATCH])
    room, pks = BYTES, list[int]()
    for pk, size in sizes:
        if pks and room < size:
            break
        pks.append(pk)
        room -= size
    if not pks:
        return [], [], False
    with undisturbed(BYTES - room):
        found = many.rows(
            "id, body, received_at, scope_id, sha256", "rawevent", "id = ANY(%s) ORDER BY id", many.ids(pks)
        )
        return pks, [_placed(*row[1:]) for row in found], len(pks) == BATCH or len(pks) < len(sizes)


def _placed(body: Any, received: Any, scope: Any, sha256: str) -> Placed:
    event = again(zlib.decompress(body))
    return Placed(event, event.at or as_time(received), as_uuid(scope), sha256)


@contextmanager
def _alone() -> Iterator[bool]:
    """Keep everybody else from projecting; yields whether that was possible."""
    if connection.vendor != "postgresql":
        with sidecar.lock("lineage.lock", wait=False) as got:
            yield got
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        got = bool(cursor.fetchone()[0])
    try:
        yield got
    finally:
        if got:
            bulk.rows("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _number(question: str, *values: int) -> int | None:
    found: int | None = bulk.fetch(question, values)[0][0]
    return found
