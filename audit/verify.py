"""Checking the log in the database: every row against the bytes that were hashed, and those against what was signed.

One pass over the leaves in order, in memory that grows with the number of subjects only. It runs in the same database
as the suspect, so it is a help for the operator; what convinces an auditor is `offline/verify.py` on an export.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from audit import keys, sidecar, triggers
from audit.canonical import instant
from audit.checkpoint import Vkey, verify
from audit.leaf import Link, commitment, leaf_bytes
from audit.merkle import Frontier, leaf_hash, root_of
from audit.models import Checkpoint, Entry, Head, Leaf, Opening, Pending, Tile, Trail
from audit.refusals import Refused
from audit.tiles import FULL

CHUNK = FULL * 8
MOST = 100


@dataclass(frozen=True)
class Fault:
    """Something wrong: the `seq` of the entry it concerns (-1: the log as a whole), and what it is."""

    seq: int
    what: str

    def __str__(self) -> str:
        """The line to show."""
        return f"BAD entry {self.seq}: {self.what}" if self.seq >= 0 else f"BAD log: {self.what}"


@dataclass
class Report:
    """How many entries were looked at, under which root, and what is wrong, earliest entries first."""

    size: int = 0
    root: bytes = b""
    faults: list[Fault] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def database(vkey: Vkey | None = None) -> Report:
    """Check the whole log in the database under `vkey` (by default this server's own); looks, changes nothing."""
    check = _Check(vkey or keys.verifier())
    for leaves in _chunks():
        check.chunk(leaves)
    check.end()
    return Report(check.tree.size, check.tree.root(), sorted(check.faults, key=lambda each: each.seq % (1 << 63)))


def _chunks() -> Iterator[list[Leaf]]:
    last = -1
    while leaves := list(Leaf.objects.filter(seq__gt=last).order_by("seq")[:CHUNK]):
        yield leaves
        last = leaves[-1].seq


class _Check:
    def __init__(self, vkey: Vkey) -> None:
        self.vkey = vkey
        self.tree = Frontier()
        self.heads: dict[str, tuple[int, int]] = {}
        self.faults: list[Fault] = []
        self.tile: list[bytes] = []
        self.signed: dict[int, Checkpoint] = {}
        self.memory = self._recall()
        self.good, self.lost = 0, False

    def _recall(self) -> sidecar.Signed | None:
        try:
            return sidecar.recall()
        except Refused:
            self.note(-1, "the file that remembers what was signed last cannot be read")
            return None

    def note(self, seq: int, what: str) -> None:
        if len(self.faults) < MOST:
            self.faults.append(Fault(seq, what))

    def chunk(self, leaves: list[Leaf]) -> None:
        first, last = self.tree.size, leaves[-1].seq
        self.signed = Checkpoint.objects.filter(size__gt=first, size__lte=last + 1).in_bulk()
        ids = [each.entry_id for each in leaves]
        entries = Entry.objects.in_bulk(ids)
        openings: dict[int, list[Opening]] = {}
        for each in Opening.objects.filter(entry_id__in=ids):
            openings.setdefault(each.entry_id, []).append(each)
        trails: dict[int, list[Trail]] = {}
        rows = Trail.objects.filter(seq__gte=first, seq__lte=last).order_by("pk")
        for row in rows:
            trails.setdefault(row.seq, []).append(row)
        for leaf in leaves:
            self._leaf(leaf, entries.get(leaf.entry_id), trails.pop(leaf.seq, []))
            for opening in openings.get(leaf.entry_id, []):
                self._opening(leaf.seq, entries.get(leaf.entry_id), opening)
        for seq in trails:
            self.note(seq, "the trail has a link for an entry that is not there")

    def _leaf(self, leaf: Leaf, entry: Entry | None, trail: list[Trail]) -> None:
        seq = self.tree.size
        if leaf.seq != seq:
            self.note(seq, f"it is missing: the next one there is {leaf.seq}")
        body = bytes(leaf.body)
        if leaf_hash(body) != bytes(leaf.hash):
            self.note(leaf.seq, "its bytes do not have its hash")
        if entry is None:
            self.note(leaf.seq, "the entry it numbers is gone")
            self._skip(body, leaf.seq)
        else:
            self._place(leaf, entry, trail)
        self._grow(leaf_hash(body))

    def _place(self, leaf: Leaf, entry: Entry, trail: list[Trail]) -> None:
        """The leaf is the entry in its place, and the columns that index the entry say what its bytes say."""
        try:
            said = json.loads(bytes(entry.body))
            links = self._links(said["subjects"], leaf.seq)
            right = leaf_bytes(bytes(entry.body), leaf.seq, links) == bytes(leaf.body)
            columns = _columns(said)
        except (ValueError, KeyError, TypeError):
            self.note(leaf.seq, "the entry's bytes cannot be read")
            return
        if not right:
            self.note(leaf.seq, "the leaf is not the entry in its place")
        if columns != _indexed(entry):
            self.note(leaf.seq, "a column says something else than the entry's bytes")
        if [(each.subject, each.number, each.previous, each.entry_id) for each in trail] != [
            (each.subject, each.number, each.previous, entry.pk) for each in links
        ]:
            self.note(leaf.seq, "its trail is not what its leaf says")

    def _links(self, subjects: list[str], seq: int) -> list[Link]:
        links = []
        for each in subjects:
            number, previous = self.heads.get(each, (-1, None))
            links.append(Link(each, number + 1, previous))
            self.heads[each] = (number + 1, seq)
        return links

    def _skip(self, body: bytes, seq: int) -> None:
        """Go on with the links of a leaf whose entry is gone."""
        with suppress(ValueError, KeyError, TypeError):
            self._links([each["id"] for each in json.loads(body)["subjects"]], seq)

    def _opening(self, seq: int, entry: Entry | None, opening: Opening) -> None:
        said = json.loads(bytes(entry.body)).get("private", {}) if entry else {}
        if said.get(opening.field) != commitment(bytes(opening.salt), opening.value):
            self.note(seq, f"the value kept for “{opening.field}” is not the one that was recorded")

    def _grow(self, hash_of_leaf: bytes) -> None:
        self.tree.append(hash_of_leaf)
        self.tile.append(hash_of_leaf)
        if len(self.tile) == FULL:
            self._tiles(self.tree.size // FULL - 1)
            self.tile = []
        if self.tree.size in self.signed:
            self._checkpoint(self.signed[self.tree.size])
        if self.memory and self.memory.checkpoint.size == self.tree.size:
            if self.memory.checkpoint.root != self.tree.root():
                self._lost("from it on, these are not the entries that were signed")
            self.memory = None

    def _tiles(self, number: int) -> None:
        tile = Tile.objects.filter(level=0, number=number).first()
        if tile is None or bytes(tile.hashes) != b"".join(self.tile) or bytes(tile.root) != root_of(self.tile):
            self.note(number * FULL, f"tile/0/{number} is not what its entries give")

    def _checkpoint(self, checkpoint: Checkpoint) -> None:
        try:
            state = verify(checkpoint.note, self.vkey)
        except Refused as refusal:
            self._lost(f"the checkpoint at {checkpoint.size} vouches for nothing: {refusal.params.get('why')}")
            return
        if (state.size, state.root) == (self.tree.size, self.tree.root()) and bytes(checkpoint.root) == state.root:
            self.good = self.tree.size
        else:
            self._lost(f"from it on, these are not the entries that were signed at {checkpoint.size}")

    def _lost(self, what: str) -> None:
        """Name the first entry no signature vouches for, once: every later state would say the same."""
        if not self.lost:
            self.note(self.good, what)
        self.lost = True

    def end(self) -> None:
        """What only shows when every leaf has been seen."""
        size = self.tree.size
        for beyond in Checkpoint.objects.filter(size__gt=size).order_by("-size")[:1]:
            self.note(size, f"it is missing: a checkpoint at {beyond.size} was signed")
        if self.memory:
            self.note(size, f"it is missing: {self.memory.checkpoint.size} entries were signed")
        for each in Head.objects.iterator(chunk_size=1000):
            if self.heads.pop(each.subject, None) != (each.number, each.seq):
                self.note(-1, f"the end of the trail of {each.subject} is not where its leaves end")
        for subject in self.heads:
            self.note(-1, f"the end of the trail of {subject} is gone")
        self._upper_tiles()
        numbered = Leaf.objects.filter(entry_id=OuterRef("pk"))
        queued = Pending.objects.filter(entry_id=OuterRef("pk"))
        for pk in Entry.objects.filter(~Exists(numbered), ~Exists(queued)).values_list("pk", flat=True)[:MOST]:
            self.note(-1, f"the entry with id {pk} has no number and does not wait for one")
        for table, name in sorted(set(triggers.expected(connection.vendor)) - triggers.standing(connection)):
            self.note(-1, f"the guard {name} on {table} is not in force")

    def _upper_tiles(self) -> None:
        """Tiles above the lowest are the roots of the tiles below them."""
        level, count = 1, self.tree.size // FULL // FULL
        while count:
            for number in range(count):
                below = Tile.objects.filter(level=level - 1, number__gte=number * FULL, number__lt=(number + 1) * FULL)
                roots = [bytes(each) for each in below.order_by("number").values_list("root", flat=True)]
                tile = Tile.objects.filter(level=level, number=number).first()
                if tile is None or bytes(tile.hashes) != b"".join(roots) or bytes(tile.root) != root_of(roots):
                    self.note(number * FULL ** (level + 1), f"tile/{level}/{number} is not what the tiles below give")
            level, count = level + 1, count // FULL


def _columns(said: dict[str, Any]) -> tuple[str, ...]:
    """What the bytes say that columns say as well."""
    return said["action"], said["outcome"], said["actor"]["id"], str(said["scope"]), said["at"]


def _indexed(entry: Entry) -> tuple[str, ...]:
    return entry.action, entry.outcome, str(entry.actor_id), str(entry.scope_id), instant(entry.at)
