"""The tamper drill: practise every attack on copies of the log, and see each one caught.

It never touches the log: attacks are made on copies of the first entries of an export. Those of somebody who holds the
signing key are signed with a key of the drill's own; the log's key signs nothing here.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import keys, selectors
from audit.checkpoint import Checkpoint, sign, vkey_of
from audit.export import around, write
from audit.leaf import Link, leaf_bytes
from audit.merkle import leaf_hash, root_of
from audit.offline import verify
from audit.tiles import ENTRIES, FULL, Tile, tiles_of

MOST = 2000
"""Entries that are practised on; a prefix of a log is a log."""
LEAST = 8


@dataclass(frozen=True)
class Outcome:
    """One attack, what looked for it, and the first fault that was named; nothing when it went unnoticed."""

    attack: str
    checked_by: str
    entry: int | None
    what: str

    @property
    def caught(self) -> bool:
        """Whether it was noticed."""
        return self.entry is not None


class TooShort(Exception):
    """There are too few entries to practise on."""


def on_server() -> list[Outcome]:
    """Practise on an export of this log made for it."""
    with TemporaryDirectory(prefix="attestry-drill-") as place:
        folder = Path(place) / "export"
        write(folder, selectors.latest())
        return on_export(folder, [str(keys.verifier())])


def on_export(folder: Path, vkeys: Sequence[str]) -> list[Outcome]:
    """Practise on copies of the first entries of an export, once the whole of it was found sound."""
    first = verify.check(folder, list(vkeys))
    if first.faults:
        return [Outcome("none yet: the export as it is", "verify.py", None, str(first.faults[0]))]
    with TemporaryDirectory(prefix="attestry-drill-") as place:
        practice = _Practice(Path(place), folder, first)
        return [practice.attack(name) for name in (*BY_ANYBODY, *BY_KEY_HOLDER)]


Change = Callable[[list[bytes]], list[bytes]]


def edited(body: bytes) -> bytes:
    """An entry or leaf that says something else came of it."""
    return body.replace(b'"outcome":"', b'"outcome":"un', 1)


def _edited(items: list[bytes]) -> list[bytes]:
    at = len(items) // 2
    return [*items[:at], edited(items[at]), *items[at + 1 :]]


def _deleted(items: list[bytes]) -> list[bytes]:
    at = len(items) // 2
    return [*items[:at], *items[at + 1 :]]


def _reordered(items: list[bytes]) -> list[bytes]:
    at = len(items) // 2
    return [*items[:at], items[at + 1], items[at], *items[at + 2 :]]


def _inserted(items: list[bytes]) -> list[bytes]:
    at = len(items) // 2
    return [*items[:at], items[at - 1], *items[at:]]


def _cut(items: list[bytes]) -> list[bytes]:
    return items[: len(items) * 3 // 4]


BY_ANYBODY: dict[str, Change] = {"edited": _edited, "deleted": _deleted, "reordered": _reordered, "inserted": _inserted}
"""What somebody does to the entries who may write to the files."""
BY_KEY_HOLDER: dict[str, Change] = {
    "truncated": _cut,
    "rewritten": _edited,
    "restored from a backup": lambda items: [*_cut(items), *items[: len(items) // 2]],
    "wrong key": list,
    "wrong origin": list,
}
"""What somebody makes of the entries who may sign: everything fits together again, under a right signature."""


class _Practice:
    """A short log of its own, made of the first entries of an export and signed with a key of the drill."""

    def __init__(self, place: Path, folder: Path, found: verify.Report) -> None:
        size = min(found.size, MOST)
        if size < LEAST:
            raise TooShort
        self.place, self.origin = place, found.origin
        self.key = Ed25519PrivateKey.generate()
        self.vkey = str(vkey_of(self.origin, self.key))
        reader, leaves = verify.Tiles(folder, found.size), list[bytes]()
        for number in range(-(-size // FULL)):
            leaves += reader.read(verify.Part(), number, min(FULL, found.size - number * FULL))
        self.entries = [_entry(each) for each in leaves[:size] if each and verify.HEADS not in each]
        self.leaves = _numbered(self.entries)
        self.whole = self.export("whole", self.leaves, self.origin, self.key)

    def attack(self, name: str) -> Outcome:
        """Make the attack's copy and verify it as an auditor would, who kept the export from before."""
        if name in BY_KEY_HOLDER:
            key = Ed25519PrivateKey.generate() if name == "wrong key" else self.key
            origin = f"{self.origin}-other" if name == "wrong origin" else self.origin
            folder = self.export(name, _numbered(BY_KEY_HOLDER[name](self.entries)), origin, key)
            known = [self._known()]
        else:
            folder, known = self.place / name, []
            shutil.copytree(self.whole, folder)
            write_entries(folder, BY_ANYBODY[name](self.leaves)[: len(self.leaves)], len(self.leaves))
        faults = verify.check(folder, self.vkey, known).faults
        shutil.rmtree(folder)
        how = "verify.py, beside the export kept before" if known and not name.startswith("wrong") else "verify.py"
        worst = [each for each in faults if each.entry >= 0][:1] or faults[:1]
        return Outcome(name, how, worst[0].entry if worst else None, worst[0].what if worst else "")

    def export(self, name: str, leaves: list[bytes], origin: str, key: Ed25519PrivateKey) -> Path:
        """Write these leaves as a sound export, signed with `key`."""
        folder, hashes = self.place / name, [leaf_hash(each) for each in leaves]
        state = Checkpoint(origin, len(leaves), root_of(hashes))
        write_entries(folder, leaves, len(leaves))
        level = {0: hashes}
        for tile in tiles_of(len(leaves)):
            if tile.level == ENTRIES:
                continue
            below = level.get(tile.level - 1, [])
            whole = range(0, len(below) // FULL * FULL, FULL)
            row = level.setdefault(tile.level, [root_of(below[at : at + FULL]) for at in whole])
            _put(folder / tile.path, b"".join(row[tile.number * FULL :][: tile.width]))
        for path, data in around(sign(state, key), str(vkey_of(origin, key)), {}):
            assert isinstance(data, bytes)
            _put(folder / path, data)
        return folder

    def _known(self) -> verify.Known:
        note = (self.whole / "checkpoint").read_text()
        _, size, root = verify.read_checkpoint(note, [verify.read_key(self.vkey)])
        return verify.Known(size, root, "the export kept before", self.whole)


def _entry(leaf: bytes) -> bytes:
    """The entry in a leaf."""
    return leaf[len(b'{"entry":') : leaf.rfind(b',"seq":')]


def _numbered(entries: list[bytes]) -> list[bytes]:
    """The leaves of these entries, in their places."""
    heads: dict[str, tuple[int, int | None]] = {}
    leaves = []
    for seq, entry in enumerate(entries):
        links = []
        for name in json.loads(entry)["subjects"]:
            number, previous = heads.get(name, (-1, None))
            links.append(Link(name, number + 1, previous))
            heads[name] = (number + 1, seq)
        leaves.append(leaf_bytes(entry, seq, links))
    return leaves


def write_entries(folder: Path, leaves: list[bytes], size: int) -> None:
    """Write leaves into the entry tiles of a log of `size`."""
    for number in range(-(-size // FULL)):
        some = leaves[number * FULL : (number + 1) * FULL]
        data = b"".join(len(each).to_bytes(2) + each for each in some)
        _put(folder / Tile(ENTRIES, number, min(FULL, size - number * FULL)).path, data)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
