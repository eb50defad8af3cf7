"""Which kinds of bytes are in each text, and how many digits: one pass over the bytes of a whole column.

It answers most of what `sieve` asks before an expression has to be tried. Bytes above ASCII count as they may: whatever
begins as a digit of some script could be one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from governance.pii.lowest import buffers, pieces

LETTER, HIGH, AT, COLON, EQUALS, DOT, DASH, SLASH, SPACE, COMMA, PLUS = (1 << bit for bit in range(11))
MARKS = {
    "@": AT,
    ":": COLON,
    "=": EQUALS,
    ".": DOT,
    "-": DASH,
    "/": SLASH,
    " ": SPACE,
    ",": COMMA,
    "+": PLUS,
    "(": PLUS,
    ")": PLUS,
}
Mask = Any
SHORT = 256


def _kinds() -> Any:
    table = np.zeros(256, np.uint16)
    table[128:] = HIGH
    for letters in (b"AZ", b"az"):
        table[letters[0] : letters[1] + 1] = LETTER
    for mark, kind in MARKS.items():
        table[ord(mark)] = kind
    return table


KINDS = _kinds()
LOW, REST = KINDS.astype(np.uint8).tobytes(), (KINDS >> 8).astype(np.uint8).tobytes()
RARE = bytes(at for at in range(256) if REST[at])
DIGIT = bytes(chr(at) in "0123456789" for at in range(256))
LEAD = bytes(at == 0xC2 or at >= 0xD9 for at in range(256))
"""Bytes that begin a character which could be a digit: none between U+00C0 and U+063F is a number of any kind."""


@dataclass(frozen=True)
class Marks:
    """For each text: its bytes, its kinds of bytes, its ASCII digits, and the characters that could be other digits."""

    size: Any
    kinds: Any
    digits: Any
    others: Any

    def has(self, kind: int) -> Mask:
        """Where a text has a byte of the kind, or of one of the kinds."""
        return (self.kinds & kind) != 0

    def count(self, least: int) -> Mask:
        """Where a text could have as many digits."""
        return (self.digits + self.others) >= least


def of(texts: Any) -> Marks:
    """What is in each text of an array."""
    offsets, data = buffers(texts)
    sizes = np.diff(offsets)
    kinds, digits = np.zeros(len(sizes), np.uint16), np.zeros(len(sizes), np.int64)
    others = np.zeros(len(sizes), np.int64)
    for start, end in pieces(offsets):
        full = np.flatnonzero(sizes[start:end])
        if not len(full):
            continue
        raw, begins = data[offsets[start] : offsets[end]].tobytes(), offsets[start + full] - offsets[start]
        wide = np.uint8 if sizes[start:end].max() < SHORT else np.int64
        kinds[start + full] = np.bitwise_or.reduceat(_told(raw, LOW), begins)
        digits[start + full] = np.add.reduceat(_told(raw, DIGIT), begins, dtype=wide)
        if any(mark in raw for mark in RARE):
            kinds[start + full] |= np.bitwise_or.reduceat(_told(raw, REST), begins).astype(np.uint16) << 8
        if not raw.isascii():
            others[start + full] = np.add.reduceat(_told(raw, LEAD), begins, dtype=wide)
    return Marks(sizes, kinds, digits, others)


def _told(raw: bytes, table: bytes) -> Any:
    """What a table says of each byte."""
    return np.frombuffer(raw.translate(table), np.uint8)
