"""Time-stamps (RFC 3161) over checkpoints: a clock that is not ours says that the log was this long by then.

The question is 56 bytes of DER, written here: a version, a SHA-256 digest, a nonce, and the wish for the certificate.
The token is kept as raw as it came; of it we read only that it was granted, for our digest and nonce, and when. Its
signature is checked by `openssl ts -verify` with the authority's certificate, by whoever wants to rely on it.
"""

import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from django.conf import settings

from audit import outside, records, selectors
from audit.models import Anchor, Checkpoint
from audit.refusals import Invalid, Unavailable

SHA256 = bytes.fromhex("300d06096086480165030402010500")
"""The algorithm identifier of SHA-256, in DER."""
_TIME = re.compile(rb"\x18.(\d{14})(?:\.\d+)?Z", re.DOTALL)


def question(note: str, nonce: int) -> bytes:
    """The TimeStampReq for a note: who answers it says that the note's digest was there at that time."""
    imprint = _der(0x30, SHA256 + _der(0x04, sha256(note.encode()).digest()))
    return _der(0x30, b"\x02\x01\x01" + imprint + _integer(nonce) + b"\x01\x01\xff")


def told(token: bytes, note: str, nonce: int) -> datetime:
    """When the authority says that it saw the note; refused when it did not say so, or of something else.

    This reads the token, it does not verify its signature.
    """
    status = token[token.find(b"\x02\x01", 2) :][:3]
    imprint = token.find(SHA256 + _der(0x04, sha256(note.encode()).digest()))
    after = token[imprint:]
    found = _TIME.search(after)
    if status not in (b"\x02\x01\x00", b"\x02\x01\x01") or imprint < 0 or not found or _integer(nonce) not in after:
        raise Invalid("audit.bad_timestamp")
    return datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def stamp(url: str, now: datetime) -> Anchor:
    """Have the newest checkpoint stamped by the authority at `url`, and keep the token; at most one for each size."""
    newest = selectors.latest()
    kept = Anchor.objects.filter(size=newest.size, authority=url).first()
    if kept is not None:
        return kept
    nonce = secrets.randbits(63) | 1 << 62
    try:
        answer = outside.post(url, question(newest.note, nonce), "application/timestamp-query")
    except outside.NoAnswer as error:
        raise Unavailable("audit.no_timestamp") from error
    if answer.status != 200 or answer.kind != "application/timestamp-reply":
        raise Unavailable("audit.no_timestamp")
    at = told(answer.body, newest.note, nonce)
    if settings.AUDIT_TSA_CA and not verifies(answer.body, newest.note, Path(settings.AUDIT_TSA_CA)):
        raise Invalid("audit.bad_timestamp")
    return records.keep_anchor(newest.size, url, answer.body, at, now)


def verifies(token: bytes, note: str, authority: Path) -> bool:
    """Whether openssl finds the token right, under the certificates in the file `authority`; needs openssl."""
    program = shutil.which("openssl")
    if program is None:
        raise Unavailable("audit.no_openssl")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "note").write_bytes(note.encode())
        (Path(folder) / "token").write_bytes(token)
        asked = [program, "ts", "-verify", "-data", "note", "-in", "token", "-CAfile", str(authority.resolve())]
        return subprocess.run(asked, cwd=folder, capture_output=True, timeout=30, check=False).returncode == 0  # noqa: S603


def due(now: datetime, every: timedelta) -> bool:
    """Whether the log grew and the last stamp is that old."""
    last = Anchor.objects.order_by("-at").first()
    return last is None or (last.at <= now - every and last.size < selectors.published())


def files(upto: int) -> Iterator[tuple[str, bytes]]:
    """For an export at size `upto`: every token as `<size>-<id>.tsr`, and beside it the checkpoint it stamps."""
    last = None
    for anchor in Anchor.objects.filter(size__lte=upto).order_by("size", "pk").iterator(chunk_size=100):
        if anchor.size != last:
            note = Checkpoint.objects.values_list("note", flat=True).get(pk=anchor.size)
            yield f"anchors/{anchor.size}.checkpoint", note.encode()
            last = anchor.size
        yield f"anchors/{anchor.size}-{anchor.pk}.tsr", bytes(anchor.token)


def _der(tag: int, value: bytes) -> bytes:
    """A value of fewer than 128 bytes in DER; nothing here is longer."""
    return bytes([tag, len(value)]) + value


def _integer(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1))
