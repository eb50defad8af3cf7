"""Reading the log: entries as somebody may see them, hashes and proofs for anybody who may ask."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from audit import sidecar
from audit.actor import Actor, Forbidden, require, visible
from audit.checkpoint import Checkpoint as Signed
from audit.checkpoint import read
from audit.merkle import EMPTY_ROOT, prove_consistency, prove_inclusion, root_at, root_of
from audit.models import Checkpoint, Entry, Leaf, Opening, Pending, Tile, Trail
from audit.refusals import Invalid, NotSeen, Refused, Unavailable
from audit.tiles import ENTRIES, FULL, read_path
from audit.tiles import Tile as Place

LATE = timedelta(seconds=60)
"""How long an entry may wait for its number before somebody is called."""


class Nodes:
    """The tree's stored hashes; reads each tile once, however many nodes of it are asked for."""

    def __init__(self) -> None:
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """The root of a perfect subtree; `KeyError` when the log is not that long."""
        tile_level, within = divmod(level, FULL.bit_length() - 1)
        number, first = divmod(index << within, FULL)
        if (tile_level, number) not in self._tiles:
            self._tiles[tile_level, number] = tile_hashes(tile_level, number)
        part = self._tiles[tile_level, number][first : first + (1 << within)]
        if len(part) != 1 << within:
            raise KeyError(level, index)
        return root_of(part)


def tile_hashes(level: int, number: int) -> list[bytes]:
    """The hashes of one tile, up to 256: of leaves on level 0, above that of full tiles of the level below."""
    tile = Tile.objects.filter(level=level, number=number).values_list("hashes", flat=True).first()
    if tile is not None:
        whole = bytes(tile)
        return [whole[at : at + 32] for at in range(0, len(whole), 32)]
    first, end = number * FULL, (number + 1) * FULL
    if level == 0:
        leaves = Leaf.objects.filter(seq__gte=first, seq__lt=end).order_by("seq")
        return [bytes(each) for each in leaves.values_list("hash", flat=True)]
    below = Tile.objects.filter(level=level - 1, number__gte=first, number__lt=end).order_by("number")
    return [bytes(each) for each in below.values_list("root", flat=True)]


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
    last = Leaf.objects.order_by("-seq").values_list("seq", flat=True).first()
    return 0 if last is None else last + 1


def root(of_size: int) -> bytes:
    """The root over the first `of_size` leaves as they stand in the database now."""
    return root_at(Nodes(), of_size) if of_size else EMPTY_ROOT


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
    return Proof(seq, prove_inclusion(Nodes(), seq, checkpoint.size), checkpoint.note)


def consistency(old: int, new: int) -> list[bytes]:
    """The proof that the log at `new` extends the log at `old`; both at least 1 and at most what is published."""
    if not 0 < old <= new <= latest().size:
        raise Invalid("audit.bad_sizes", size=latest().size)
    return prove_consistency(Nodes(), old, new)


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
