"""The sequencer: gives entries their numbers, grows the tree, signs a checkpoint about every second.

Every worker runs one as a thread; whoever holds the lock works. Three steps, each its own transaction: number (leaves,
links, full tiles, queue emptied), publish (sign, remember outside the database, store), index the words. Killed between
any two instructions, the next run goes on from what is there. Nothing is ever signed below or beside what was signed
last.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any

from django.db import connection, transaction

from audit import bulk, keys, search, selectors, sidecar
from audit.actor import system
from audit.checkpoint import Checkpoint as State
from audit.checkpoint import Vkey, verify
from audit.leaf import LOG, Link, leaf_bytes, subjects_of
from audit.log import append
from audit.merkle import leaf_hash, root_of
from audit.models import Checkpoint, Pending, Tile
from audit.refusals import Conflict, Unavailable
from audit.tiles import FULL
from audit.timekeeping import Watch
from jobs import rounds
from jobs import selectors as clock

log = logging.getLogger("attestry.audit")
BATCH, BATCHES = 4000, 5
"""Entries numbered in one transaction, and such transactions before the next checkpoint at the latest."""
INDEXED = 1000
"""Entries whose words are indexed in one transaction."""
EVERY = 1.0
"""Seconds between two looks at the queue, and so between two checkpoints."""
_WAITING = (
    "SELECT e.id, e.body FROM audit_pending p JOIN audit_entry e ON e.id = p.entry_id ORDER BY p.entry_id LIMIT %s"
)
_LOOK = (
    "SELECT (SELECT min(entry_id) FROM audit_pending), (SELECT max(seq) FROM audit_leaf),"
    " (SELECT max(size) FROM audit_checkpoint), (SELECT max(seq) FROM audit_words)"
)
_ADVISORY = 0x61747465_73747279
"""The PostgreSQL advisory lock of the sequencer; any constant that nobody else uses."""


def start(stop: threading.Event) -> threading.Thread:
    """Run the sequencer in a thread until `stop` is set."""
    watch = Watch()

    def turn() -> None:
        now = clock.now()
        watch.look(now)
        run_once(now)

    trouble = "The audit log cannot go on:"
    return rounds.start(stop, "audit-sequencer", turn, every=EVERY, trouble=trouble, log=log)


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
        _index()
    return numbered


def _idle() -> bool:
    """Whether nothing waits, and everything numbered is published and found by its words; one statement, no lock."""
    ((first, last, published, said),) = bulk.fetch(_LOOK, [])
    return first is None and (-1 if last is None else last) + 1 == (published or 0) and said == last


@contextmanager
def _alone() -> Iterator[bool]:
    """Hold the sequencer's lock; yields whether it was got. On PostgreSQL it is a transaction's, on SQLite a file's.

    Nobody else writes what the sequencer reads, so on SQLite it reads and thinks before it takes the writers' turn.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ADVISORY])
            yield bool(cursor.fetchone()[0])
    else:
        with sidecar.lock("audit-sequencer.lock", wait=False) as got:
            yield got


def _number(vkey: Vkey) -> int:
    """Turn the oldest waiting entries into leaves, in one transaction; returns how many."""
    with _alone() as got:
        waiting = _waiting() if got else []
        if not waiting:
            return 0
        _check_continues(vkey)
        start = selectors.size()
        trails = _trails(waiting, start)
        leaves, links = _leaves(waiting, trails, start), _links(waiting, trails, start)
        with transaction.atomic():
            _insert_leaves(leaves)
            _insert_trails(links)
            bulk.move_heads(start, start + len(waiting))
            _grow(start, [each[3] for each in leaves])
            _take_off([pk for pk, _ in waiting])
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
            with transaction.atomic():
                append(actor=system(), action="audit.memory_lost", subjects=[LOG], at=now, about=about)
                sidecar.remember(sidecar.Signed(state, str(signer.vkey)), None)


def _check_continues(vkey: Vkey) -> None:
    signed = sidecar.recall()
    selectors.extends(signed)
    if signed and signed.vkey != str(vkey):
        raise Unavailable("audit.key_changed")


def _waiting() -> list[tuple[int, bytes]]:
    """The oldest entries of the queue, as ids and bytes."""
    return [(pk, bytes(body)) for pk, body in bulk.fetch(_WAITING, [BATCH])]


def _trails(waiting: list[tuple[int, bytes]], start: int) -> list[list[Link]]:
    """The links of each entry to the one before it about the same subject."""
    subjects = [subjects_of(body) for _, body in waiting]
    heads = {name: (number, seq) for name, number, seq in bulk.heads({each for names in subjects for each in names})}
    found = []
    for seq, names in enumerate(subjects, start):
        trail = []
        for name in names:
            number, previous = heads.get(name, (-1, None))
            trail.append(Link(name, number + 1, previous))
            heads[name] = (number + 1, seq)
        found.append(trail)
    return found


def _leaves(
    waiting: list[tuple[int, bytes]], trails: list[list[Link]], start: int
) -> list[tuple[int, int, bytes, bytes]]:
    """The rows of leaves: number, entry, bytes, hash."""
    leaves = []
    for seq, ((pk, entry), links) in enumerate(zip(waiting, trails, strict=True), start):
        body = leaf_bytes(entry, seq, links)
        leaves.append((seq, pk, body, leaf_hash(body)))
    return leaves


def _links(waiting: list[tuple[int, bytes]], trails: list[list[Link]], start: int) -> list[tuple[Any, ...]]:
    """The rows of trails: subject, number along it, number of the leaf, that of the one before, entry."""
    return [
        (each.subject, each.number, seq, each.previous, pk)
        for seq, ((pk, _), trail) in enumerate(zip(waiting, trails, strict=True), start)
        for each in trail
    ]


def _insert_leaves(leaves: list[tuple[int, int, bytes, bytes]]) -> None:
    bulk.insert("audit_leaf", {"seq": "int8", "entry_id": "int8", "body": "bytea", "hash": "bytea"}, leaves)


def _insert_trails(links: list[tuple[Any, ...]]) -> None:
    columns = {"subject": "varchar", "number": "int8", "seq": "int8", "previous": "int8", "entry_id": "int8"}
    bulk.insert("audit_trail", columns, links)


def _grow(start: int, hashes: list[bytes]) -> None:
    """Write the tiles that became full when `hashes` joined the `start` ones before them, level by level."""
    level = 0
    while (start % FULL + len(hashes)) // FULL:
        number, before = divmod(start, FULL)
        hashes = selectors.tile_hashes(level, number)[:before] + hashes
        full = [hashes[at : at + FULL] for at in range(0, len(hashes) - FULL + 1, FULL)]
        roots = [root_of(each) for each in full]
        rows = zip(count(number), full, roots, strict=False)
        Tile.objects.bulk_create(
            Tile(level=level, number=at, hashes=b"".join(each), root=root) for at, each, root in rows
        )
        level, start, hashes = level + 1, number, roots


def _take_off(ids: list[int]) -> None:
    """Empty the queue of what was numbered; refused, with all of it undone, when a row is not there to be taken."""
    if bulk.take_off(ids) != len(ids):
        raise Conflict("audit.signed_elsewhere")


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


def _index() -> None:
    """Let what was numbered be found by its words, as long as nothing waits for its number."""
    for _ in range(BATCHES * BATCH // INDEXED):
        with _alone() as got:
            if not got or search.catch_up(INDEXED) < INDEXED or Pending.objects.exists():
                return
