"""From the bytes of a request to what will be kept: unpacked, understood, redacted, hashed, packed."""

import gc
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from audit.refusals import Malformed, Refused
from lineage import event
from lineage.redact import redact

LARGEST = 32 * 1024 * 1024
"""Bytes of JSON that one request may hold once it is unpacked."""
LARGE = 1024 * 1024
"""From so many bytes on an event is large."""
RATIO, FREE = 500, 4 * 1024 * 1024
"""A compressed body may grow by this factor; bodies below `FREE` bytes by any."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An event as it will be kept: `packed` is its canonical redacted JSON of `size` bytes, under zlib.

    Packed while it is read, so that whoever waits for the writers' turn does not wait for that. `removed` says what
    was taken out.
    """

    event: event.Event
    packed: bytes
    size: int
    sha256: str
    removed: tuple[dict[str, str], ...]

    @property
    def event_id(self) -> str:
        """The id under which the event can be found again: its digest."""
        return f"sha256:{self.sha256}"


def unpack(body: bytes, encoding: str) -> bytes:
    """Return the body of a request that came with this `Content-Encoding`.

    Refused: unknown encodings, broken gzip, and what is or grows too large.
    """
    if len(body) > LARGEST:
        raise Refused("request.too_large")
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip"}:
        raise Refused("request.media_type")
    reader = zlib.decompressobj(wbits=31)
    try:
        text = reader.decompress(body, LARGEST + 1)
    except zlib.error as problem:
        raise Malformed("lineage.bad_gzip") from problem
    if len(text) > LARGEST or len(text) > max(FREE, RATIO * len(body)):
        raise Refused("request.too_large")
    if not reader.eof:
        raise Malformed("lineage.bad_gzip")
    return text


@contextmanager
def undisturbed(size: int) -> Iterator[None]:
    """Keep Python's collector of cycles from walking a large event again and again while it is read.

    There are no cycles in JSON; on 23 MB it took as long as everything else.
    """
    if size < LARGE or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def read(value: Any, warnings: list[str]) -> Reading:
    """Return what is kept of one decoded event.

    Refused: what names neither a job nor a dataset. Secrets are gone from the result, its hash and its names.
    """
    try:
        redaction = redact(value)
        seen = event.understand(redaction.value, warnings)
        body = event.canonical(redaction.value).encode("utf-8", "replace")
    except RecursionError as deep:
        raise Malformed("lineage.not_json") from deep
    sha256 = hashlib.sha256(body).hexdigest()
    return Reading(seen, zlib.compress(body, 1), len(body), sha256, tuple(redaction.removed))


def again(body: bytes) -> event.Event:
    """Return what a kept event says, for a rebuild: it was mended and redacted when it came."""
    value, _ = event.decode(body)
    return event.understand(value)
