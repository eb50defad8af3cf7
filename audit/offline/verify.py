#!/usr/bin/env python3
"""Check an Attestry audit log without trusting Attestry.

    python verify.py DIR --key VKEY                              a whole export
    python verify.py PROOF --entry FILE --key VKEY               one entry, by its tlog-proof

Needs Python 3.11 and the `cryptography` package, nothing else: no network, no database, no account. The verifier key
is given by hand, from wherever you noted it; the one inside the export proves nothing.

Exit 0: every entry is the one that was signed, in its place, and nothing about any subject was left out.
Exit 5: something is wrong; the first line names the first bad entry. Exit 2: the call itself was wrong.
"""

import argparse
import json
import os
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FULL = 256
LISTED = ("README", "checkpoint", "keys/log.vkey", "verify.py")
REWRITTEN = "entries and tiles agree with each other, but not with the signed root: the log was rewritten"


@dataclass(frozen=True, order=True)
class Fault:
    """Something wrong: the entry it concerns (-1: a file beside the log), and what it is."""

    entry: int
    what: str

    def __str__(self) -> str:
        """The line to show."""
        return f"BAD entry {self.entry}: {self.what}" if self.entry >= 0 else f"BAD file {self.what}"


@dataclass
class Report:
    """What was found: the signed state, and every fault, those of the earliest entries first."""

    origin: str = ""
    size: int = 0
    root: bytes = b""
    faults: list[Fault] = field(default_factory=list)


class KeyUnreadableError(ValueError):
    """The verifier key given by hand is not one."""


def check(folder: Path, vkey: str) -> Report:
    """Check everything in `folder` under `vkey`; reads each file once, in memory that does not grow with the log."""
    name, key_id, public = read_key(vkey)
    report = Report()
    try:
        report.origin, report.size, report.root = read_checkpoint(
            (folder / "checkpoint").read_bytes().decode(), name, key_id, public
        )
    except (OSError, ValueError) as error:
        report.faults = [Fault(0, f"the checkpoint vouches for nothing: {error}")]
        return report
    walk = Walk(folder, report.size)
    root = walk.run()
    faults = walk.faults + strays(folder, report.size)
    if root is not None and root != report.root and not faults:
        faults = [Fault(0, REWRITTEN)]
    report.faults = sorted(faults) + beside(folder, vkey)
    return report


def check_entry(proof: Path, entry: Path, vkey: str) -> Report:
    """Check that the bytes in `entry` stand in the log, by the tlog-proof in `proof`."""
    report = Report()
    try:
        head, _, note = proof.read_bytes().decode().partition("\n\n")
        report.origin, report.size, report.root = read_checkpoint(note, *read_key(vkey))
        kind, index, *lines = head.split("\n")
        seq = int(index.removeprefix("index "))
        leaf = sha256(b"\x00" + entry.read_bytes()).digest()
        root = climb(leaf, seq, report.size, [b64decode(each, validate=True) for each in lines])
        if kind != "c2sp.org/tlog-proof@v1" or root != report.root:
            report.faults = [Fault(seq, "the proof does not lead from these bytes to the signed root")]
    except KeyUnreadableError:
        raise
    except (OSError, ValueError) as error:
        report.faults = [Fault(-1, f"{proof.name}: {error}")]
    return report


def climb(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes | None:
    """The root that a proof leads to from a leaf hash (RFC 9162, 2.1.3.2); nothing when it is too long or short."""
    at, last, have = index, size - 1, leaf
    if not 0 <= index < size:
        return None
    for each in proof:
        if last == 0:
            return None
        if at & 1 or at == last:
            have = sha256(b"\x01" + each + have).digest()
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            have = sha256(b"\x01" + have + each).digest()
        at, last = at >> 1, last >> 1
    return have if last == 0 else None


def read_key(vkey: str) -> tuple[str, bytes, bytes]:
    """The name, id and Ed25519 public key of `name+id+key`."""
    try:
        name, key_id, encoded = vkey.strip().split("+", 2)
        raw = b64decode(encoded, validate=True)
    except ValueError as error:
        raise KeyUnreadableError("the key must be name+id+key") from error
    expected = sha256(name.encode() + b"\n" + raw).digest()[:4]
    if len(raw) != 33 or raw[:1] != b"\x01" or expected.hex() != key_id:
        raise KeyUnreadableError("the key's id does not belong to it, or it is not an Ed25519 key")
    return name, expected, raw[1:]


def read_checkpoint(note: str, name: str, key_id: bytes, public: bytes) -> tuple[str, int, bytes]:
    """The origin, size and root that the key signed; `ValueError` says why it did not."""
    body, gap, signatures = note.partition("\n\n")
    lines = body.split("\n")
    if not gap or len(lines) != 3 or str(int(lines[1])) != lines[1] or int(lines[1]) < 1:
        raise ValueError("it is not a checkpoint")
    if lines[0] != name:
        raise ValueError(f"it is of the log {lines[0]!r}, the key is of {name!r}")
    root = b64decode(lines[2], validate=True)
    if len(root) != 32 or b64encode(root).decode() != lines[2]:
        raise ValueError("its root cannot be read")
    if not signatures.endswith("\n") or not signed(f"{body}\n".encode(), signatures, name, key_id, public):
        raise ValueError("it is not signed with the given key")
    return lines[0], int(lines[1]), root


def signed(body: bytes, signatures: str, name: str, key_id: bytes, public: bytes) -> bool:
    """Whether one of the signature lines is of the given key; `ValueError` when that one is wrong."""
    found = False
    for line in signatures.splitlines():
        signer, _, encoded = line.removeprefix("\u2014 ").partition(" ")
        raw = b64decode(encoded, validate=True)
        if b64encode(raw).decode() != encoded or not line.startswith("\u2014 "):
            raise ValueError("a signature line cannot be read")
        if signer == name and raw[:4] == key_id:
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], body)
            except InvalidSignature:
                raise ValueError("its signature is wrong") from None
            found = True
    return found


