"""The log as files that anybody can check: C2SP tlog-tiles, with the verifier and the key beside them.

Everything is made while it is sent, some tiles at a time, so memory does not grow with the log. It is always the state
of one checkpoint; entries after it do not disturb an export that runs. An entry whose body was pruned has length 0 in
its tile, and `pruned.jsonl` names the entry under which that was done.
"""

import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from django.db import connection

from audit import anchor, bulk, keys, rotation, selectors, witness
from audit.checkpoint import read
from audit.models import Checkpoint, Entry, Leaf, Opening
from audit.models import Tile as Stored
from audit.offline import verify
from audit.tiles import ENTRIES, FULL, Tile, tiles_of

CHUNK = 16
"""Tiles of entries read at once."""
SPOOL = 1 << 22
"""Bytes of `openings.jsonl` that are kept in memory; the rest of it waits in a file without a name."""
SCHEMA = Path(verify.__file__).with_name("leaf.schema.json")
PRUNED = "retention.pruned"
README = """Export of the audit log {origin}
{size} entries, root {root}

To check it you need Python 3.11 or later and the package "cryptography" (pip install cryptography), and the log's
verifier key from a place you trust: your own notes, or somebody who is not the operator of this log. Then run

    python verify.py . --key VERIFIER-KEY

from a copy of verify.py that you trust. It prints OK and exits with 0, or names the first bad entry and exits with 5.
No network, database or account is needed, and nothing from this folder is believed except what the key signed.
With an earlier export beside this one, add --after EARLIER-FOLDER: that shows that nothing was cut off or rewritten
in between. Keep this export for the next time.

checkpoint      what was signed: the log's name, its size and the root over all entries (C2SP signed note)
tile/entries/   the entries, 256 to a file, each after its length in two bytes; length 0: its body was pruned
tile/0/ ...     their hashes, and the hashes over those (RFC 6962, C2SP tlog-tiles)
keys/           the verifier key as this server states it; compare it with yours, do not take it from here
policy          the same key for tools that read C2SP tlog-policy; put yours in its place
schema/         what an entry looks like, as a JSON schema
witness/        what witnesses signed, and anchors/ what outside clocks confirmed, where there are any
pruned.jsonl    where bodies were pruned: which entries, and the entry that says so and names the policy
openings.jsonl  only for those who may read personal values: salt and value behind commitments
SHA256SUMS      digests of every file but the tiles, against damage in transit only

Personal values (names, reasons) are not in the entries: below "private", these hold salted commitments, 64 hex
digits each. Given a salt and a value, `HMAC-SHA256(salt, value)` shows that it is the one that was recorded.
"""

Content = bytes | IO[bytes]


def files(checkpoint: Checkpoint, *, openings: bool = False) -> Iterator[tuple[str, Content]]:
    """Every file of the export at `checkpoint`, as path and content; `README` first, tiles last."""
    extras: dict[str, Content] = {**outside(checkpoint.size)}
    with ExitStack() as kept:
        if openings:
            extras["openings.jsonl"] = kept.enter_context(opening_lines(checkpoint.size))
        yield from around(checkpoint.note, str(keys.verifier()), extras)
    yield from tiles(checkpoint.size)


def outside(size: int) -> dict[str, bytes]:
    """What others say about the log up to `size`, its second key, and which bodies were pruned."""
    found = dict([*witness.files(size), *anchor.files(size), *rotation.files(size)])
    for each in keys.verifiers()[1:]:
        found["keys/log.mldsa.vkey"] = f"{each}\n".encode()
    if pruned := pruned_lines(size):
        found["pruned.jsonl"] = pruned
    return found


def around(note: str, vkey: str, extras: Mapping[str, Content]) -> Iterator[tuple[str, Content]]:
    """The files beside the tiles, and the digests of all of them."""
    state = read(note)
    beside: dict[str, Content] = {
        "README": README.format(origin=state.origin, size=state.size, root=state.root.hex()).encode(),
        "checkpoint": note.encode(),
        "keys/log.vkey": f"{vkey}\n".encode(),
        "policy": f"log {vkey}\nquorum none\n".encode(),
        "schema/leaf.json": SCHEMA.read_bytes(),
        "verify.py": Path(verify.__file__).read_bytes(),
        **extras,
    }
    yield from beside.items()
    sums = "".join(f"{_digest(beside[name])}  {name}\n" for name in sorted(beside))
    yield "SHA256SUMS", sums.encode()


def tiles(size: int) -> Iterator[tuple[str, bytes]]:
    """The tiles of the first `size` entries: the entries, then the hashes level by level."""
    yield from entry_tiles(size)
    waiting: dict[int, Iterator[bytes]] = {}
    for place in tiles_of(size):
        if place.level == ENTRIES:
            continue
        full = waiting.setdefault(place.level, stored_tiles(place.level))
        yield place.path, next(full) if place.width == FULL else selectors.tile_bytes(place)


