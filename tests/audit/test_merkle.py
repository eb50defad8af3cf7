"""Roots and proofs, against the definition of RFC 6962 written out once more as recursion."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import (
    Frontier,
    consistent,
    included,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    root_at,
    root_of,
)


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(str(each).encode()) for each in range(count)]


def by_definition(hashes: list[bytes]) -> bytes:
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return sha256(b"\x01" + by_definition(hashes[:split]) + by_definition(hashes[split:])).digest()


def nodes_of(hashes: list[bytes]):
    def node(level: int, index: int) -> bytes:
        part = hashes[index << level : (index + 1) << level]
        assert len(part) == 1 << level, "a stored node is always perfect"
        return by_definition(part)

    return node


def test_known_roots_of_the_reference_tree() -> None:
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    hashes = [leaf_hash(bytes.fromhex(each)) for each in inputs]
    assert root_of(hashes).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert root_of(hashes[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root_of(hashes[:3]).hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"


def test_leaf_and_node_hashes_are_kept_apart() -> None:
    left, right = leaves(2)
    assert leaf_hash(b"\x01" + left + right) != node_hash(left, right)
    assert leaf_hash(left + right) != node_hash(left, right)


@given(st.integers(0, 300))
def test_a_growing_frontier_has_the_root_of_the_definition(size: int) -> None:
    hashes = leaves(size)
    frontier = Frontier()
    for each in hashes:
        frontier.append(each)
    assert frontier.root() == by_definition(hashes) == root_at(nodes_of(hashes), size)
    assert Frontier(frontier.size, frontier.hashes).root() == frontier.root()


def test_a_frontier_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 perfect subtrees"):
        Frontier(3, leaves(1))


@given(st.integers(1, 300), st.data())
def test_every_leaf_proves_its_place_and_no_other(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    root, proof = by_definition(hashes), prove_inclusion(nodes_of(hashes), index, size)
    assert included(hashes[index], index, size, proof, root)
    other = data.draw(st.integers(0, size + 3))
    assert other == index or not included(hashes[index], other, size, proof, root)
    assert not included(leaf_hash(b"forged"), index, size, proof, root)
    assert not included(hashes[index], index, size, [*proof, root], root)
    assert not proof or not included(hashes[index], index, size, proof[:-1], root)


@given(st.integers(1, 300), st.data())
def test_every_earlier_size_proves_to_be_a_beginning(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    hashes = leaves(size)
    old_root, root = by_definition(hashes[:old]), by_definition(hashes)
    proof = prove_consistency(nodes_of(hashes), old, size)
    assert consistent(old, size, proof, old_root, root)
    rewritten = by_definition([leaf_hash(b"forged"), *hashes[1:old]])
    assert not consistent(old, size, proof, rewritten, root)
    assert not consistent(old, size, [*proof, root], old_root, root)


@given(st.integers(2, 120), st.data())
def test_one_flipped_bit_in_a_proof_is_noticed(size: int, data: st.DataObject) -> None:
    hashes = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof = prove_inclusion(nodes_of(hashes), index, size)
    which, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    flipped = bytearray(proof[which])
    flipped[bit // 8] ^= 1 << bit % 8
    proof[which] = bytes(flipped)
    assert not included(hashes[index], index, size, proof, by_definition(hashes))


def test_a_tree_of_size_zero_proves_nothing() -> None:
    empty = by_definition([])
    assert not consistent(0, 0, [], empty, empty)
    assert not consistent(0, 1, [], empty, leaves(1)[0])
    assert not included(empty, 0, 0, [], empty)
    with pytest.raises(ValueError, match="nothing to prove"):
        prove_consistency(nodes_of([]), 0, 1)
    with pytest.raises(ValueError, match="not in a tree"):
        prove_inclusion(nodes_of([]), 0, 0)


def test_a_beginning_longer_than_the_tree_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to prove"):
        prove_consistency(nodes_of(leaves(2)), 3, 2)
    assert not consistent(3, 2, [], by_definition(leaves(3)), by_definition(leaves(2)))


def test_whole_blocks_join_the_tree_as_their_leaves_would() -> None:
    hashes = [leaf_hash(str(each).encode()) for each in range(64)]
    blocks = Frontier()
    for at in range(0, 64, 8):
        blocks.append_block(root_of(hashes[at : at + 8]), 8)
        assert (blocks.size, blocks.root()) == (at + 8, root_of(hashes[: at + 8]))
