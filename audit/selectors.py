"""Reading the log: entries as somebody may see them, hashes and proofs for anybody who may ask."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from audit import bulk, sidecar
from audit.actor import Actor, Forbidden, require, visible
from audit.checkpoint import Checkpoint as Signed
from audit.checkpoint import read
from audit.merkle import EMPTY_ROOT, WIDTH, Node, prove_consistency, prove_inclusion, root_at, root_of
from audit.models import Checkpoint, Entry, Leaf, Opening, Pending, Trail
from audit.refusals import Invalid, NotSeen, Refused, Unavailable
from audit.tiles import ENTRIES, FULL, read_path
from audit.tiles import Tile as Place

T = TypeVar("T")
LATE = timedelta(seconds=60)
"""How long an entry may wait for its number before somebody is called."""
_STORED = "SELECT level, number, hashes FROM audit_tile WHERE level = %s AND number = %s"
_LEAVES = "SELECT 0, seq, hash FROM audit_leaf WHERE seq >= %s AND seq < %s"
_TILES = "SELECT level + 1, number, root FROM audit_tile WHERE level = %s AND number >= %s AND number < %s"


def of_tree(compute: Callable[[Node], T]) -> T:
    """What `compute` makes of the tree's nodes; `KeyError` when the log is not that long.

    It is run twice: first to learn which nodes it takes, then with them, out of tiles that are all read at once.
    """
    places: set[tuple[int, int]] = set()

    def ask(level: int, index: int) -> bytes:
        places.add(_place(level, index)[0])
        return EMPTY_ROOT

    def answer(level: int, index: int) -> bytes:
        place, first, width = _place(level, index)
        part = tiles[place][first : first + width]
        if len(part) != width:
            raise KeyError(level, index)
        return root_of(part)

    compute(ask)
    tiles = tiles_hashes(places)
    return compute(answer)


def _place(level: int, index: int) -> tuple[tuple[int, int], int, int]:
    """The tile (level, number) that a perfect subtree is in, from which of its hashes on, and over how many."""
    tile_level, within = divmod(level, FULL.bit_length() - 1)
    number, first = divmod(index << within, FULL)
    return (tile_level, number), first, 1 << within


def tile_hashes(level: int, number: int) -> list[bytes]:
    """The hashes of one tile, up to 256: of leaves on level 0, above that of full tiles of the level below."""
    return tiles_hashes([(level, number)])[level, number]


def tiles_hashes(places: Collection[tuple[int, int]]) -> dict[tuple[int, int], list[bytes]]:
    """The hashes of several tiles in at most two reads: the stored ones, then those that are not full yet."""
    found: dict[tuple[int, int], list[bytes]] = {}
    for level, number, hashes in _union([(_STORED, each) for each in places]):
        found[level, number] = [bytes(hashes[at : at + WIDTH]) for at in range(0, len(hashes), WIDTH)]
    open_ones = [each for each in places if each not in found]
    edges = [(level, number * FULL, (number + 1) * FULL) for level, number in open_ones]
    found.update((each, []) for each in open_ones)
    for level, at, one in _union([(_TILES, (up - 1, *ends)) if up else (_LEAVES, ends) for up, *ends in edges]):
        found[level, at // FULL].append(bytes(one))
    return found


def _union(reads: Sequence[tuple[str, Sequence[int]]]) -> list[tuple[Any, ...]]:
    """The rows of several reads as one, in the order of their first two columns."""
    sql = " UNION ALL ".join(each for each, _ in reads)
    return bulk.fetch(f"{sql} ORDER BY 1, 2", [one for _, each in reads for one in each]) if reads else []


def tile_bytes(tile: Place) -> bytes:
    """A tile as it is exported: hashes end to end, or entries each after its length in two bytes."""
    if tile.level != ENTRIES:
        return b"".join(tile_hashes(tile.level, tile.number)[: tile.width])
    first = tile.number * FULL
    rows = Leaf.objects.filter(seq__gte=first, seq__lt=first + tile.width).order_by("seq")
    bodies = [bytes(each) for each in rows.values_list("body", flat=True)]
    return b"".join(len(each).to_bytes(2) + each for each in bodies)


def published_tile(path: str) -> bytes:
    """The tile at `path` below `tile/`, as far as it is under the newest checkpoint; not seen beyond that."""
    tile = read_path(path)
    end = (tile.number * FULL + tile.width) * FULL ** max(tile.level, 0)
    if end > latest().size:
        raise NotSeen("not_seen", what="tile")
    return tile_bytes(tile)


def size() -> int:
    """How many entries have a number; not all of them need be under a checkpoint yet."""
    return int(bulk.fetch("SELECT coalesce(max(seq) + 1, 0) FROM audit_leaf", [])[0][0])


def root(of_size: int) -> bytes:
    """The root over the first `of_size` leaves as they stand in the database now."""
    return of_tree(lambda node: root_at(node, of_size)) if of_size else EMPTY_ROOT


def latest() -> Checkpoint:
    """The newest published checkpoint; refused before there is one."""
    checkpoint = Checkpoint.objects.order_by("-size").first()
    if checkpoint is None:
        raise Unavailable("audit.nothing_published")
    return checkpoint


def late(now: datetime) -> bool:
    """Whether an entry has waited longer than it should for its number."""
    return Pending.objects.filter(entry__at__lt=now - LATE).exists()


def published() -> int:
    """How many entries are under the newest checkpoint; 0 before there is one."""
    return Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0


def whole_log(actor: Actor) -> bool:
    """Whether `actor` may read the whole organisation's entries, those without a scope included."""
    try:
        require(actor, "audit", None)
    except Forbidden:
        return False
    return True