def entry_tiles(size: int) -> Iterator[tuple[str, bytes]]:
    """The tiles of entries, read many at a time."""
    for first in range(0, size, CHUNK * FULL):
        bodies = leaf_bodies(first, min(size, first + CHUNK * FULL))
        for at in range(0, len(bodies), FULL):
            some = bodies[at : at + FULL]
            data = b"".join([part for each in some for part in (len(each).to_bytes(2), each)])
            yield Tile(ENTRIES, (first + at) // FULL, len(some)).path, data


def leaf_bodies(first: int, end: int) -> list[bytes]:
    """The bytes of the leaves `first` up to `end`, as the database's own driver gives them."""
    query = "SELECT body FROM audit_leaf WHERE seq >= %s AND seq < %s ORDER BY seq"
    return [bytes(body) for (body,) in bulk.fetch(query, (first, end))]


def stored_tiles(level: int) -> Iterator[bytes]:
    """The full tiles of hashes of one level, in order."""
    rows = Stored.objects.filter(level=level).order_by("number").values_list("hashes", flat=True)
    first = 0
    while some := list(rows[first : first + FULL]):
        yield from map(bytes, some)
        first += FULL


def pruned_lines(size: int) -> bytes:
    """Which bodies were pruned under which entry: a line for each range, by the entries that record pruning."""
    found = []
    rows = Entry.objects.filter(action=PRUNED, outcome="success", leaf__seq__lt=size).order_by("leaf__seq")
    for seq, body in rows.values_list("leaf__seq", "body"):
        for first, last in json.loads(bytes(body))["about"]["ranges"]:
            found.append({"entry": seq, "first": first, "last": last})
    lines = [json.dumps(each, sort_keys=True) + "\n" for each in sorted(found, key=lambda each: each["first"])]
    return "".join(lines).encode()


def opening_lines(size: int) -> IO[bytes]:
    """The personal values that are still kept, a line each, in the order of entries."""
    out = SpooledTemporaryFile(max_size=SPOOL)  # noqa: SIM115 - closed with the export that sends it
    for first in range(0, size, CHUNK * FULL):
        seqs = dict(
            Leaf.objects.filter(seq__gte=first, seq__lt=min(size, first + CHUNK * FULL)).values_list("entry", "seq")
        )
        rows = Opening.objects.filter(entry__leaf__seq__gte=first, entry__leaf__seq__lt=min(size, first + CHUNK * FULL))
        for each in sorted(rows, key=lambda row: (seqs[row.entry_id], row.field)):
            said = {
                "seq": seqs[each.entry_id],
                "field": each.field,
                "salt": bytes(each.salt).hex(),
                "value": each.value,
            }
            out.write(json.dumps(said, ensure_ascii=False).encode() + b"\n")
    out.seek(0)
    return out


def write(folder: Path, checkpoint: Checkpoint, *, openings: bool = False) -> None:
    """Write the export into `folder`, which is made when missing."""
    for name, content in files(checkpoint, openings=openings):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for piece in _pieces(content):
                file.write(piece)


def archive(checkpoint: Checkpoint, *, openings: bool = False) -> Iterator[bytes]:
    """The same files as one tar archive, in pieces; the same bytes for the same checkpoint and version."""
    sent = 0
    for name, content in files(checkpoint, openings=openings):
        member = tarfile.TarInfo(f"{archive_name(checkpoint)}/{name}")
        member.size, member.mode, member.mtime = _length(content), 0o644, int(checkpoint.at.timestamp())
        padding = bytes(-member.size % tarfile.BLOCKSIZE)
        head = member.tobuf(tarfile.USTAR_FORMAT)
        if isinstance(content, bytes):
            yield b"".join((head, content, padding))
        else:
            yield head
            yield from _pieces(content)
            yield padding
        sent += len(head) + member.size + len(padding)
    yield bytes(2 * tarfile.BLOCKSIZE + -(sent + 2 * tarfile.BLOCKSIZE) % tarfile.RECORDSIZE)


def archive_length(checkpoint: Checkpoint) -> int:
    """How many bytes the archive without openings has, so that whoever takes it sees how far it is."""
    size = checkpoint.size
    beside = around(checkpoint.note, str(keys.verifier()), outside(size))
    lengths = [_length(content) for _, content in beside]
    lengths += [place.width * 32 for place in tiles_of(size) if place.level != ENTRIES]
    query = "SELECT sum(length(body) + 2) FROM audit_leaf WHERE seq < %s GROUP BY seq / 256"
    with connection.cursor() as cursor:
        cursor.execute(query, (size,))
        lengths += [int(total) for (total,) in cursor.fetchall()]
    block = tarfile.BLOCKSIZE
    blocks = sum(1 + -(-each // block) for each in lengths) + 2
    return -(-blocks * block // tarfile.RECORDSIZE) * tarfile.RECORDSIZE


def archive_guess(size: int) -> int:
    """About how many bytes the archive has, from its newest entries: the exact number takes reading all lengths."""
    with connection.cursor() as cursor:
        newest = "SELECT length(body) AS bytes FROM audit_leaf WHERE seq >= %s AND seq < %s"
        cursor.execute(f"SELECT avg(bytes) FROM ({newest}) AS newest", (max(0, size - FULL), size))  # noqa: S608
        (average,) = cursor.fetchone()
    return round(size * (float(average or 0) + 34 + 1024 / FULL))


def archive_name(checkpoint: Checkpoint) -> str:
    """What the archive, and the one folder in it, is called."""
    return f"attestry-audit-{checkpoint.size}"


def _pieces(content: Content) -> Iterable[bytes]:
    if isinstance(content, bytes):
        return [content]
    content.seek(0)
    return iter(lambda: content.read(SPOOL), b"")


def _length(content: Content) -> int:
    return len(content) if isinstance(content, bytes) else content.seek(0, 2)


def _digest(content: Content) -> str:
    digest = sha256()
    for each in _pieces(content):
        digest.update(each)
    return digest.hexdigest()