class Walk:
    """One pass over all entries, comparing with the tiles of every level on the way."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size = folder, size
        self.faults: list[Fault] = []
        self.heads: dict[str, tuple[int, int]] = {}
        self.levels: list[list[bytes]] = [[]]
        self.tiles: list[int] = [0]

    def run(self) -> bytes | None:
        """The root over all entries, or nothing when some are missing; faults are collected."""
        for number in range(-(-self.size // FULL)):
            first, width = number * FULL, min(FULL, self.size - number * FULL)
            leaves = self.read_entries(number, width)
            hashes = [sha256(b"\x00" + each).digest() for each in leaves]
            for seq, leaf in enumerate(leaves, first):
                if what := self.leaf_fault(seq, leaf):
                    self.note(seq, what)
            if len(leaves) < width:
                self.compare(0, number, hashes, width)
                return None
            self.push(0, hashes)
        for level, hashes in enumerate(self.levels):
            if hashes:
                self.compare(level, self.tiles[level], hashes, len(hashes))
        return fold([part for hashes in reversed(self.levels) for part in perfect(hashes)])

    def read_entries(self, number: int, width: int) -> list[bytes]:
        """The entries of one tile; a fault, and fewer of them, when the file is missing, cut or too long."""
        path, first, found, at = tile_path("entries", number, width), number * FULL, list[bytes](), 0
        try:
            data = (self.folder / path).read_bytes()
        except OSError:
            self.note(first, f"{path} is missing or cannot be read")
            return []
        while len(found) < width:
            end = at + 2 + int.from_bytes(data[at : at + 2])
            if at + 2 > len(data) or end > len(data):
                self.note(first + len(found), f"{path} ends before it")
                return found
            found.append(data[at + 2 : end])
            at = end
        if at != len(data):
            self.note(first + width - 1, f"{path} goes on after it")
        return found

    def leaf_fault(self, seq: int, data: bytes) -> str:
        """What is wrong with one leaf's form, number or links; nothing when all is well."""
        try:
            leaf = json.loads(data, parse_float=refuse, parse_constant=refuse)
            entry, links = leaf["entry"], leaf["subjects"]
            if canonical(leaf) != data or set(leaf) != {"v", "seq", "subjects", "entry"} or leaf["v"] != 1:
                return "its bytes are not a leaf in canonical form"
            if leaf["seq"] != seq:
                return f"it says it is entry {leaf['seq']}"
            if [each["id"] for each in links] != entry["subjects"]:
                return "its links are not those of its subjects"
            return self.link_fault(seq, links)
        except (ValueError, KeyError, TypeError, RecursionError):
            return "its bytes are not a leaf in canonical form"

    def link_fault(self, seq: int, links: list[dict[str, Any]]) -> str:
        """Whether each link goes on where the subject's last one ended."""
        what = ""
        for link in links:
            number, previous = self.heads.get(link["id"], (-1, None))
            if (link["subj_seq"], link["subj_prev"]) != (number + 1, previous):
                what = what or f"its link for {link['id']} does not continue the one before: something was left out"
            self.heads[link["id"]] = (link["subj_seq"], seq)
        return what

    def push(self, level: int, hashes: list[bytes]) -> None:
        """Add hashes to a level; a tile that becomes full is compared, and its root goes one level up."""
        if level == len(self.levels):
            self.levels.append([])
            self.tiles.append(0)
        self.levels[level] += hashes
        if len(self.levels[level]) == FULL:
            full, self.levels[level] = self.levels[level], []
            self.compare(level, self.tiles[level], full, FULL)
            self.tiles[level] += 1
            self.push(level + 1, [fold([*perfect(full)])])

    def compare(self, level: int, number: int, hashes: list[bytes], width: int) -> None:
        """Note the first place where the tile in the export differs from what its entries give."""
        path, span = tile_path(str(level), number, width), FULL**level
        try:
            data = (self.folder / path).read_bytes()
        except OSError:
            self.note(number * FULL * span, f"{path} is missing or cannot be read")
            return
        for place, each in enumerate(hashes):
            entry = (number * FULL + place) * span
            if data[place * 32 : place * 32 + 32] != each and not self.explained(entry, span):
                what = (
                    f"is not the one {path} was made from"
                    if span == 1
                    else f"and the {span - 1} after it: {path} differs"
                )
                self.note(entry, what)
        if len(data) != width * 32:
            self.note((number * FULL + len(hashes) - 1) * span, f"{path} has the wrong length")

    def note(self, entry: int, what: str) -> None:
        """Remember a fault; after the first thousand nobody reads on."""
        if len(self.faults) < 1000:
            self.faults.append(Fault(entry, what))

    def explained(self, entry: int, span: int) -> bool:
        """Whether a fault below already says why the hash over these entries differs."""
        return span > 1 and any(entry <= each.entry < entry + span for each in self.faults)