def audits_somewhere(actor: Actor) -> bool:
    """Whether `actor` may read the entries of any scope at all."""
    return visible(actor, "audit").scope_ids.exists()


def require_auditing(actor: Actor) -> None:
    """Refuse those who may read no scope's entries."""
    if not audits_somewhere(actor):
        raise Forbidden("access.not_allowed", action="audit")


def entries_for(actor: Actor) -> QuerySet[Entry]:
    """The entries `actor` may read: all for organisation-wide auditors, else those of scopes they may audit."""
    rows = Entry.objects.select_related("leaf")
    return rows if whole_log(actor) else rows.filter(visible(actor, "audit").q())


def entry_seen_by(actor: Actor, entry_id: int) -> Entry:
    """One entry by its own id, numbered or not; not seen when it is another's or does not exist."""
    entry = entries_for(actor).filter(pk=entry_id).first()
    if entry is None:
        raise NotSeen("not_seen", what="entry")
    return entry


def leaf_seen_by(actor: Actor, seq: int) -> Leaf:
    """One numbered entry by its place in the log; not seen when it is another's or does not exist."""
    leaf = Leaf.objects.filter(seq=seq, entry__in=entries_for(actor)).select_related("entry").first()
    if leaf is None:
        raise NotSeen("not_seen", what="entry")
    return leaf


def about(subject: str) -> Q:
    """The condition that an entry is about `subject`; entries without a number yet are found by their bytes."""
    trail = Trail.objects.filter(subject=subject).values("entry_id")
    return Q(pk__in=trail) | Q(pk__in=_waiting_about(subject))


def _waiting_about(subject: str) -> list[int]:
    needle = f'"{subject}"'.encode()
    waiting = Pending.objects.order_by("pk").values_list("pk", "entry__body")[:1000]
    return [pk for pk, body in waiting if needle in bytes(body)]


def openings(entry: Entry) -> QuerySet[Opening]:
    """The personal values behind an entry's commitments, as far as they have not been erased."""
    return Opening.objects.filter(entry_id=entry.pk).order_by("field")


@dataclass(frozen=True)
class Proof:
    """That leaf `seq` stands in the log that `checkpoint` (a signed note) pins."""

    seq: int
    hashes: Sequence[bytes]
    checkpoint: str


def proof_of(seq: int) -> Proof:
    """The proof of one entry under the newest checkpoint; refused while that does not cover it yet."""
    checkpoint = latest()
    if seq >= checkpoint.size:
        raise Unavailable("audit.not_published", seq=seq)
    return Proof(seq, inclusion(seq, checkpoint.size), checkpoint.note)


def inclusion(seq: int, of_size: int) -> list[bytes]:
    """The hashes that lead from leaf `seq` to the root over the first `of_size` leaves."""
    return of_tree(lambda node: prove_inclusion(node, seq, of_size))


