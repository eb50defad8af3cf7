"""The log as files that anybody can check: C2SP tlog-tiles, with the verifier and the key beside them.

Everything is made while it is sent, one tile at a time, so memory does not grow with the log. It is always the state
of one checkpoint; entries after it do not disturb an export that runs.
"""

import io
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from audit import keys, selectors
from audit.checkpoint import read
from audit.models import Checkpoint
from audit.offline import verify
from audit.tiles import tiles_of

README = """Export of the audit log {origin}
{size} entries, root {root}

To check it you need Python 3.11 or later and the package "cryptography" (pip install cryptography), and the log's
verifier key from a place you trust: your own notes, or somebody who is not the operator of this log. Then run

    python verify.py . --key VERIFIER-KEY

from a copy of verify.py that you trust. It prints OK and exits with 0, or names the first bad entry and exits with 5.
No network, database or account is needed, and nothing from this folder is believed except what the key signed.

checkpoint      what was signed: the log's name, its size and the root over all entries (C2SP signed note)
tile/entries/   the entries, 256 to a file, each after its length in two bytes
tile/0/ ...     their hashes, and the hashes over those (RFC 6962, C2SP tlog-tiles)
keys/log.vkey   the verifier key as this server states it; compare it with yours, do not take it from here
SHA256SUMS      digests of README, checkpoint, keys/log.vkey and verify.py, against damage in transit only

Personal values (names, reasons) are not in here: below "private", entries hold salted commitments to them, 64 hex
digits each. Given a salt and a value, `HMAC-SHA256(salt, value)` shows that it is the one that was recorded.
"""


def files(checkpoint: Checkpoint) -> Iterator[tuple[str, bytes]]:
    """Every file of the export at `checkpoint`, as path and bytes; `README` first, tiles last."""
    state = read(checkpoint.note)
    beside = {
        "README": README.format(origin=state.origin, size=state.size, root=state.root.hex()).encode(),
        "keys/log.vkey": f"{keys.verifier()}\n".encode(),
        "verify.py": Path(verify.__file__).read_bytes(),
        "checkpoint": checkpoint.note.encode(),
    }
    yield from beside.items()
    yield "SHA256SUMS", "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in beside.items()).encode()
    for tile in tiles_of(state.size):
        yield tile.path, selectors.tile_bytes(tile)


def write(folder: Path, checkpoint: Checkpoint) -> None:
    """Write the export into `folder`, which is made when missing."""
    for name, data in files(checkpoint):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def archive(checkpoint: Checkpoint) -> Iterator[bytes]:
    """The same files as one tar archive, in pieces; the same bytes for the same checkpoint and version."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.USTAR_FORMAT, bufsize=tarfile.RECORDSIZE) as tar:
        for name, data in files(checkpoint):
            member = tarfile.TarInfo(f"{archive_name(checkpoint)}/{name}")
            member.size, member.mode, member.mtime = len(data), 0o644, int(checkpoint.at.timestamp())
            tar.addfile(member, io.BytesIO(data))
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def archive_name(checkpoint: Checkpoint) -> str:
    """What the archive, and the one folder in it, is called."""
    return f"attestry-audit-{checkpoint.size}"
