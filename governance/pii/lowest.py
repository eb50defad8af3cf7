"""A uniform sample of distinct values in one pass and bounded memory: those whose keyed hashes are smallest.

Which values those are depends on the seed alone, not on their order or how often they come, so a sorted table hides
nothing and the same seed draws the same sample. Counts are exact up to the sample's size, estimated beyond.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa

PLACE = 2.0**64
HEAVY = 4 * 1024 * 1024
PIECE = 1 << 16
WORD, LONG = 8, 256
FIRST = np.array([(1 << 8 * kept) - 1 for kept in range(WORD + 1)], np.uint64)
Hashes = Any


@lru_cache(maxsize=2)
def weights(seed: bytes) -> Any:
    """Random odd numbers drawn from the seed: two for each eight bytes of a text, and one for its length."""
    key = int.from_bytes(blake2b(seed, digest_size=16).digest())
    return np.random.Generator(np.random.Philox(key=key)).integers(0, 2**64, LONG // 4 + 1, np.uint64) | np.uint64(1)


def hashes(texts: Any, seed: bytes) -> Hashes:
    """A keyed 64-bit hash of each text, all at once: eight bytes at a time, multiplied, folded, summed, then mixed."""
    offsets, data = buffers(texts)
    lengths = np.diff(offsets)
    found = np.zeros(len(lengths), np.uint64)
    for start, end in pieces(offsets):
        part = data[offsets[start] : offsets[end]]
        found[start:end] = _sums(part, offsets[start:end] - offsets[start], lengths[start:end], weights(seed))
    for at in np.flatnonzero(lengths > LONG):
        text = data[offsets[at] : offsets[at + 1]].tobytes()
        found[at] = int.from_bytes(blake2b(text, digest_size=8, key=seed[:64]).digest())
    return _mixed(found)


def pieces(offsets: Any) -> Iterator[tuple[int, int]]:
    """Places from where to where the texts together have about so many bytes that what is made of them stays near."""
    start, last = 0, len(offsets) - 1
    while start < last:
        end = max(start + 1, int(np.searchsorted(offsets, offsets[start] + PIECE)) - 1)
        yield start, end
        start = end


def buffers(texts: Any) -> tuple[Any, Any]:
    """Where each text begins and ends, and the bytes."""
    wide = pa.types.is_large_string(texts.type) or pa.types.is_large_binary(texts.type)
    raw = texts.buffers()
    offsets = np.frombuffer(raw[1], np.int64 if wide else np.int32, len(texts) + 1, texts.offset * (8 if wide else 4))
    data = np.frombuffer(raw[2], np.uint8) if raw[2] is not None else np.zeros(0, np.uint8)
    return offsets.astype(np.int64), data


def _sums(part: Any, begins: Any, lengths: Any, by_place: Any) -> Hashes:
    """The sum over each text's words of eight bytes, the last one filled up with zeros; long texts are left out."""
    padded = np.zeros(len(part) + WORD, np.uint8)
    padded[: len(part)] = part
    words = np.lib.stride_tricks.as_strided(padded[:WORD].view(np.uint64), (len(part) + 1,), (1,))
    found = lengths.astype(np.uint64) * by_place[0]
    left = np.where(lengths > LONG, 0, lengths)
    at = np.flatnonzero(left)
    for place in range(LONG // WORD):
        if not len(at):
            break
        word = words[begins[at] + place * WORD] & FIRST[np.minimum(left[at], WORD)]
        word *= by_place[2 * place + 1]
        word ^= word >> np.uint64(32)
        found[at] += word * by_place[2 * place + 2]
        left[at] -= WORD
        at = at[left[at] > 0]
    return found


def _mixed(found: Hashes) -> Hashes:
    """The finaliser of splitmix64: every bit of the sum reaches every bit of the hash."""
    found ^= found >> np.uint64(30)
    found *= np.uint64(0xBF58476D1CE4E5B9)
    found ^= found >> np.uint64(27)
    found *= np.uint64(0x94D049BB133111EB)
    return found ^ (found >> np.uint64(31))


@dataclass
class Count:
    """How many distinct hashes came by: exact up to `most`, estimated beyond from the smallest."""

    most: int
    over: bool = False
    _kept: Any = field(default_factory=lambda: np.zeros(0, np.uint64))
    _fresh: list[Any] = field(default_factory=list)
    _size: int = 0

    def add(self, found: Hashes) -> None:
        """Take in hashes."""
        below = found[found < self._kept[-1]] if self.over else found
        self._fresh.append(below)
        self._size += len(below)
        if self._size > self.most:
            self._settle()

    def _settle(self) -> None:
        if not self._fresh:
            return
        kept = np.sort(np.concatenate([self._kept, *self._fresh]))
        kept = kept[np.append(np.ones(min(1, len(kept)), bool), kept[1:] != kept[:-1])]
        self.over = self.over or len(kept) > self.most
        self._kept, self._fresh, self._size = kept[: self.most].copy(), [], 0

    @property
    def number(self) -> int:
        """How many distinct ones there are."""
        self._settle()
        return len(self._kept) if not self.over else round((self.most - 1) * PLACE / max(1, int(self._kept[-1])))


@dataclass
class Lowest:
    """The values with the smallest hashes, at most `most` and at most some megabytes of them."""

    most: int
    over: bool = False
    _limit: int = 2**64
    _kept: dict[int, str] = field(default_factory=dict)
    _bytes: int = 0

    def below(self, found: Hashes) -> Any:
        """Where a hash is smaller than what has been dropped; no other value can come in any more."""
        return found < np.uint64(self._limit)

    def wanted(self, found: Hashes, mask: Any) -> Any:
        """Where a value that may come in has a hash small enough to be kept."""
        at = np.flatnonzero(mask & self.below(found) if self.over else mask)
        if len(at) <= self.most:
            return at
        lowest = np.argpartition(found[at], self.most)
        self.over, self._limit = True, int(found[at[lowest[self.most]]])
        return at[np.sort(lowest[: self.most])]

    def narrow(self, most: int) -> None:
        """Keep fewer from now on."""
        self.most = most
        self._settle()

    def add(self, places: list[int], values: list[str]) -> None:
        """Take in values with their hashes."""
        for place, value in zip(places, values, strict=True):
            if place not in self._kept:
                self._kept[place] = value
                self._bytes += len(value)
        if len(self._kept) > 1.5 * self.most or self._bytes > 1.5 * HEAVY:
            self._settle()

    def _settle(self) -> None:
        order = sorted(self._kept, reverse=True)
        for place in order[:-1]:
            if len(self._kept) <= self.most and self._bytes <= HEAVY:
                break
            self._bytes -= len(self._kept.pop(place))
            self.over, self._limit = True, place

    @property
    def number(self) -> int:
        """How many distinct values there are: exact, or estimated from the largest hash kept."""
        self._settle()
        if not self.over:
            return len(self._kept)
        return round((len(self._kept) - 1) * PLACE / max(1, *self._kept))

    @property
    def values(self) -> list[str]:
        """The values in the order of their hashes, which is no order of the file."""
        self._settle()
        return [self._kept[place] for place in sorted(self._kept)]
