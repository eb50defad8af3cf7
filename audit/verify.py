"""Checking the log in the database: every row against the bytes that were hashed, and those against what was signed.

One pass over the leaves in order, as of one moment, in memory that grows with the number of subjects only. Tiles that
agree with everything are found in bulk (`agreement`); only where they do not, each entry is looked at, and named. It
runs in the same database as the suspect: a help for the operator; what convinces an auditor is `offline/verify.py`.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from django.db import connection
from django.db.models import Exists, Max, OuterRef

from audit import agreement, bulk, rotation, sidecar, triggers
from audit.checkpoint import Checkpoint as State
from audit.checkpoint import Vkey, verify
from audit.leaf import Link, commitment, leaf_bytes, subjects_of
from audit.merkle import Frontier, root_of
from audit.models import Checkpoint, Entry, Head, Leaf, Pending, Tile, Trail
from audit.refusals import Refused
from audit.retention import selectors as retention
from audit.tiles import FULL

TILES = 32
CHUNK = FULL * TILES
MOST = 100
UNVOUCHED = "from it on, these are not the entries that were signed"
"""Said of the first entry after the last good signature; which of those that follow is bad, it does not know."""
_TILE = ("number", "hashes", "root")
_LEAVES = {
    vendor: f"SELECT l.seq, l.entry_id, l.body, l.hash, e.body, e.action, e.outcome, {', '.join(texts)}"  # noqa: S608
    " FROM audit_leaf l LEFT JOIN audit_entry e ON e.id = l.entry_id WHERE l.seq > %s ORDER BY l.seq LIMIT %s"
    for vendor, texts in agreement.TEXTS.items()
}
"""Leaves in order, beside their entries, whose columns are written as the entry's bytes have them."""
_TRAILS = (
    "SELECT seq, subject, number, previous, entry_id FROM audit_trail WHERE seq BETWEEN %s AND %s ORDER BY seq, id"
)
_OPENINGS = (
    "WITH part AS (SELECT seq, entry_id FROM audit_leaf WHERE seq BETWEEN %s AND %s)"
    " SELECT part.seq, e.body, o.field, o.salt, o.value FROM audit_opening o JOIN part ON part.entry_id = o.entry_id"
    " LEFT JOIN audit_entry e ON e.id = o.entry_id WHERE o.entry_id"
    " BETWEEN (SELECT min(entry_id) FROM part) AND (SELECT max(entry_id) FROM part) ORDER BY part.seq"
)


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


def database(*vkeys: Vkey) -> Report:
    """Check the whole log in the database under `vkeys` (by default all that ever signed it); changes nothing."""
    check = _Check([*vkeys] or rotation.history())
    with bulk.snapshot():
        check.pruned = _pruned(check)
        check.all()
    return Report(check.tree.size, check.tree.root(), sorted(check.faults, key=lambda each: each.seq % (1 << 63)))


