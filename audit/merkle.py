"""The hash tree of RFC 6962 (section 2.1): roots, and proofs that fit in a page.

A tree of size zero proves nothing, so no proof from it, to it or in it is ever made or accepted.
Nodes are named by level and index: `(0, 5)` is the hash of leaf 5, `(3, 1)` the root over leaves 8 to 15.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

Node = Callable[[int, int], bytes]

EMPTY_ROOT = sha256(b"").digest()
WIDTH = 32


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256 over 0x00 and the leaf's bytes."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 over 0x01 and both children."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: the roots of its perfect subtrees, largest first; at most 64 hashes."""

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)
        if len(self.hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} has {size.bit_count()} perfect subtrees, not {len(self.hashes)}")

    def append(self, hash_of_leaf: bytes) -> None:
        """Add one leaf by its hash, in amortised constant time."""
        carry, bits = hash_of_leaf, self.size
        while bits & 1:
            carry = node_hash(self.hashes.pop(), carry)
            bits >>= 1
        self.hashes.append(carry)
        self.size += 1

    def append_block(self, root: bytes, width: int) -> None:
        """Add `width` leaves at once by the root over them: a power of two of which `size` is a multiple."""
        carry, bits = root, self.size // width
        while bits & 1:
            carry = node_hash(self.hashes.pop(), carry)
            bits >>= 1
        self.hashes.append(carry)
        self.size += width

    def root(self) -> bytes:
        """The root over everything appended so far."""
        return _fold(self.hashes)


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes; for a full tile, the hash one level of tiles up."""
    if len(hashes).bit_count() == 1:
        while len(hashes) > 1:
            hashes = [sha256(b"\x01" + left + right).digest() for left, right in zip(*[iter(hashes)] * 2, strict=True)]
        return hashes[0]
    frontier = Frontier()
    for each in hashes:
        frontier.append(each)
    return frontier.root()


def root_at(node: Node, size: int) -> bytes:
    """The root of the first `size` leaves, out of at most 64 stored nodes."""
    return _hash_range(node, 0, size)


def prove_inclusion(node: Node, index: int, size: int) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root at `size`, leaf's sibling first."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    ranges, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    return [_hash_range(node, *each) for each in reversed(ranges)]


def prove_consistency(node: Node, old: int, size: int) -> list[bytes]:
    """The hashes that show the tree at `size` to be the tree at `old` with leaves added at the end."""
    if not 0 < old <= size:
        raise ValueError(f"nothing to prove from {old} to {size}")
    ranges, low, high = [], 0, size
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    if low:
        ranges.append((low, high))
    return [_hash_range(node, *each) for each in reversed(ranges)]


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` leads from the leaf hash `leaf` at `index` to `root` at `size`."""
    if not 0 <= index < size or len(leaf) != WIDTH:
        return False
    at, last, have = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            have = node_hash(each, have)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            have = node_hash(have, each)
        at, last = at >> 1, last >> 1
    return last == 0 and have == root


def consistent(old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes) -> bool:
    """Whether `proof` shows the tree (`size`, `root`) to extend the tree (`old`, `old_root`)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not proof and old_root == root
    path = [old_root, *proof] if old.bit_count() == 1 else list(proof)
    return bool(path) and _replay(old, size, path) == (old_root, root)


def _replay(old: int, size: int, path: list[bytes]) -> tuple[bytes, bytes] | None:
    """Both roots as `path` has them, or nothing when it is too long or too short."""
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for each in path[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            before, after = node_hash(each, before), node_hash(each, after)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, each)
        at, last = at >> 1, last >> 1
    return (before, after) if last == 0 else None


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << ((width - 1).bit_length() - 1)


def _hash_range(node: Node, low: int, high: int) -> bytes:
    """The hash over leaves `low` to `high`, where the tree itself has such a subtree."""
    parts = []
    while low < high:
        level = (high - low).bit_length() - 1
        parts.append(node(level, low >> level))
        low += 1 << level
    return _fold(parts)


def _fold(parts: Sequence[bytes]) -> bytes:
    """Join perfect subtrees from the right, as the tree does."""
    if not parts:
        return EMPTY_ROOT
    have = parts[-1]
    for each in reversed(parts[:-1]):
        have = node_hash(each, have)
    return have
