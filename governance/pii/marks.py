"""Which kinds of bytes are in each text, and how many digits: one pass over the bytes of a whole column.

It answers most of what `sieve` asks before an expression has to be tried. Bytes above ASCII count as they may: each
character that begins with one could be a digit.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from governance.pii.lowest import PIECE, buffers

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


def _kinds() -> Any:
    table = np.zeros(256, np.uint16)
    table[128:] = HIGH
    for letters in (b"AZ", b"az"):
        table[letters[0] : letters[1] + 1] = LETTER
    for mark, kind in MARKS.items():
        table[ord(mark)] = kind
    return table


KINDS = _kinds()
DIGIT = np.zeros(256, np.uint8)
DIGIT[ord("0") : ord("9") + 1] = 1
LEAD = np.zeros(256, np.uint8)
LEAD[0xC0:] = 1


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
    others, start = np.zeros(len(sizes), np.int64), 0
    while start < len(sizes):  # piece by piece, so that the numbers beside the bytes stay few
        end = max(start + 1, int(np.searchsorted(offsets, offsets[start] + PIECE)) - 1)
        part, begins = data[offsets[start] : offsets[end]], offsets[start:end] - offsets[start]
        full = sizes[start:end] > 0
        if full.any():
            every = KINDS[part]
            kinds[start:end][full] = np.bitwise_or.reduceat(every, begins[full])
            digits[start:end] = _counted(DIGIT[part], offsets[start : end + 1] - offsets[start])
            if (every & HIGH).any():
                others[start:end] = _counted(LEAD[part], offsets[start : end + 1] - offsets[start])
        start = end
    return Marks(sizes, kinds, digits, others)


def _counted(ones: Any, offsets: Any) -> Any:
    """How many ones lie between each two offsets."""
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(ones, dtype=np.int64)])
    return np.diff(sums[offsets])