def perfect(hashes: list[bytes]) -> Iterator[bytes]:
    """The roots of the perfect subtrees over up to 256 hashes, largest first."""
    at = 0
    while at < len(hashes):
        width = 1 << (len(hashes) - at).bit_length() - 1
        row = hashes[at : at + width]
        while len(row) > 1:
            row = [sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row), 2)]
        yield row[0]
        at += width


def fold(parts: list[bytes]) -> bytes:
    """One root over perfect subtrees, joined from the right."""
    have = parts[-1]
    for each in reversed(parts[:-1]):
        have = sha256(b"\x01" + each + have).digest()
    return have


def canonical(value: object) -> bytes:
    """The one way to write a value of the log's profile."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def refuse(text: str) -> None:
    """The log's profile has no floats."""
    raise ValueError(text)


def tile_path(level: str, number: int, width: int) -> str:
    """Where a tile lies: `tile/0/x001/234`, with `.p/<width>` while it is not full."""
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    where = "/".join([*("x" + each for each in groups[:-1]), groups[-1]])
    return f"tile/{level}/{where}" + ("" if width == FULL else f".p/{width}")


def expected(size: int) -> Iterator[str]:
    """Every tile there must be, and no other."""
    levels, width = ["entries", "0"], size
    while width:
        for level in levels:
            yield from (tile_path(level, each, FULL) for each in range(width // FULL))
            if width % FULL:
                yield tile_path(level, width // FULL, width % FULL)
        levels, width = [str(int(levels[-1]) + 1)], width // FULL


def strays(folder: Path, size: int) -> list[Fault]:
    """Files below `tile/` that the signed size does not account for."""
    known = set(expected(size))
    found = []
    for place, _, names in os.walk(folder / "tile"):
        for each in names:
            path = (Path(place) / each).relative_to(folder).as_posix()
            if path not in known:
                found.append(Fault(size, f"{path} is beyond what was signed"))
    return found


def beside(folder: Path, vkey: str) -> list[Fault]:
    """Faults of the files beside the log. They prove nothing, but they should be the ones that were exported."""
    faults = []
    try:
        lines = (folder / "SHA256SUMS").read_bytes().decode().split("\n")
        sums = {name: digest for digest, _, name in (each.partition("  ") for each in lines[:-1])}
    except (OSError, ValueError):
        return [Fault(-1, "SHA256SUMS: it is missing or cannot be read")]
    if sorted(sums) != sorted(LISTED) or len(lines) != len(LISTED) + 1 or lines[-1]:
        faults.append(Fault(-1, "SHA256SUMS: it does not list what it should"))
    for name in LISTED:
        try:
            good = sha256((folder / name).read_bytes()).hexdigest() == sums.get(name)
        except OSError:
            good = False
        if not good:
            faults.append(Fault(-1, f"{name}: it is not the one that was exported"))
    if not faults and (folder / "keys/log.vkey").read_text().strip() != vkey.strip():
        faults.append(Fault(-1, "keys/log.vkey: it is not the key you gave"))
    return faults


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Check an export of an Attestry audit log, or the proof of one entry.")
    parser.add_argument("what", metavar="DIR|PROOF", type=Path, help="the unpacked export, or a .tlog-proof file")
    parser.add_argument("--key", metavar="VKEY", required=True, help="the log's verifier key, from a place you trust")
    parser.add_argument("--entry", metavar="FILE", type=Path, help="with a proof: the entry's exact bytes")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    asked = parser.parse_args(arguments)
    try:
        report = check_entry(asked.what, asked.entry, asked.key) if asked.entry else check(asked.what, asked.key)
    except KeyUnreadableError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    root = b64encode(report.root).decode()
    if asked.json:
        faults = [{"entry": each.entry, "what": each.what} for each in report.faults[:100]]
        answer = {"ok": not faults, "origin": report.origin, "size": report.size, "root": root, "faults": faults}
        sys.stdout.write(json.dumps(answer) + "\n")
    elif report.faults:
        more = len(report.faults) - 1
        sys.stdout.write(f"{report.faults[0]}\n" + (f"and {more} more\n" if more else ""))
    elif asked.entry:
        sys.stdout.write(f"OK: the entry stands in {report.origin}, size {report.size}, root {root}\n")
    else:
        sys.stdout.write(f"OK: {report.size} entries of {report.origin}, root {root}\n")
    return 5 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
