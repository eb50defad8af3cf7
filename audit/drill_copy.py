"""The tamper drill on the database: the same attacks, made on a copy of its tables and looked for by `audit verify`.

The copy is a file of its own (SQLite) or temporary tables of a connection of its own (PostgreSQL), which nobody else
sees and which go with it. All is done in one transaction that is rolled back; the log's key signs nothing here.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, connections, transaction
from django.db.models import F

from audit import keys, rotation, selectors, trails, triggers, verify
from audit.checkpoint import Checkpoint as State
from audit.checkpoint import Vkey, sign, vkey_of
from audit.drill import LEAST, Outcome, TooShort, edited
from audit.leaf import Link, leaf_bytes
from audit.merkle import leaf_hash, root_of
from audit.models import Checkpoint, Entry, Head, Leaf, Pending, Tile, Trail
from audit.tiles import FULL

TABLES = (
    "audit_entry", "audit_pending", "audit_leaf", "audit_trail", "audit_head", "audit_tile", "audit_checkpoint",
    "audit_opening", "audit_pruned",
)  # fmt: skip
"""What is verified: these are shadowed by temporary tables on PostgreSQL."""
ADDED_TO = ("audit_entry", "audit_trail", "audit_tile")
MOST = 500
"""Entries at the end of the log that somebody who may sign writes anew."""
BY = "audit verify --database"


class CannotCopy(Exception):
    """This role may not make temporary tables."""


def on_database() -> list[Outcome]:
    """Practise every attack on a copy of the database, once the copy was found sound; guards are off, as by its owner.

    Looks at the original once, to copy it, and changes nothing there.
    """
    with _copied():
        if faults := _faults(rotation.history()):
            return [Outcome("none yet: the database as it is", BY, None, str(faults[0]))]
        practice = _Practice()
        return [practice.attack(name) for name in practice.attacks()]


def _faults(vkeys: Sequence[Vkey]) -> list[verify.Fault]:
    return [each for each in verify.database(*vkeys).faults if not each.what.startswith("the guard ")]


@contextmanager
def _copied() -> Iterator[None]:
    """Stand on a copy of the log's tables instead of the database, on a connection of its own."""
    with TemporaryDirectory(prefix="attestry-drill-") as place:
        real = connections["default"]
        beside = real.copy()
        if real.vendor == "sqlite":
            beside.settings_dict["NAME"] = _backed_up(str(real.settings_dict["NAME"]), Path(place))
        connections["default"] = beside
        try:
            with transaction.atomic():
                if real.vendor == "sqlite":
                    triggers.lift(beside)
                else:
                    _shadow()
                yield
                transaction.set_rollback(True)
        finally:
            beside.close()
            connections["default"] = real


def _backed_up(original: str, place: Path) -> str:
    """Copy the whole database, as of one moment, while others write on."""
    target = place / "copy.sqlite3"
    source, copy = sqlite3.connect(f"file:{original}?mode=ro", uri=True), sqlite3.connect(target)
    with closing(source), closing(copy):
        source.backup(copy)
    return str(target)