def consistency(old: int, new: int) -> list[bytes]:
    """The proof that the log at `new` extends the log at `old`; both at least 1 and at most what is published."""
    longest = latest().size
    if not 0 < old <= new <= longest:
        raise Invalid("audit.bad_sizes", size=longest)
    return of_tree(lambda node: prove_consistency(node, old, new))


@dataclass(frozen=True)
class Health:
    """How the log is doing: what waits, what was published last, and what keeps it from going on."""

    waiting: int
    oldest_at: datetime | None
    late: bool
    numbered: int
    published: int
    published_at: datetime | None
    hindrance: Refused | None

    @property
    def well(self) -> bool:
        """Whether entries get their numbers and checkpoints in time."""
        return not self.late and self.hindrance is None


def health(now: datetime) -> Health:
    """The state of the log at `now`; the comparison with what was signed last is made on the spot."""
    oldest = Pending.objects.order_by("pk").values_list("entry__at", flat=True).first()
    checkpoint = Checkpoint.objects.order_by("-size").first()
    return Health(
        waiting=Pending.objects.count(),
        oldest_at=oldest,
        late=oldest is not None and oldest < now - LATE,
        numbered=size(),
        published=checkpoint.size if checkpoint else 0,
        published_at=checkpoint.at if checkpoint else None,
        hindrance=hindrance(),
    )


def hindrance() -> Refused | None:
    """Why nothing may be numbered or signed, if so: see `extends`."""
    try:
        extends(sidecar.recall())
    except Refused as refusal:
        return refusal
    return None


def extends(signed: sidecar.Signed | None) -> None:
    """Refuse unless the database continues what was signed last: a restored or rewritten one does not."""
    if signed is None:
        return
    here = signed.checkpoint
    if size() < here.size:
        raise Unavailable("audit.shorter_than_signed", signed=here.size, found=size())
    try:
        found = root(here.size)
    except KeyError as error:
        raise Unavailable("audit.beside_signed", signed=here.size) from error
    if found != here.root:
        raise Unavailable("audit.beside_signed", signed=here.size)


@dataclass(frozen=True)
class Export:
    """What an export showed: the log's size and root, and when it was taken."""

    size: int
    root: bytes
    at: datetime


def last_export() -> Export | None:
    """The newest export of the whole log, as its own entry tells it."""
    entry = Entry.objects.filter(action="audit.exported").order_by("-pk").first()
    if entry is None:
        return None
    about = json.loads(bytes(entry.body))["about"]
    return Export(about["size"], bytes.fromhex(about["root"]), entry.at)


def extends_export(export: Export | None) -> None:
    """Refuse unless the log continues what `export` showed."""
    if export is not None and (size() < export.size or root(export.size) != export.root):
        raise Unavailable("audit.beside_exported", size=export.size)


def names(actor_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of principals, as far as they still have one."""
    people = get_user_model()._default_manager.filter(pk__in=set(actor_ids))
    return dict(people.values_list("pk", "name"))


def may_open(actor: Actor, entry: Entry) -> bool:
    """Whether `actor` may read the personal values behind an entry they see."""
    try:
        require(actor, "read_pii", entry if entry.scope_id else None)
    except Forbidden:
        return False
    return True


def reader(actor: Actor) -> None:
    """Refuse strangers: what is public about the log is for those who can look at something here."""
    if not visible(actor, "browse").scope_ids.exists():
        raise NotSeen("not_seen")


def signed_state(checkpoint: Checkpoint) -> Signed:
    """What a stored checkpoint's note says."""
    return read(checkpoint.note)


@dataclass(frozen=True)
class Verification:
    """What the last verification of the database found, as its own entry tells it."""

    at: datetime
    size: int
    faults: int
    first_bad: int | None
    milliseconds: int


def last_verification() -> Verification | None:
    """The newest verification; nothing before the first."""
    verdicts = ("audit.verified", "audit.verification_failed")
    entry = Entry.objects.filter(action__in=verdicts).order_by("-pk").first()
    if entry is None:
        return None
    about = json.loads(bytes(entry.body))["about"]
    return Verification(entry.at, about["size"], about["faults"], about["first_bad"], about["milliseconds"])