class _Check:
    def __init__(self, vkeys: list[Vkey]) -> None:
        self.vkeys = vkeys
        self.tree = Frontier()
        self.heads: agreement.Heads = {}
        self.faults: list[Fault] = []
        self.tile: list[bytes] = []
        self.tiles: dict[int, tuple[bytes, bytes]] = {}
        self.signed: dict[int, Checkpoint] = {}
        self.pruned: list[tuple[int, int]] = []
        self.memory = self._recall()
        self.next, self.good, self.lost = 0, 0, False

    def _recall(self) -> sidecar.Signed | None:
        try:
            return sidecar.recall()
        except Refused:
            self.note(-1, "the file that remembers what was signed last cannot be read")
            return None

    def note(self, seq: int, what: str) -> None:
        if len(self.faults) < MOST:
            self.faults.append(Fault(seq, what))

    def all(self) -> None:
        """Look at everything: at whole tiles in bulk, and closer at what does not agree."""
        last, whole = -1, ((Leaf.objects.aggregate(last=Max("seq"))["last"] or 0) + 1) // FULL
        while True:
            if self._agrees(min(TILES, whole - self.next // FULL)):
                last = self.next - 1
            elif leaves := bulk.fetch(_LEAVES[connection.vendor], [last, CHUNK]):
                self.chunk(leaves)
                last = leaves[-1][0]
            else:
                break
        self.end()

    def _agrees(self, count: int) -> bool:
        """Whether so many whole tiles agree with everything beside them; then they have joined the tree."""
        first, apart = divmod(self.next, FULL)
        if count < 1 or apart or self.next != self.tree.size:
            return False
        tiles = agreement.hashes_of(first, count, self.heads)
        if tiles is None:
            return False
        self._beside(count * FULL)
        for self.tile in tiles:
            self._grow()
        start, self.next = self.next, self.next + count * FULL
        self._openings(start, self.next - 1)
        return True

    def _beside(self, count: int) -> None:
        """Have at hand what was signed and stored over the next `count` leaves."""
        size = self.tree.size + len(self.tile)
        self.signed = Checkpoint.objects.filter(size__gt=size, size__lte=size + count).in_bulk()
        whole = Tile.objects.filter(level=0, number__gte=size // FULL, number__lt=(size + count) // FULL)
        self.tiles = {number: (bytes(hashes), bytes(root)) for number, hashes, root in whole.values_list(*_TILE)}

    def chunk(self, leaves: list[tuple[Any, ...]]) -> None:
        """Look at each of these leaves, and name what is wrong."""
        first, last = leaves[0][0], leaves[-1][0]
        self._beside(len(leaves))
        trails = _by_seq(bulk.fetch(_TRAILS, [min(self.next, first), last]))
        for seq, entry_id, body, stored, entry, *columns in leaves:
            self._number(seq)
            if not body:
                self._emptied(seq, entry_id, trails.pop(seq, []), whole=entry is not None and not entry)
                self._take(bytes(stored))
                continue
            found = sha256(b"\x00" + body).digest()
            if found != stored:
                self.note(seq, "its bytes do not have its hash")
            if entry is None:
                self.note(seq, "the entry it numbers is gone")
                self._skip(bytes(body), seq)
                trails.pop(seq, None)
            else:
                self._place(seq, bytes(body), bytes(entry), (entry_id, trails.pop(seq, [])))
                if not _columns_say(bytes(entry), columns):
                    self.note(seq, "a column says something else than the entry's bytes")
            self._take(found)
        for seq in trails:
            self.note(seq, "the trail has a link for an entry that is not there")
        self._openings(first, last)

    def _openings(self, first: int, last: int) -> None:
        for seq, entry, name, salt, value in bulk.fetch(_OPENINGS, [first, last]):
            said = b'"%b":"%b"' % (name.encode(), commitment(bytes(salt), value).encode())
            if not entry or said not in bytes(entry)[bytes(entry).rfind(b',"private":{') :]:
                self.note(seq, f"the value kept for “{name}” is not the one that was recorded")

    def _take(self, hash_of_leaf: bytes) -> None:
        self.tile.append(hash_of_leaf)
        if len(self.tile) == FULL:
            self._grow()

    def _emptied(self, seq: int, entry_id: int, trail: list[tuple[Any, ...]], *, whole: bool) -> None:
        """The content is gone: an entry says so, and the trail still says where it stood."""
        place = bisect_right(self.pruned, (seq, 1 << 62)) - 1
        if not whole or place < 0 or not self.pruned[place][0] <= seq <= self.pruned[place][1]:
            self.note(seq, "its bytes are gone, and no entry says that they were pruned")
        if trail != [(*link, entry_id) for link in self._links([each[0] for each in trail], seq)]:
            self.note(seq, "its trail is not what its leaf says")

    def _number(self, seq: int) -> None:
        if seq != self.next:
            self.note(self.next, f"it is missing: the next one there is {seq}")
        self.next = seq + 1

    def _place(self, seq: int, leaf: bytes, entry: bytes, trail: tuple[int, list[tuple[Any, ...]]]) -> None:
        """The leaf is the entry in its place, and its trail says so too."""
        try:
            links = self._links(subjects_of(entry), seq)
        except (ValueError, Refused):
            self.note(seq, "the entry's bytes cannot be read")
            return
        if leaf_bytes(entry, seq, links) != leaf:
            self.note(seq, "the leaf is not the entry in its place")
        entry_id, found = trail
        if found != [(*link, entry_id) for link in links]:
            self.note(seq, "its trail is not what its leaf says")

    def _links(self, subjects: list[str], seq: int) -> list[Link]:
        links = []
        for each in subjects:
            name = b'"%b"' % each.encode()
            number, previous = self.heads.get(name, (-1, b""))
            links.append(Link(each, number + 1, int(previous) if previous else None))
            self.heads[name] = (number + 1, b"%d" % seq)
        return links

    def _skip(self, body: bytes, seq: int) -> None:
        """Go on with the links of a leaf whose entry is gone."""
        with suppress(ValueError, KeyError, TypeError):
            self._links([each["id"] for each in json.loads(body)["subjects"]], seq)

    def _grow(self) -> None:
        """Let a tile, the last one perhaps in part, join the tree, and look at every signature over a size in it."""
        start, end = self.tree.size, self.tree.size + len(self.tile)
        remembered = self.memory.checkpoint.size if self.memory else 0
        root = root_of(self.tile)
        if len(self.tile) == FULL and self.tiles.get(start // FULL) != (b"".join(self.tile), root):
            first = min((each.seq for each in self.faults if start <= each.seq < end), default=start)
            self.note(first, f"tile/0/{start // FULL} is not what its entries give")
        if len(self.tile) == FULL and not (
            start < remembered <= end or any(start < each <= end for each in self.signed)
        ):
            self.tree.append_block(root, FULL)
        else:
            for each in self.tile:
                self.tree.append(each)
                self._signatures()
        self.tile = []

    def _signatures(self) -> None:
        if self.memory and self.memory.checkpoint.size == self.tree.size:
            if self.memory.checkpoint.root != self.tree.root():
                self._lost(UNVOUCHED)
            self.memory = None
        if self.tree.size in self.signed:
            self._checkpoint(self.signed[self.tree.size])

    def _checkpoint(self, checkpoint: Checkpoint) -> None:
        try:
            state = self._signed(checkpoint.note)
        except Refused as refusal:
            self._lost(f"the checkpoint at {checkpoint.size} vouches for nothing: {refusal.params.get('why')}")
            return
        if (state.size, state.root) == (self.tree.size, self.tree.root()) and bytes(checkpoint.root) == state.root:
            self.good = self.tree.size
        else:
            self._lost(f"{UNVOUCHED} at {checkpoint.size}")

    def _signed(self, note: str) -> State:
        """What a note says under the newest of the log's keys that signed it."""
        for vkey in self.vkeys[:0:-1]:
            with suppress(Refused):
                return verify(note, vkey)
        return verify(note, self.vkeys[0])

    def _lost(self, what: str) -> None:
        """Name the first entry no signature vouches for, once: every later state would say the same."""
        if not self.lost:
            self.note(self.good, what)
        self.lost = True

    def end(self) -> None:
        """What only shows when every leaf has been seen."""
        self._grow()
        size = self.tree.size
        for beyond in Checkpoint.objects.filter(size__gt=size).order_by("-size")[:1]:
            self.note(size, f"it is missing: a checkpoint at {beyond.size} was signed")
        if self.memory:
            self.note(size, f"it is missing: {self.memory.checkpoint.size} entries were signed")
        self._trails()
        self._upper_tiles()
        numbered = Leaf.objects.filter(entry_id=OuterRef("pk"))
        queued = Pending.objects.filter(entry_id=OuterRef("pk"))
        for pk in Entry.objects.filter(~Exists(numbered), ~Exists(queued)).values_list("pk", flat=True)[:MOST]:
            self.note(-1, f"the entry with id {pk} has no number and does not wait for one")
        for table, name in sorted(set(triggers.expected(connection.vendor)) - triggers.standing(connection)):
            self.note(-1, f"the guard {name} on {table} is not in force")

    def _trails(self) -> None:
        """Every trail ends where its last leaf is, and none goes on."""
        for subject, number, seq in Head.objects.values_list("subject", "number", "seq").iterator(chunk_size=5000):
            if self.heads.pop(b'"%b"' % subject.encode(), None) != (number, b"%d" % seq):
                self.note(-1, f"the end of the trail of {subject} is not where its leaves end")
        for left in self.heads:
            self.note(-1, f"the end of the trail of {left[1:-1].decode()} is gone")
        for seq in Trail.objects.exclude(seq__range=(0, self.next - 1)).values_list("seq", flat=True)[:MOST]:
            self.note(seq, "the trail has a link for an entry that is not there")

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


def _pruned(check: _Check) -> list[tuple[int, int]]:
    try:
        return retention.pruned_ranges()
    except (ValueError, KeyError, TypeError):
        check.note(-1, "an entry about pruning cannot be read")
        return []


def _by_seq(rows: Iterable[tuple[Any, ...]]) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = {}
    for seq, *link in rows:
        found.setdefault(seq, []).append(tuple(link))
    return found


def _columns_say(entry: bytes, columns: list[str | None]) -> bool:
    """Whether the columns say what the bytes say: looked up in the bytes where they always stand, else parsed."""
    action, outcome, actor, scope, at = columns
    quoted = f'"{scope}"' if scope else "null"
    parts = (
        (b',"action":"', f',"action":"{action}","actor":{{"id":"{actor}","kind":"'),
        (b'},"at":"', f'}},"at":"{at}","id":"'),
        (b'","outcome":"', f'","outcome":"{outcome}","private":{{'),
        (b'},"scope":', f'}},"scope":{quoted},"subjects":['),
    )
    place = entry.rfind(parts[0][0])
    for mark, part in parts:
        place = entry.find(mark, max(place, 0))
        if not entry.startswith(part.encode(), place):
            return _parsed(entry) == [action, outcome, actor, scope, at]
    return True


def _parsed(entry: bytes) -> list[str | None]:
    try:
        said = json.loads(entry)
        return [said["action"], said["outcome"], said["actor"]["id"], said["scope"], said["at"]]
    except (ValueError, KeyError, TypeError):
        return []