def _shadow() -> None:
    """Copy each table, all as of one moment, into a temporary one of its name, which comes first from then on."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT has_database_privilege(current_database(), 'TEMPORARY')")
        if not cursor.fetchone()[0]:
            raise CannotCopy
        for name in TABLES:
            cursor.execute("SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = %s::regclass", [name])
            live = f"{cursor.fetchone()[0]}.{name}"
            cursor.execute(f"CREATE TEMPORARY TABLE {name} (LIKE {live} INCLUDING ALL)")
            cursor.execute(f"INSERT INTO pg_temp.{name} OVERRIDING SYSTEM VALUE SELECT * FROM {live}")  # noqa: S608
            if name in ADDED_TO:
                cursor.execute(f"ALTER TABLE pg_temp.{name} ALTER COLUMN id RESTART WITH {1 << 60}")
            cursor.execute(f"ANALYZE pg_temp.{name}")
        cursor.execute(
            "SELECT count(*) FROM unnest(%s::text[]) AS name JOIN pg_class c ON c.oid = name::regclass"
            " WHERE c.relnamespace = pg_my_temp_schema()", [list(TABLES)],
        )  # fmt: skip
        assert cursor.fetchone()[0] == len(TABLES), "a copy does not stand before its original"


class _Practice:
    """The attacks on the copy we stand on, each taken back before the next."""

    def __init__(self) -> None:
        self.size, self.vkeys = selectors.latest().size, rotation.history()
        whole = Leaf.objects.filter(seq__gte=self.size // 2).exclude(body=b"").order_by("seq").first()
        if self.size < LEAST or whole is None or not 0 < whole.seq < self.size - 1:
            raise TooShort
        self.middle, self.origin = whole.seq, keys.verifier().name
        self.first = self.size - min(self.size // 4, MOST)
        self.key = Ed25519PrivateKey.generate()

    def attacks(self) -> dict[str, Callable[[], Sequence[Vkey]]]:
        """Each attack by name; it answers under which keys the log is verified after it."""
        return {
            "edited": self._edited,
            "deleted": self._deleted,
            "reordered": self._reordered,
            "inserted": self._inserted,
            "truncated": self._truncated,
            "rewritten": self._rewritten,
            "restored from a backup": self._restored,
            "wrong key": lambda: self._signed_by(self.origin),
            "wrong origin": lambda: self._signed_by(f"{self.origin}-other"),
        }

    def attack(self, name: str) -> Outcome:
        """Make one attack, verify, and take it back."""
        before = transaction.savepoint()
        try:
            faults = _faults(self.attacks()[name]())
        finally:
            transaction.savepoint_rollback(before)
        named = [each for each in faults if each.seq >= 0]
        worst = ([each for each in named if not each.what.startswith(verify.UNVOUCHED)] or named or faults)[:1]
        return Outcome(name, BY, worst[0].seq if worst else None, worst[0].what if worst else "")

    def _edited(self) -> Sequence[Vkey]:
        leaf = Leaf.objects.get(seq=self.middle)
        Entry.objects.filter(pk=leaf.entry_id).update(body=edited(bytes(leaf.entry.body)))
        Leaf.objects.filter(seq=self.middle).update(body=edited(bytes(leaf.body)))
        return self.vkeys

    def _deleted(self) -> Sequence[Vkey]:
        Entry.objects.filter(leaf__seq=self.middle).delete()
        Leaf.objects.filter(seq=self.middle).delete()
        Trail.objects.filter(seq=self.middle).delete()
        return self.vkeys

    def _reordered(self) -> Sequence[Vkey]:
        one, other = Leaf.objects.filter(seq__in=[self.middle, self.middle + 1]).order_by("seq")
        Leaf.objects.filter(seq=one.seq).update(entry_id=-1)
        for leaf, place in ((one, other.seq), (other, one.seq)):
            Leaf.objects.filter(seq=place).update(entry_id=leaf.entry_id, body=leaf.body, hash=leaf.hash)
        return self.vkeys

    def _inserted(self) -> Sequence[Vkey]:
        before = Leaf.objects.get(seq=self.middle)
        Leaf.objects.filter(seq__gt=self.middle).update(seq=-F("seq") - 2)
        Leaf.objects.filter(seq__lt=0).update(seq=-F("seq") - 1)
        twin = self._entry(bytes(before.entry.body))
        Leaf.objects.create(seq=self.middle + 1, entry=twin, body=before.body, hash=before.hash)
        return self.vkeys

    def _truncated(self) -> Sequence[Vkey]:
        self._write_from_first([])
        return self.vkeys

    def _rewritten(self) -> Sequence[Vkey]:
        head, *rest = self._bodies(self.first, self.size)
        return self._resigned([edited(head), *rest])

    def _restored(self) -> Sequence[Vkey]:
        return self._resigned([edited(each) for each in self._bodies(self.first, self.size)] * 2)

    def _signed_by(self, origin: str) -> Sequence[Vkey]:
        newest = Checkpoint.objects.get(size=self.size)
        note = sign(State(origin, newest.size, bytes(newest.root)), self.key)
        Checkpoint.objects.filter(size=self.size).update(note=note)
        return self.vkeys

    def _bodies(self, start: int, end: int) -> list[bytes]:
        rows = Leaf.objects.filter(seq__gte=start, seq__lt=end).order_by("seq").values_list("entry__body", flat=True)
        return [bytes(each) for each in rows if bytes(each)]

    def _resigned(self, bodies: list[bytes]) -> Sequence[Vkey]:
        """Let the log go on from `first` with these entries, under a key that counts as the log's own from here on."""
        newest = Checkpoint.objects.get(size=self.size)
        self._write_from_first(bodies)
        size = self.first + len(bodies)
        root = selectors.root(size)
        note = sign(State(self.origin, size, root), self.key)
        Checkpoint.objects.create(size=size, root=root, note=note, at=newest.at)
        return [*self.vkeys, vkey_of(self.origin, self.key)]

    def _write_from_first(self, bodies: list[bytes]) -> None:
        first = self.first
        ends = {subject: (number, seq) for subject, number, seq in trails.ends(first)}
        Entry.objects.filter(leaf__seq__gte=first).delete()
        Leaf.objects.filter(seq__gte=first).delete()
        Trail.objects.filter(seq__gte=first).delete()
        Checkpoint.objects.filter(size__gt=first).delete()
        for seq, body in enumerate(bodies, first):
            entry, links = self._entry(body), list[Link]()
            for name in json.loads(body)["subjects"]:
                number, before = ends.get(name, (-1, None))
                links.append(Link(name, number + 1, before))
                Trail.objects.create(subject=name, number=number + 1, seq=seq, previous=before, entry_id=entry.pk)
                ends[name] = number + 1, seq
            leaf = leaf_bytes(body, seq, links)
            Leaf.objects.create(seq=seq, entry=entry, body=leaf, hash=leaf_hash(leaf))
        Head.objects.all().delete()
        Head.objects.bulk_create(Head(subject=name, number=n, seq=seq) for name, (n, seq) in ends.items())
        self._tiles(first + len(bodies))

    def _tiles(self, size: int) -> None:
        """Make every tile anew that holds anything from `first` on."""
        level, width = 0, FULL
        while Tile.objects.filter(level=level).exists():
            Tile.objects.filter(level=level, number__gte=self.first // width).delete()
            for number in range(self.first // width, size // width):
                found = selectors.tile_hashes(level, number)
                Tile.objects.create(level=level, number=number, hashes=b"".join(found), root=root_of(found))
            level, width = level + 1, width * FULL

    def _entry(self, body: bytes) -> Entry:
        """Offer an entry that nobody offered, and take it off the queue."""
        said = json.loads(body)
        at = datetime.fromisoformat(said["at"])
        made = Entry.objects.create(
            body=body, scope_id=said["scope"], action=said["action"], outcome=said["outcome"],
            actor_id=said["actor"]["id"], at=at,
        )  # fmt: skip
        Pending.objects.filter(pk=made.pk).delete()
        return made
