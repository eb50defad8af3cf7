"""The sequencer: gives entries their numbers, grows the tree, signs a checkpoint about every second.

Every worker runs one as a thread; whoever holds the lock works. Two steps, each its own transaction: number (leaves,
links, full tiles, queue emptied), then publish (sign, remember outside the database, store). Killed between any two
instructions, the next run goes on from what is there. Nothing is ever signed below or beside what was signed last.
"""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime

from django.db import close_old_connections, connection, transaction

from audit import keys, selectors, sidecar
from audit.actor import system
from audit.checkpoint import Checkpoint as State
from audit.checkpoint import Vkey, verify
from audit.leaf import LOG, Link, leaf_bytes
from audit.log import append
from audit.merkle import leaf_hash, root_of
from audit.models import Checkpoint, Entry, Head, Leaf, Pending, Tile, Trail
from audit.refusals import Unavailable
from audit.tiles import FULL
from jobs import selectors as clock

log = logging.getLogger("attestry.audit")
BATCH, BATCHES = 1000, 20
"""Entries numbered in one transaction, and such transactions before the next checkpoint at the latest."""
EVERY = 1.0
"""Seconds between two looks at the queue, and so between two checkpoints."""
_ADVISORY = 0x61747465_73747279
"""The PostgreSQL advisory lock of the sequencer; any constant that nobody else uses."""


def start(stop: threading.Event) -> threading.Thread:
    """Run the sequencer in a thread until `stop` is set; errors are logged and tried again."""
    thread = threading.Thread(target=_run, args=(stop,), name="audit-sequencer", daemon=True)
    thread.start()
    return thread


def run_once(now: datetime) -> int:
    """Number what waits and publish a checkpoint when there is something new; returns how many got numbers.

    Refused, with nothing written, when the database does not continue what was signed last, or the key is not the
    one that signed it. Does nothing while another sequencer holds the lock.
    """
    if _idle():
        return 0
    signer = keys.signer()
    _make_memory_again(now, signer)
    numbered, last = 0, BATCH
    while last == BATCH:
        for _ in range(BATCHES):
            last = _number(signer.vkey)
            numbered += last
            if last < BATCH:
                break
        _publish(now, signer)
    return numbered


def _run(stop: threading.Event) -> None:
    complaint = ""
    while not stop.wait(EVERY):
        try:
            close_old_connections()
            run_once(clock.now())
            complaint = ""
        except Exception as error:
            if repr(error) != complaint:
                log.exception("The audit log cannot go on: %s", getattr(error, "params", ""))
            complaint = repr(error)
            connection.close()
    connection.close()


def _idle() -> bool:
    """Whether nothing waits and everything numbered is published; asked without a lock or a transaction."""
    published = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0
    return not Pending.objects.exists() and selectors.size() == published


@contextmanager
def _alone() -> Iterator[bool]:
    """A transaction that holds the sequencer's lock; yields whether it was got."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ADVISORY])
            yield bool(cursor.fetchone()[0])
    else:
        with sidecar.lock("audit-sequencer.lock", wait=False) as got, transaction.atomic() if got else nullcontext():
            yield got


def _number(vkey: Vkey) -> int:
    """Turn the oldest waiting entries into leaves, in one transaction; returns how many."""
    with _alone() as got:
        if not got:
            return 0
        waiting = list(Entry.objects.filter(pending__isnull=False).order_by("pk")[:BATCH])
        if not waiting:
            return 0
        _check_continues(vkey)
        start = selectors.size()
        trails = _trails(waiting, start)
        Leaf.objects.bulk_create(_leaves(waiting, trails, start))
        Trail.objects.bulk_create([each for trail in trails for each in trail])
        _move_heads(trails)
        _grow(start, start + len(waiting))
        Pending.objects.filter(pk__in=[each.pk for each in waiting]).delete()
        return len(waiting)


def _make_memory_again(now: datetime, signer: keys.Signer) -> None:
    """Go on from the newest checkpoint when the file that remembers it is lost, and record that it was."""
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None or sidecar.recall() is not None:
        return
    state = verify(newest.note, signer.vkey)
    with _alone() as got:
        if got:
            about = {"size": state.size, "root": state.root.hex()}
            append(actor=system(), action="audit.memory_lost", subjects=[LOG], at=now, about=about)
            sidecar.remember(sidecar.Signed(state, str(signer.vkey)), None)


def _check_continues(vkey: Vkey) -> None:
    signed = sidecar.recall()
    selectors.extends(signed)
    if signed and signed.vkey != str(vkey):
        raise Unavailable("audit.key_changed")


def _trails(waiting: list[Entry], start: int) -> list[list[Trail]]:
    """The links of each entry to the one before it about the same subject."""
    subjects = [json.loads(bytes(each.body))["subjects"] for each in waiting]
    wanted = {each for names in subjects for each in names}
    heads = {each.subject: (each.number, each.seq) for each in Head.objects.filter(pk__in=wanted)}
    found = []
    for seq, (entry, names) in enumerate(zip(waiting, subjects, strict=True), start):
        trail = []
        for name in names:
            number, previous = heads.get(name, (-1, None))
            trail.append(Trail(subject=name, number=number + 1, seq=seq, previous=previous, entry_id=entry.pk))
            heads[name] = (number + 1, seq)
        found.append(trail)
    return found


def _leaves(waiting: list[Entry], trails: list[list[Trail]], start: int) -> list[Leaf]:
    leaves = []
    for seq, (entry, trail) in enumerate(zip(waiting, trails, strict=True), start):
        body = leaf_bytes(bytes(entry.body), seq, [Link(each.subject, each.number, each.previous) for each in trail])
        leaves.append(Leaf(seq=seq, entry_id=entry.pk, body=body, hash=leaf_hash(body)))
    return leaves


def _move_heads(trails: list[list[Trail]]) -> None:
    heads = {each.subject: Head(subject=each.subject, number=each.number, seq=each.seq) for t in trails for each in t}
    Head.objects.bulk_create(
        heads.values(), update_conflicts=True, unique_fields=["subject"], update_fields=["number", "seq"]
    )


def _grow(start: int, end: int) -> None:
    """Write the tiles that became full while the log grew from `start` to `end`, level by level."""
    level = 0
    while start // FULL < end // FULL:
        for number in range(start // FULL, end // FULL):
            hashes = selectors.tile_hashes(level, number)
            Tile.objects.create(level=level, number=number, hashes=b"".join(hashes), root=root_of(hashes))
        level, start, end = level + 1, start // FULL, end // FULL


def _publish(now: datetime, signer: keys.Signer) -> None:
    """Sign everything numbered so far. What was signed is remembered on disk before anybody can read it."""
    with _alone() as got:
        size = selectors.size()
        if not got or not size or Checkpoint.objects.filter(pk=size).exists():
            return
        _check_continues(signer.vkey)
        state = State(signer.vkey.name, size, selectors.root(size))
        seen = sidecar.recall()
        if seen and seen.checkpoint.origin != state.origin:
            raise Unavailable("audit.key_changed")
        note = signer.sign(state)
        sidecar.remember(sidecar.Signed(state, str(signer.vkey)), seen)
        Checkpoint.objects.create(size=size, root=state.root, note=note, at=now)
