"""Logs made without a database: leaves like real ones, signed with a key of their own, written as an export."""

import json
import random
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.canonical import canonical
from audit.checkpoint import Checkpoint, sign, vkey_of
from audit.export import around
from audit.leaf import Link, leaf_bytes
from audit.offline.verify import FULL, perfect
from audit.offline.verify import fold as folded
from audit.tiles import ENTRIES, Tile, tiles_of

ORIGIN = "made.example/audit"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VKEY = str(vkey_of(ORIGIN, KEY))


def unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Unpack our own archive, as Python 3.11.0 to 3.11.3 can too: those have no filters to choose from."""
    archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))


def entry(dice: random.Random, about: dict[str, object], subjects: Sequence[str], action: str = "thing.done") -> bytes:
    """The canonical bytes of one entry."""
    actor = {"id": str(UUID(int=dice.getrandbits(128))), "kind": "person", "via": "session"}
    return canonical(
        {
            "v": 1,
            "id": str(UUID(int=dice.getrandbits(128))),
            "at": f"2026-11-20T09:30:{dice.randrange(60):02}.{dice.randrange(10**6):06}Z",
            "action": action,
            "outcome": "success",
            "actor": actor | {"on_behalf_of": None, "token": None},
            "scope": str(UUID(int=dice.getrandbits(128))),
            "subjects": list(subjects),
            "about": about,
            "private": {"reason": f"{dice.getrandbits(256):064x}"},
        }
    )


def entries(count: int, seed: int = 1, nested: int = 10) -> Iterator[bytes]:
    """So many entries, each about one or two of many subjects; every `nested`th is of an unusual form."""
    dice = random.Random(seed)
    for number in range(count):
        about: dict[str, object] = {"digest": f"sha256:{dice.getrandbits(256):064x}", "kind": "lineage", "n": number}
        if number % nested == nested - 1:
            about = {"what": {"inner": [1, {"deep": "Überprüft"}]}, "words": ["a", "b"]}
        subjects = [f"model:{dice.randrange(max(2, count // 50))}"]
        if number % 2:
            subjects.append(f"report:{UUID(int=dice.getrandbits(128))}")
        yield entry(dice, about, subjects)


def numbered(bodies: Iterable[bytes]) -> Iterator[bytes]:
    """The leaves of these entries, in their places."""
    heads: dict[str, tuple[int, int]] = {}
    for seq, body in enumerate(bodies):
        links = []
        for name in json.loads(body)["subjects"]:
            number, previous = heads.get(name, (-1, None))
            links.append(Link(name, number + 1, previous))
            heads[name] = (number + 1, seq)
        yield leaf_bytes(body, seq, links)


def write(folder: Path, leaves: Iterable[bytes], extras: dict[str, bytes] | None = None) -> Checkpoint:
    """Write an export of these leaves, and return what was signed."""
    hashes: list[bytes] = []
    tile: list[bytes] = []
    size = 0
    for leaf in leaves:
        tile.append(leaf)
        size += 1
        hashes.append(sha256(b"\0" + leaf).digest())
        if len(tile) == FULL:
            _entries(folder, size // FULL - 1, tile)
            tile = []
    if tile:
        _entries(folder, size // FULL, tile)
    state = Checkpoint(ORIGIN, size, folded(list(perfect(hashes))))
    levels = {0: hashes}
    for place in tiles_of(size):
        if place.level == ENTRIES:
            continue
        if place.level not in levels:
            below = levels[place.level - 1]
            levels[place.level] = [
                next(perfect(below[at : at + FULL])) for at in range(0, len(below) // FULL * FULL, FULL)
            ]
        first = place.number * FULL
        _put(folder / place.path, b"".join(levels[place.level][first : first + place.width]))
    for name, data in around(sign(state, KEY), VKEY, extras or {}):
        _put(folder / name, data)
    return state


def _entries(folder: Path, number: int, tile: list[bytes]) -> None:
    data = b"".join(len(each).to_bytes(2) + each for each in tile)
    _put(folder / Tile(ENTRIES, number, len(tile)).path, data)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
