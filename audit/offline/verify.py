#!/usr/bin/env python3
"""Check an Attestry audit log without trusting Attestry.

    python verify.py DIR --key VKEY                              a whole export
    python verify.py DIR --key VKEY --after OLD_DIR              ... and that it goes on from an earlier one
    python verify.py DIR --key VKEY --subject model:1            ... and list every entry about one subject
    python verify.py TRAIL.json --subject model:1 --key VKEY     every entry about one subject, without the log
    python verify.py PROOF --entry FILE --key VKEY               one entry, by its tlog-proof
    python verify.py PACK_DIR --key VKEY                         an evidence pack, unpacked

Needs Python 3.11 and the `cryptography` package, nothing else: no network, no database, no account. The verifier key
is given by hand, from wherever you noted it; the one inside the export proves nothing.

An export alone shows that nothing in it was altered. That nothing was cut off or written anew by whoever holds the
key shows only beside something you kept: --after an earlier export, --checkpoint an earlier checkpoint, --seen
SIZE:ROOT. Give --key once for each key of a log that changed its key: the checkpoint must be of the log that a key
names and signed by at least one of them, and no line of a given key may be wrong. --mldsa is a second key that must
have signed as well. Lines of other keys are passed over.

Every entry is hashed, and its number and links are read from its end, where any reader of JSON finds them. --quick
leaves out the links, which nobody but the log's own signer could get wrong; all that others could change is checked.
--forms also checks every byte of every entry against the canonical form, which takes about three times as long.

Exit 0: every entry is the one that was signed, in its place, and nothing about any subject was left out.
Exit 5: something is wrong; the first line names the first bad entry. Exit 2: the call itself was wrong.
"""

import argparse
import gc
import hmac
import json
import os
import re
import sys
from array import array
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FULL = 256
BATCH = 64
"""Tiles that one process checks at least before it answers."""
MOST = 1000
"""Faults remembered; nobody reads on after them."""
ED25519, ML_DSA = 1, 6
LISTED = ("README", "checkpoint", "keys/log.vkey", "policy", "schema/leaf.json", "verify.py")
"""Files that every export has beside its tiles."""
MAY_BE = ("keys", "witness", "anchors", "schema", "pruned.jsonl", "openings.jsonl")
"""What else `SHA256SUMS` must cover when it is there; other files in the folder are yours."""
REWRITTEN = "entries and tiles agree with each other, but not with the signed root: the log was rewritten"
NO_LEAF = "its bytes are not a leaf in canonical form"
HEADS = b'"action":"audit.subject_heads"'
LOG = b'"audit:log"'
ACCEPTED = "lineage.event_accepted"
UNPINNED = "no entry pins its end yet, so later ones could be left out"
NAMES, END = b',"subjects":[', b'],"v":1},"seq":'
NONE = (-1, -1)
ONE_LINK, LAST = b'{"id":%b,"subj_prev":%d,"subj_seq":%d}', b'%d,"subjects":[%b],"v":1}'
ONE = END + LAST.replace(b"%b", ONE_LINK)
TWO = END + LAST.replace(b"%b", ONE_LINK + b"," + ONE_LINK)
NUMBER = END + b'%d,"subjects":['
SIGNED = "signature, the bytes of every entry, hashes, tree, numbers, sums"
CHECKED = {
    "quick": f"{SIGNED}; not the links between entries about one subject (--quick)",
    "full": f"{SIGNED}, the links between entries about one subject",
    "forms": f"{SIGNED}, the links between entries about one subject, the form of every entry",
}
"""What is looked at, and how that is told."""


class Fault(NamedTuple):
    """Something wrong: the entry it concerns (-1: a file beside the log), and what it is."""

    entry: int
    what: str

    def __str__(self) -> str:
        """The line to show."""
        return f"BAD entry {self.entry}: {self.what}" if self.entry >= 0 else f"BAD file {self.what}"


class Key(NamedTuple):
    """A verifier key: the name it signs under, its four-byte id, its kind, its public bytes."""

    name: str
    id: bytes
    kind: int
    public: bytes


class Known(NamedTuple):
    """A state of the log that is known from elsewhere, where from, and the export it is of, if there is one."""

    size: int
    root: bytes
    source: str
    folder: Path | None = None


class Pruned(NamedTuple):
    """Entries whose bodies were deleted, `first` to `last`, and the entry that says so."""

    first: int
    last: int
    entry: int


@dataclass
class Report:
    """What was found: the signed state, every fault, those of the earliest entries first, and what else to know."""

    origin: str = ""
    size: int = 0
    root: bytes = b""
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    trail: list[int] = field(default_factory=list)
    pruned: int = 0
    checked: str = ""


class UnreadableError(ValueError):
    """A key or a known state given by hand is not one."""


def check(
    folder: Path, keys: str | Sequence[str], known: Iterable[Known] = (), subject: str = "", *, how: str = "full"
) -> Report:
    """Check everything in `folder` under `keys`; reads each file once, in memory that does not grow with the bodies."""
    given, report = [keys] if isinstance(keys, str) else list(keys), Report(checked=CHECKED[how])
    pinned = [read_key(each) for each in given]
    signers, handed = follow_changes(folder, pinned)
    try:
        note = (folder / "checkpoint").read_bytes().decode()
        report.origin, report.size, report.root = read_checkpoint(note, signers)
    except (OSError, ValueError) as error:
        report.faults = [Fault(0, f"the checkpoint vouches for nothing: {error}")]
        return report
    walk = Walk(folder, report.size, how)
    root = walk.run()
    faults = (
        walk.faults + strays(folder, report.size) + [each for one in (*known, *handed) for each in walk.against(one)]
    )
    if root != report.root and not faults:
        faults = [Fault(0, REWRITTEN)]
    report.faults = sorted(set(faults)) + beside(folder, [*given, *map(vkey_of, signers)])
    report.pruned, report.notes = len(walk.empty), walk.notes
    report.notes += [
        f"followed {each.source}; pin this key from now on: {vkey_of(signers[-1])}" for each in handed[-1:]
    ]
    if not report.faults:
        report.faults = openings(walk)
    if subject and not report.faults:
        report.trail = walk.trail(subject)
        report.notes.append(f"{len(report.trail)} entries about {subject}, none left out")
    return report


def check_entry(proof: Path, entry: Path, keys: str | Sequence[str]) -> Report:
    """Check that the bytes in `entry` stand in the log, by the tlog-proof in `proof`."""
    report, pinned = Report(), [read_key(each) for each in ([keys] if isinstance(keys, str) else keys)]
    try:
        seq, report.origin, report.size, report.root, right = proven(
            proof.read_bytes().decode(), entry.read_bytes(), pinned
        )
        if not right:
            report.faults = [Fault(seq, "the proof does not lead from these bytes to the signed root")]
    except (OSError, ValueError) as error:
        report.faults = [Fault(-1, f"{proof.name}: {error}")]
    return report


def proven(text: str, data: bytes, pinned: Sequence[Key], pruned: str = "") -> tuple[int, str, int, bytes, bool]:
    """The number, log, size and root of a tlog-proof, and whether it leads from these bytes to that root.

    Of pruned bytes there is the hash alone.
    """
    head, _, note = text.partition("\n\n")
    origin, size, root = read_checkpoint(note, pinned)
    kind, index, *lines = [each for each in head.split("\n") if not each.startswith("extra ")]
    seq = int(index.removeprefix("index "))
    leaf = bytes.fromhex(pruned) if pruned and not data else sha256(b"\x00" + data).digest()
    leads = climb(leaf, seq, size, [b64decode(each, validate=True) for each in lines])
    right = kind == "c2sp.org/tlog-proof@v1" and index == f"index {seq}" and leads == root
    return seq, origin, size, root, right


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


def read_key(vkey: str) -> Key:
    """The parts of `name+id+key`, of an Ed25519 or an ML-DSA-44 key."""
    try:
        name, key_id, encoded = vkey.strip().split("+", 2)
        raw = b64decode(encoded, validate=True)
    except ValueError as error:
        raise UnreadableError("the key must be name+id+key") from error
    expected_id = sha256(name.encode() + b"\n" + raw).digest()[:4]
    if raw[:1] + len(raw).to_bytes(2) not in (b"\x01\x00\x21", b"\x06\x05\x21") or expected_id.hex() != key_id:
        raise UnreadableError("the key's id does not belong to it, or it is neither an Ed25519 nor an ML-DSA-44 key")
    return Key(name, expected_id, raw[0], raw[1:])


def vkey_of(key: Key) -> str:
    """The one line that a key is given as."""
    return f"{key.name}+{key.id.hex()}+{b64encode(bytes([key.kind]) + key.public).decode()}"


def follow_changes(folder: Path, keys: list[Key]) -> tuple[list[Key], list[Known]]:
    """The keys that those given handed the log over to, each change proved under them, and the states at that."""
    states = list[Known]()
    for path in sorted((folder / "keys").glob("rotation-*.tlog-proof"), key=lambda each: (len(each.name), each.name)):
        with suppress(OSError, ValueError, KeyError, TypeError):
            data = path.with_suffix(".json").read_bytes()
            seq, _, size, root, right = proven(path.read_bytes().decode(), data, keys)
            said = json.loads(data)["entry"]
            old, new = ([read_key(each) for each in said["about"][which]] for which in ("before", "keys"))
            if right and said["action"] == "audit.key_rotated" and set(old) & set(keys):
                kinds = {key.kind for key in keys}
                keys = [key for key in keys if key not in [*old, *new]] + [
                    key for key in new[::-1] if key.kind in kinds
                ]
                states.append(Known(size, root, f"the change of keys in entry {seq}"))
    return keys, states


def read_checkpoint(note: str, keys: Sequence[Key]) -> tuple[str, int, bytes]:
    """The origin, size and root that the keys signed; `ValueError` says why they did not.

    One of the Ed25519 keys must have signed, and the ML-DSA-44 key if one is given.
    """
    body, gap, signatures = note.partition("\n\n")
    lines = body.split("\n")
    if not gap or len(lines) != 3 or not lines[1].isascii() or not lines[1].isdigit() or lines[1].startswith("0"):
        raise ValueError("it is not a checkpoint")
    if lines[0] not in [key.name for key in keys]:
        raise ValueError(f"it is of the log {lines[0]!r}, the key is of {keys[0].name!r}")
    root = b64decode(lines[2], validate=True)
    if len(root) != 32 or b64encode(root).decode() != lines[2]:
        raise ValueError("its root cannot be read")
    if not signatures.endswith("\n"):
        raise ValueError("it ends in the middle of a line")
    state = lines[0], int(lines[1]), root
    kinds = {key.kind for key in keys if signed(state, signatures, key)}
    if kinds != {key.kind for key in keys}:
        raise ValueError("it is not signed with the given key")
    return state


def signed(state: tuple[str, int, bytes], signatures: str, key: Key) -> bool:
    """Whether one of the signature lines is of the key; `ValueError` when that one is wrong."""
    found = False
    for line in signatures.splitlines():
        signer, _, encoded = line.removeprefix("\u2014 ").partition(" ")
        raw = b64decode(encoded, validate=True)
        if b64encode(raw).decode() != encoded or not line.startswith("\u2014 "):
            raise ValueError("a signature line cannot be read")
        if signer == key.name == state[0] and raw[:4] == key.id:
            try:
                verify_signature(state, raw[4:], key)
            except InvalidSignature:
                raise ValueError("its signature is wrong") from None
            found = True
    return found


def verify_signature(state: tuple[str, int, bytes], raw: bytes, key: Key) -> None:
    """Raise `InvalidSignature` unless `raw` is the key's signature of the state, in the form of c2sp.org."""
    origin, size, root = state
    if key.kind == ED25519:
        body = f"{origin}\n{size}\n{b64encode(root).decode()}\n".encode()
        Ed25519PublicKey.from_public_bytes(key.public).verify(raw, body)
        return
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey  # noqa: PLC0415 - newer than Ed25519

    name, log, time = key.name.encode(), origin.encode(), raw[:8]
    whole = bytes(8) + size.to_bytes(8) + root
    message = b"subtree/v1\n\0%c%b%b%c%b%b" % (len(name), name, time, len(log), log, whole)
    MLDSA44PublicKey.from_public_bytes(key.public).verify(raw[8:], message)


# Leaves. Most match one expression, which is quicker than to parse them; the others are parsed and written again.

_TEXT = rb'"[ !#-\[\]-~]*+"'
_ONE = rb"(?:%b|0|-?[1-9][0-9]{0,14}|null|true|false)" % _TEXT
_VALUE = rb"(?:%b|\[(?:%b(?:,%b)*+)?\])" % (_ONE, _ONE, _ONE)
_FLAT = rb'\{(?:"[a-z0-9_]+":%b(?:,"[a-z0-9_]+":%b)*+)?\}' % (_VALUE, _VALUE)
_MAYBE = rb"(?:null|%b)" % _TEXT
_LINK = rb'\{"id":(%b),"subj_prev":(null|0|[1-9][0-9]{0,14}),"subj_seq":(0|[1-9][0-9]{0,14})\}' % _TEXT
_PLAIN_LINK = re.sub(rb"\((?!\?)", b"(?:", _LINK)
_LEAF = re.compile(
    rb'\{"entry":\{"about":(%b),"action":%b,' % (_FLAT, _TEXT)
    + rb'"actor":\{"id":%b,"kind":%b,"on_behalf_of":%b,"token":%b,"via":%b\},' % (_TEXT, _TEXT, _MAYBE, _MAYBE, _TEXT)
    + rb'"at":%b,"id":%b,"outcome":%b,"private":(%b),"scope":%b,' % (_TEXT, _TEXT, _TEXT, _FLAT, _MAYBE)
    + rb'"subjects":\[((?:%b(?:,%b)*+)?)\],"v":1\},"seq":(0|[1-9][0-9]{0,14}),' % (_TEXT, _TEXT)
    + rb'"subjects":\[((?:%b(?:,%b)*+)?)\],"v":1\}' % (_PLAIN_LINK, _PLAIN_LINK)
)
_TAIL = re.compile(rb'(0|[1-9][0-9]{0,14}),"subjects":\[((?:%b(?:,%b)*+)?)\],"v":1\}' % (_PLAIN_LINK, _PLAIN_LINK))
_NAME = re.compile(rb'"[a-z0-9_]++:[ -!#-+\--\[\]-~]++"')
_LINKS, _KEYS = re.compile(_LINK), re.compile(rb'"([a-z0-9_]++)":')


class Leaf(NamedTuple):
    """What the checks need of a leaf: its number, and its links as (id, previous, number), in bytes."""

    seq: int
    links: list[tuple[bytes, bytes, bytes]]


def parse_leaf(data: bytes) -> Leaf:
    """Read any leaf; `ValueError` says what is wrong with its form."""
    try:
        leaf = _READ(data.decode())
        entry, links = leaf["entry"], leaf["subjects"]
        if canonical(leaf) != data or set(leaf) != {"v", "seq", "subjects", "entry"} or leaf["v"] != 1:
            raise ValueError(NO_LEAF)
        named = [each["id"] for each in links] == entry["subjects"]
        found = [(canonical(x["id"]), canonical(x["subj_prev"]), canonical(x["subj_seq"])) for x in links]
        right = all(type(x["subj_prev"]) in {int, type(None)} and type(x["subj_seq"]) is int for x in links)
        if type(leaf["seq"]) is not int or not right or not all(isinstance(each["id"], str) for each in links):
            raise ValueError(NO_LEAF)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError(NO_LEAF) from None
    if not named:
        raise ValueError("its links are not those of its subjects")
    return Leaf(leaf["seq"], found)


def plain(*leaves: bytes) -> bool:
    """Whether, if these are JSON at all, an ending of the usual form holds the only `subjects` of each.

    Without a backslash a key has one spelling, and a quote begins or ends a string. What follows the last `NAMES` can
    then be nothing but the end of the object within the outermost one, and that of the outermost one. Of many leaves:
    none is without two `subjects`, or it is found to be no leaf; so none has more.
    """
    whole, there = b"".join(leaves), sum(map(bool, leaves))
    if whole.count(b'"subjects"') != 2 * there or b"\\" in whole:
        return False
    return all(each.startswith(b'{"entry":{') for each in leaves if each)


def ending(data: bytes) -> Leaf:
    """Number and links of a leaf by its end, where that has the usual form; else all of it is read."""
    end = data.rfind(END)
    match = _TAIL.fullmatch(data, end + len(END)) if end >= 0 and plain(data) else None
    if match is None:
        return parse_leaf(data)
    links = _LINKS.findall(match[2])
    if b",".join([each[0] for each in links]) != data[data.rfind(NAMES, 0, end) + len(NAMES) : end]:
        return parse_leaf(data)
    return Leaf(int(match[1]), links)


def quick_leaf(data: bytes, orders: dict[tuple[bytes, ...], bool]) -> Leaf:
    """The same as `parse_leaf`, by the expression where it fits; `orders` remembers which keys are in order."""
    match = _LEAF.fullmatch(data)
    if match is None:
        return parse_leaf(data)
    about, private, names, seq, links = match.groups()
    for each in (about, private):
        keys = tuple(_KEYS.findall(each))
        right = orders.get(keys)
        if right is None:
            right = orders[keys] = all(a < b for a, b in pairwise(keys))
        if not right:
            return parse_leaf(data)
    found = _LINKS.findall(links)
    if (found[0][0] if len(found) == 1 else b",".join([each[0] for each in found])) != names:
        return parse_leaf(data)
    return Leaf(int(seq), found)


@dataclass
class Part:
    """What one process found in some tiles: their roots, and what joins them to the tiles around."""

    roots: list[bytes] = field(default_factory=list)
    tail: list[bytes] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    firsts: dict[bytes, tuple[int, int, int]] = field(default_factory=dict)
    heads: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    empty: list[int] = field(default_factory=list)
    jumps: list[tuple[int, int, bytes]] = field(default_factory=list)
    pinned: int = -1

    def __getstate__(self) -> dict[str, Any]:
        """What goes to the process that joins: the links as one text and one array, which is quick to send."""
        ends = [number for name, first in self.firsts.items() for number in (*first, *self.heads[name])]
        packed = {"firsts": b"\n".join(self.firsts), "heads": array("q", ends)}
        return self.__dict__ | packed

    def links(self) -> Iterator[tuple[bytes, int, int, int, int, int]]:
        """Each subject, with number, previous (-1: none) and place of its first link, number and place of its last."""
        if isinstance(self.firsts, dict):
            return ((name, *first, *self.heads[name]) for name, first in self.firsts.items())
        numbers = iter(self.heads)
        return zip(self.firsts.split(b"\n"), numbers, numbers, numbers, numbers, numbers, strict=False)


class Tiles:
    """One stretch of entry tiles and their hash tiles, checked in one go."""

    def __init__(self, folder: Path, size: int, pruned: Sequence[Pruned] = (), how: str = "full") -> None:
        self.folder, self.size, self.pruned, self.how = folder, size, pruned, how
        self.orders: dict[tuple[bytes, ...], bool] = {}

    def check(self, numbers: range) -> Part:
        """Check these tiles."""
        part = Part()
        for number in numbers:
            width = min(FULL, self.size - number * FULL)
            leaves = self.read(part, number, width)
            hashes = self.compare(part, number, leaves, width)
            (self.numbers if self.how == "quick" else self.links)(part, number * FULL, leaves)
            if width == FULL:
                part.roots.append(top(hashes))
            else:
                part.tail = hashes
        return part

    def read(self, part: Part, number: int, width: int) -> list[bytes]:
        """The entries of one tile; a fault, and fewer of them, when the file is missing, cut or too long."""
        path, first, found, at = tile_path("entries", number, width), number * FULL, list[bytes](), 0
        try:
            data = (self.folder / path).read_bytes()
        except OSError:
            note(part.faults, first, f"{path} is missing or cannot be read")
            return []
        with suppress(IndexError):
            for _ in range(width):
                end = at + 2 + (data[at] << 8 | data[at + 1])
                found.append(data[at + 2 : end])
                at = end
        whole = len(data)
        if at > whole:
            found.pop()
        if len(found) < width:
            note(part.faults, first + len(found), f"{path} ends before it")
        elif at != whole:
            note(part.faults, first + width - 1, f"{path} goes on after it")
        return found

    def compare(self, part: Part, number: int, leaves: list[bytes], width: int) -> list[bytes]:
        """The hashes of the entries, those of pruned ones from the tile; notes where entries and tile differ."""
        digest, path = sha256, tile_path("0", number, width)
        hashes = [digest(b"\x00" + each).digest() for each in leaves]
        try:
            stored, there_is = (self.folder / path).read_bytes(), True
        except OSError:
            stored, there_is = b"", False
            note(part.faults, number * FULL, f"{path} is missing or cannot be read")
        if len(leaves) == width and b"".join(hashes) == stored:
            return hashes
        for place in range(width):
            there = stored[place * 32 : place * 32 + 32]
            if place < len(leaves) and not leaves[place] and len(there) == 32:
                hashes[place] = there
            elif place >= len(leaves):
                hashes.append(there.ljust(32, b"\0"))
            elif there_is and hashes[place] != there:
                note(part.faults, number * FULL + place, f"is not the one {path} was made from")
        if there_is and len(stored) != width * 32:
            note(part.faults, number * FULL + width - 1, f"{path} has the wrong length")
        return hashes

    def numbers(self, part: Part, first: int, leaves: list[bytes]) -> None:
        """Check the number of each leaf, and nothing else of what it says."""
        for seq, data in enumerate(leaves, first):
            if data.rfind(NUMBER % seq) < 0:
                self.leaf(part, seq, data)

    def links(self, part: Part, first: int, leaves: list[bytes]) -> None:
        """Check number and links of each leaf, by comparing its end with what that must be if all goes on."""
        heads, usual = part.heads, self.how == "full" and plain(*leaves)
        get = heads.get
        for seq, data in enumerate(leaves, first):
            end = data.rfind(END)
            names = data[data.rfind(NAMES, 0, end) + len(NAMES) : end]
            have = get(names)
            if have is not None and usual:
                number, previous = have
                number += 1
                if data.endswith(ONE % (seq, names, previous, number)):
                    heads[names] = number, seq
                    if names == LOG and HEADS in data:
                        part.pinned = seq
                    continue
            if not usual or not (both_go_on(heads, seq, data, names) or goes_on(part, seq, data, names)):
                self.leaf(part, seq, data)

    def leaf(self, part: Part, seq: int, data: bytes) -> None:
        """Check any leaf."""
        if not data:
            self.gone(part, seq)
            return
        try:
            leaf = quick_leaf(data, self.orders) if self.how == "forms" else ending(data)
        except ValueError as error:
            note(part.faults, seq, str(error))
            return
        if leaf.seq == seq:
            if self.how != "quick":
                link(part, leaf)
            if leaf.links and leaf.links[0][0] == LOG and HEADS in data:
                part.pinned = seq
        else:
            note(part.faults, seq, f"it says it is entry {leaf.seq}")

    def gone(self, part: Part, seq: int) -> None:
        """An entry without its bytes: right where an entry about pruning names it."""
        place = bisect_right(self.pruned, (seq, 1 << 62, 0)) - 1
        if place >= 0 and self.pruned[place].first <= seq <= self.pruned[place].last:
            part.empty.append(seq)
        else:
            note(part.faults, seq, "its bytes are not there, and pruned.jsonl does not name it")


def both_go_on(heads: dict[bytes, tuple[int, int]], seq: int, data: bytes, names: bytes) -> bool:
    """The same as `goes_on` for two subjects that were there before, which is quick."""
    one, _, two = names.partition(b",")
    have, other = heads.get(one), heads.get(two)
    if have is None or other is None or LOG in {one, two}:
        return False
    number, again = have[0] + 1, other[0] + 1
    if not data.endswith(TWO % (seq, one, have[1], number, two, other[1], again)):
        return False
    heads[one], heads[two] = (number, seq), (again, seq)
    return True


def goes_on(part: Part, seq: int, data: bytes, names: bytes) -> bool:
    """Whether a leaf ends as it must when each subject goes on, or begins; only then its links are remembered."""
    heads, expected_links, moved = part.heads, [], {}
    for name in names.split(b","):
        have = heads.get(name)
        if have is not None:
            expected_links.append(ONE_LINK % (name, have[1], have[0] + 1))
            moved[name] = (have[0] + 1, seq)
        elif _NAME.fullmatch(name):
            expected_links.append(b'{"id":%b,"subj_prev":null,"subj_seq":0}' % name)
            moved[name] = (0, seq)
        else:
            return False
    if not data.endswith(END + LAST % (seq, b",".join(expected_links))):
        return False
    for name in moved:
        if name not in heads:
            part.firsts[name] = (0, -1, seq)
    heads.update(moved)
    if LOG in moved and HEADS in data:
        part.pinned = seq
    return True


def link(part: Part, leaf: Leaf) -> None:
    """Check each link of a leaf against the one before it about the same subject."""
    heads, seq = part.heads, leaf.seq
    for name, before, count in leaf.links:
        number, previous = int(count), -1 if before == b"null" else int(before)
        have = heads.get(name)
        heads[name] = (number, seq)
        if have is None:
            part.firsts[name] = (number, previous, seq)
        elif have != (number - 1, previous):
            follow(part, name, have, (number, previous, seq))


def follow(part: Part, name: bytes, have: tuple[int, int], link: tuple[int, int, int]) -> None:
    """Whether a link that does not continue the one before could continue a pruned one; remembered, or a fault."""
    (number, previous, seq), (last, at) = link, have
    if at < previous < seq and number > last + 1:
        part.jumps.append((seq, previous, name))
    else:
        note(part.faults, seq, broken(name))


def broken(name: bytes) -> str:
    """The words for a gap in the links of a subject."""
    what = json.loads(name)
    return f"its link for {what} does not continue the one before: something was left out"


def note(faults: list[Fault], entry: int, what: str) -> None:
    """Remember a fault; after the first thousand nobody reads on."""
    if len(faults) < MOST:
        faults.append(Fault(entry, what))


_tiles: list[Tiles] = []


def start(folder: Path, size: int, pruned: Sequence[Pruned], how: str) -> None:
    """Ready a process for tiles, in which nothing forms a circle that would have to be looked for."""
    gc.disable()
    _tiles[:] = [Tiles(folder, size, pruned, how)]


def one_part(numbers: range) -> Part:
    """Check some tiles in this process."""
    return _tiles[0].check(numbers)


class Walk:
    """All tiles in order, joined: the links across them, the levels above, and the root."""

    def __init__(self, folder: Path, size: int, how: str = "full") -> None:
        self.folder, self.size, self.how = folder, size, how
        self.faults: list[Fault] = []
        self.notes: list[str] = []
        self.heads: dict[bytes, tuple[int, int]] = {}
        self.roots: list[bytes] = []
        self.tail: list[bytes] = []
        self.empty: set[int] = set()
        self.jumps: list[tuple[int, int, bytes]] = []
        self.pinned = -1
        self.pruned = self.listed()

    def run(self) -> bytes:
        """The root over all entries; faults are collected."""
        for part in self.parts():
            self.join(part)
        for seq, previous, name in self.jumps:
            if previous not in self.empty:
                note(self.faults, seq, broken(name))
        self.policies()
        self.upper()
        if self.pinned >= 0 and not self.faults:
            self.check_heads()
        return self.root_at(self.size)

    def parts(self) -> Iterator[Part]:
        """What each stretch of tiles comes to, in order; in as many processes as there are processors."""
        given, count = (self.folder, self.size, self.pruned, self.how), -(-self.size // FULL)
        batch = max(BATCH, -(-count // (2 * (os.cpu_count() or 1))))
        stretches = [range(at, min(at + batch, count)) for at in range(0, count, batch)]
        workers = min(os.cpu_count() or 1, len(stretches))
        if workers < 2:
            tiles = Tiles(self.folder, self.size, self.pruned, self.how)
            yield from map(tiles.check, stretches)
            return
        with ProcessPoolExecutor(workers, initializer=start, initargs=given) as pool:
            yield from pool.map(one_part, stretches)

    def join(self, part: Part) -> None:
        """Add a stretch to those before it."""
        heads = self.heads
        for name, number, previous, seq, last, at in part.links():
            have = heads.get(name, NONE)
            if have != (number - 1, previous):
                follow(part, name, have, (number, previous, seq))
            heads[name] = (last, at)
        self.roots += part.roots
        self.tail = part.tail
        self.empty.update(part.empty)
        self.jumps += part.jumps
        self.pinned = max(self.pinned, part.pinned)
        self.faults += sorted(part.faults)[: MOST - len(self.faults)]

    def listed(self) -> list[Pruned]:
        """What `pruned.jsonl` names; a fault when it cannot be read."""
        try:
            lines = (self.folder / "pruned.jsonl").read_bytes().splitlines()
            said = [json.loads(each) for each in lines]
            found = sorted(Pruned(int(each["first"]), int(each["last"]), int(each["entry"])) for each in said)
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.faults.append(Fault(-1, f"pruned.jsonl: it cannot be read: {error!r:.100}"))
            return []
        return found

    def policies(self) -> None:
        """The entries that pruning was done under stand in the log, have their bodies, and cover what is gone."""
        counts: dict[str, int] = {}
        ranges = {each.entry: dict[tuple[int, int], str]() for each in self.pruned}
        for entry in ranges:
            with suppress(OSError, ValueError, KeyError, TypeError):
                said = json.loads(self.body(entry))["entry"]
                if said["action"] == "retention.pruned" and said["outcome"] == "success":
                    ranges[entry] = {tuple(each): str(said["about"]["policy"]) for each in said["about"]["ranges"]}
        for seq in sorted(self.empty):
            named = self.pruned[bisect_right(self.pruned, (seq, 1 << 62, 0)) - 1]
            policy = ranges[named.entry].get((named.first, named.last))
            if policy is None or named.entry <= named.last:
                note(self.faults, seq, f"its bytes are gone, and entry {named.entry} does not say that it was pruned")
            else:
                counts[policy] = counts.get(policy, 0) + 1
        for policy, count in counts.items():
            self.notes.append(
                f"{count} bodies pruned under policy {policy}: what they said and were about is not known"
            )

    def body(self, seq: int) -> bytes:
        """The bytes of one entry."""
        number, place = divmod(seq, FULL)
        tiles = Tiles(self.folder, self.size)
        found = tiles.read(Part(), number, min(FULL, self.size - number * FULL))
        if not 0 <= seq < self.size or place >= len(found):
            raise ValueError("no such entry")
        return found[place]

    def upper(self) -> None:
        """Compare the tiles above the lowest level with what the tiles below them give."""
        level, hashes = 1, self.roots
        while hashes:
            above = []
            for number in range(-(-len(hashes) // FULL)):
                some = hashes[number * FULL : (number + 1) * FULL]
                self.compare(level, number, some)
                if len(some) == FULL:
                    above.append(top(some))
            level, hashes = level + 1, above

    def compare(self, level: int, number: int, hashes: list[bytes]) -> None:
        """Note the first places where a tile in the export differs from what the tiles below it give."""
        path, span = tile_path(str(level), number, len(hashes)), FULL**level
        try:
            data = (self.folder / path).read_bytes()
        except OSError:
            note(self.faults, number * FULL * span, f"{path} is missing or cannot be read")
            return
        for place, each in enumerate(hashes):
            entry = (number * FULL + place) * span
            explained = any(entry <= fault.entry < entry + span for fault in self.faults)
            if data[place * 32 : place * 32 + 32] != each and not explained:
                note(self.faults, entry, f"and the {span - 1} after it: {path} differs")
        if len(data) != len(hashes) * 32:
            note(self.faults, (number * FULL + len(hashes) - 1) * span, f"{path} has the wrong length")

    def root_at(self, size: int) -> bytes:
        """The root over the first `size` entries."""
        full, rest = divmod(size, FULL)
        parts = list(perfect(self.roots[:full]))
        if rest:
            parts += perfect(self.hashes(full)[:rest])
        return fold(parts)

    def hashes(self, number: int) -> list[bytes]:
        """The leaf hashes of one tile: compared with its entries before, so read from the export."""
        if number == len(self.roots):
            return self.tail
        data = (self.folder / tile_path("0", number, FULL)).read_bytes().ljust(32 * FULL, b"\0")
        return [data[at : at + 32] for at in range(0, 32 * FULL, 32)]

    def against(self, known: Known) -> list[Fault]:
        """Whether this log goes on from a state that is known; names the first entry that is not the same, or gone."""
        try:
            if known.size > self.size:
                first = self.first_other(known)
                what = f"it is missing: {known.source} had {known.size} entries"
                return [Fault(self.size if first is None else first, what)]
            if self.root_at(known.size) == known.root:
                return []
            first = self.first_other(known)
        except (OSError, IndexError) as error:
            return [Fault(0, f"{known.source} cannot be compared: {error}")]
        if first is None:
            return [Fault(0, f"it or one of the {known.size - 1} after it is not the one of {known.source}")]
        return [Fault(first, f"it is not the one of {known.source}: the log was rewritten from here")]

    def first_other(self, known: Known) -> int | None:
        """The first entry whose hash is another than in the export known; nothing without one, or when all agree."""
        if known.folder is None:
            return None
        common = min(self.size, known.size)
        for number in range(-(-common // FULL)):
            width = min(FULL, known.size - number * FULL)
            data = (known.folder / tile_path("0", number, width)).read_bytes()
            for place, mine in enumerate(self.hashes(number)[: common - number * FULL]):
                if data[place * 32 : place * 32 + 32] != mine and place < width:
                    return number * FULL + place
        return None

    def check_heads(self) -> None:
        """The newest published heads are those of the log at that size."""
        if self.empty:
            self.notes.append("subject heads were not compared: pruned bodies hide some of them")
            return
        try:
            about = json.loads(self.body(self.pinned))["entry"]["about"]
            size, root, count = int(about["size"]), str(about["root"]), int(about["count"])
            heads = self.heads_at(size)
        except (ValueError, KeyError, TypeError):
            self.faults.append(Fault(self.pinned, "the subject heads in it cannot be read"))
            return
        leaves = [head_hash(json.loads(name), *heads[name]) for name in sorted(heads, key=json.loads)]
        if len(leaves) != count or not leaves or fold(list(perfect(leaves))).hex() != root:
            self.faults.append(Fault(self.pinned, f"the subject heads in it are not those of the log at {size}"))

    def heads_at(self, size: int) -> dict[bytes, tuple[int, int]]:
        """The heads when the log had `size` entries: those of now, taken back link by link."""
        heads, tiles, seen = dict(self.heads), Tiles(self.folder, self.size), set[bytes]()
        if not 0 < size <= self.pinned:
            raise ValueError("no such size")
        for number in range(size // FULL, -(-self.size // FULL)):
            leaves = tiles.read(Part(), number, min(FULL, self.size - number * FULL))
            for data in leaves[max(0, size - number * FULL) :]:
                for name, before, count in ending(data).links:
                    if name in seen:
                        continue
                    seen.add(name)
                    if before == b"null":
                        del heads[name]
                    else:
                        heads[name] = (int(count) - 1, int(before))
        return heads

    def trail(self, subject: str) -> list[int]:
        """The numbers of all entries about a subject, followed from its last; stops where a body was pruned."""
        name = canonical(subject)
        at = self.heads[name][1] if name in self.heads else None
        found: list[int] = []
        while at is not None:
            if at in self.empty:
                self.notes.append(f"entry {at} about {subject}, and those about it before, were pruned")
                break
            found.append(at)
            before = next(prev for each, prev, _ in parse_leaf(self.body(at)).links if each == name)
            at = None if before == b"null" else int(before)
        return found[::-1]


def head_hash(subject: str, number: int, seq: int) -> bytes:
    """The leaf hash of one subject in the tree of subject heads."""
    return sha256(b"\x00" + canonical({"number": number, "seq": seq, "subject": subject})).digest()


def top(hashes: list[bytes]) -> bytes:
    """The root over a full tile."""
    digest = sha256
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [digest(b"\x01" + left + right).digest() for left, right in pairs]
    return hashes[0]


def perfect(hashes: Sequence[bytes]) -> Iterator[bytes]:
    """The roots of the perfect subtrees over these hashes, largest first."""
    at = 0
    while at < len(hashes):
        width = 1 << (len(hashes) - at).bit_length() - 1
        yield top(list(hashes[at : at + width]))
        at += width


def fold(parts: list[bytes]) -> bytes:
    """One root over perfect subtrees, joined from the right."""
    have = parts[-1]
    for each in reversed(parts[:-1]):
        have = sha256(b"\x01" + each + have).digest()
    return have


def refuse(text: str) -> None:
    """The log's profile has no floats."""
    raise ValueError(text)


_READ = json.JSONDecoder(parse_float=refuse, parse_constant=refuse).decode
_WRITE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical(value: object) -> bytes:
    """The one way to write a value of the log's profile."""
    return _WRITE(value).encode()


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
        below = os.path.relpath(place, folder).replace(os.sep, "/")
        found += [f"{below}/{each}" for each in names if f"{below}/{each}" not in known]
    return [Fault(size, f"{path} is beyond what was signed") for path in found]


def beside(folder: Path, keys: Sequence[str]) -> list[Fault]:
    """Faults of the files beside the log. They prove nothing, but they should be the ones that were exported."""
    faults = []
    try:
        lines = (folder / "SHA256SUMS").read_bytes().decode().split("\n")
        sums = {name: digest for digest, _, name in (each.partition("  ") for each in lines[:-1])}
    except (OSError, ValueError):
        return [Fault(-1, "SHA256SUMS: it is missing or cannot be read")]
    there = {path.relative_to(folder).as_posix() for each in MAY_BE for path in (folder / each).rglob("*")}
    there |= {each for each in MAY_BE if (folder / each).is_file()}
    files = {each for each in there if (folder / each).is_file()}
    if set(LISTED) | files != set(sums) or len(lines) != len(sums) + 1 or lines[-1]:
        faults.append(Fault(-1, "SHA256SUMS: it does not list what it should"))
    for name in sorted(set(LISTED) | set(sums)):
        try:
            good = sha256((folder / name).read_bytes()).hexdigest() == sums.get(name)
        except (OSError, ValueError):
            good = False
        if not good:
            faults.append(Fault(-1, f"{name}: it is not the one that was exported"))
    given = {each.strip() for each in keys}
    if not faults and (folder / "keys/log.vkey").read_text().strip() not in given:
        faults.append(Fault(-1, "keys/log.vkey: it is not the key you gave"))
    return faults


def openings(walk: Walk) -> list[Fault]:
    """Whether each personal value in `openings.jsonl` is the one that its entry commits to."""
    path, faults = walk.folder / "openings.jsonl", list[Fault]()
    if not path.is_file():
        return faults
    tile, leaves, tiles, count = -1, list[bytes](), Tiles(walk.folder, walk.size), 0
    with path.open("rb") as lines:
        for line in lines:
            try:
                said = json.loads(line)
                number, place = divmod(said["seq"], FULL)
                if number != tile:
                    tile, leaves = number, tiles.read(Part(), number, min(FULL, walk.size - number * FULL))
                held = json.loads(leaves[place])["entry"]["private"][said["field"]]
                made = hmac.digest(bytes.fromhex(said["salt"]), said["value"].encode(), "sha256").hex()
                if held != made:
                    note(faults, said["seq"], f"the value given for {said['field']!r} is not the one recorded")
                count += 1
            except (ValueError, KeyError, TypeError, IndexError, AttributeError):
                note(faults, -1, "openings.jsonl: a line in it cannot be read, or is of no entry")
    walk.notes.append(f"{count} personal values are the ones recorded")
    return faults


def check_trail(path: Path, subject: str, keys: Sequence[str]) -> Report:
    """Check that a trail holds every entry about a subject, up to the size at which the log pinned its end."""
    report = Report()
    try:
        data = json.loads(path.read_bytes())
        data = data if "results" in data else data["log"]
        Trail(data, subject, [read_key(each) for each in keys], report).check()
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, UnreadableError):
            raise
        report.faults.append(Fault(-1, f"{path.name}: {error}"))
    return report


class Trail:
    """The entries about one subject with their proofs, as the portal and its reports give them out."""

    def __init__(self, data: dict[str, Any], subject: str, keys: Sequence[Key], report: Report) -> None:
        self.data, self.subject, self.keys, self.report = data, subject, keys, report

    def check(self) -> None:
        """Every entry stands in the log and continues the one before; the pinned end is among them."""
        if self.data["subject"] != self.subject or self.data.get("next"):
            raise ValueError("it is not the whole trail of that subject")
        previous, gone = None, list[int]()
        for number, row in enumerate(self.data["results"]):
            seq, leaf = self.stands(row)
            if leaf is None:
                gone.append(seq)
                previous = seq
                self.report.trail.append(seq)
                continue
            link = [(prev, count) for name, prev, count in leaf.links if name == canonical(self.subject)]
            if link != [(canonical(previous), canonical(number))]:
                self.report.faults.append(Fault(seq, broken(canonical(self.subject))))
            self.report.trail.append(seq)
            previous = seq
        if gone:
            self.report.notes.append(f"of these there is only the hash, as of pruned ones: {gone}")
        self.pinned()

    def stands(self, row: dict[str, Any]) -> tuple[int, Leaf | None]:
        """The number and leaf of one entry, once its proof leads to the signed root; no leaf when it was pruned."""
        data = row["leaf"].encode()
        seq, origin, size, root, right = proven(row["proof"], data, self.keys, row.get("hash", ""))
        here = self.report
        if here.size and (here.origin, here.size, here.root) != (origin, size, root):
            raise ValueError("its proofs are not all under one checkpoint")
        here.origin, here.size, here.root = origin, size, root
        leaf = parse_leaf(data) if data else None
        if not right or (leaf and leaf.seq != seq):
            here.faults.append(Fault(seq, "the proof does not lead from these bytes to the signed root"))
        return seq, leaf

    def pinned(self) -> None:
        """The log's own entry about the ends of all subjects has this subject's end where the trail has it."""
        head, trail, faults = self.data["head"], self.report.trail, self.report.faults
        if not head:
            faults.append(Fault(-1, f"{self.subject}: {UNPINNED}"))
            return
        seq, _ = self.stands(head)
        about = json.loads(head["leaf"])["entry"]["about"]
        before = [each for each in trail if each < about["size"]]
        if HEADS not in head["leaf"].encode() or not before:
            faults.append(Fault(seq, "it does not pin the ends of subjects, or not yet that of this one"))
            return
        mine, path = head_hash(self.subject, len(before) - 1, before[-1]), [b64decode(each) for each in head["path"]]
        if (climb(mine, head["index"], about["count"], path) or b"").hex() != about["root"]:
            faults.append(Fault(before[-1], f"entry {seq} pins another end of {self.subject}: something was left out"))
        self.report.notes.append(
            f"{len(before)} entries about {self.subject} up to size {about['size']}, none left out"
        )
        if len(trail) > len(before):
            self.report.notes.append(f"{len(trail) - len(before)} newer ones, whose end is not pinned yet")


def check_pack(folder: Path, keys: Sequence[str]) -> Report:
    """Check that a pack's files are those of its manifest, and that the log has its entries and its raw events.

    What is only not shown yet is told, and no fault.
    """
    report, faults = Report(), list[Fault]()
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        files, subject = manifest["files"], manifest["subject"]
        good = [name for name in sorted(files) if same(folder / name, files[name]["sha256"])]
        faults = [Fault(-1, f"{name}: it is not the one that was packed") for name in sorted(set(files) - set(good))]
        report = check_trail(folder / "log/trail.json", subject, keys)
        report.notes += [f"NOT SHOWN: {each.what}" for each in report.faults if each.what.endswith(UNPINNED)]
        report.faults = [each for each in report.faults if not each.what.endswith(UNPINNED)]
        report.notes.append(f"{len(good)} files are those of the manifest")
        accepted(folder, keys, report)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, UnreadableError):
            raise
        faults.append(Fault(-1, f"the pack cannot be read: {error}"))
    report.faults = [*faults, *report.faults]
    return report


def same(path: Path, digest: str) -> bool:
    """Whether a file is there with these bytes."""
    return path.is_file() and sha256(path.read_bytes()).hexdigest() == digest


def accepted(folder: Path, keys: Sequence[str], report: Report) -> None:
    """Each raw event in a pack is one that an entry of the same log says was accepted."""
    trail, known = Trail({}, "", [read_key(each) for each in keys], report), set[str]()
    for row in json.loads((folder / "log/events.json").read_bytes())["results"]:
        if trail.stands(row)[1] and (entry := json.loads(row["leaf"])["entry"])["action"] == ACCEPTED:
            known.add(entry["about"]["digest"])
    lines = (folder / "lineage.ndjson").read_bytes().split(b"\n")[:-1]
    found = sum(f"sha256:{sha256(each).hexdigest()}" in known for each in lines)
    report.notes.append(f"{found} raw events are the ones that the log recorded")
    if found < len(lines):
        report.notes.append(f"NOT SHOWN: that the log recorded {len(lines) - found} of the raw events by then")


def known_states(asked: argparse.Namespace, keys: Sequence[str]) -> list[Known]:
    """The states the caller knows: sizes with roots, checkpoints they kept, exports they kept; each must be signed."""
    pinned, found = [read_key(each) for each in keys], []
    for text in asked.seen:
        size, _, root = text.partition(":")
        try:
            raw = bytes.fromhex(root) if len(root) == 64 else b64decode(root, validate=True)
            found.append(Known(int(size), raw, f"what you saw at {int(size)}"))
        except ValueError as error:
            raise UnreadableError(f"--seen {text}: it must be SIZE:ROOT") from error
        if len(raw) != 32 or int(size) < 1:
            raise UnreadableError(f"--seen {text}: it must be SIZE:ROOT")
    for path, folder in [*((each, None) for each in asked.checkpoint), *((x / "checkpoint", x) for x in asked.after)]:
        try:
            _, size, root = read_checkpoint(path.read_bytes().decode(), pinned)
        except (OSError, ValueError) as error:
            raise UnreadableError(f"{path}: {error}") from error
        found.append(Known(size, root, str(folder or path), folder))
    return found


def arguments() -> argparse.ArgumentParser:
    """What may be asked on the command line."""
    parser = argparse.ArgumentParser(
        description="Check an export of an Attestry audit log, the trail of a subject, or the proof of one entry.",
        epilog=(__doc__ or "").partition("\n\n")[2], formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("what", metavar="DIR|FILE", type=Path, help="the unpacked export, a trail, or a .tlog-proof")
    parser.add_argument(
        "--key", metavar="VKEY", action="append", required=True,
        help="the log's verifier key, from a place you trust; again for each key it had before or has now",
    )  # fmt: skip
    parser.add_argument("--mldsa", metavar="VKEY", help="the log's ML-DSA-44 key, which must have signed as well")
    parser.add_argument("--entry", metavar="FILE", type=Path, help="with a proof: the entry's exact bytes")
    parser.add_argument("--subject", metavar="S", default="", help="list the entries about it, none left out")
    parser.add_argument("--seen", metavar="SIZE:ROOT", action="append", default=[], help="a state you noted down")
    parser.add_argument("--after", metavar="DIR", type=Path, action="append", default=[], help="an earlier export")
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a checkpoint you or a witness kept",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", dest="how", action="store_const", const="quick", help="not the links between entries")
    how.add_argument("--forms", dest="how", action="store_const", const="forms", help="every entry's form as well")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def main(given: list[str] | None = None) -> int:
    """Run from the command line."""
    asked = arguments().parse_args(given)
    if asked.how == "quick" and asked.subject:
        arguments().error("--quick does not read the links that --subject follows")
    keys = [*asked.key, *([asked.mldsa] if asked.mldsa else [])]
    try:
        if asked.entry:
            report = check_entry(asked.what, asked.entry, keys)
        elif (asked.what / "manifest.json").is_file():
            report = check_pack(asked.what, keys)
        elif asked.what.is_file():
            report = check_trail(asked.what, asked.subject, keys)
        else:
            report = check(asked.what, keys, known_states(asked, keys), asked.subject, how=asked.how or "full")
    except UnreadableError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    tell(report, asked)
    return 5 if report.faults else 0


def tell(report: Report, asked: argparse.Namespace) -> None:
    """Print what was found."""
    root = b64encode(report.root).decode()
    if asked.json:
        faults = [{"entry": each.entry, "what": each.what} for each in report.faults[:100]]
        answer = {"ok": not faults, "origin": report.origin, "size": report.size, "root": root, "faults": faults}
        more = {"checked": report.checked, "notes": report.notes, "pruned": report.pruned, "trail": report.trail}
        sys.stdout.write(json.dumps(answer | more) + "\n")
        return
    if report.faults:
        more_of_them = len(report.faults) - 1
        lines = [str(report.faults[0]), *([f"and {more_of_them} more"] if more_of_them else [])]
    elif asked.entry:
        lines = [f"OK: the entry stands in {report.origin}, size {report.size}, root {root}"]
    else:
        lines = [f"OK: {report.size} entries of {report.origin}, root {root}"]
        lines += [*([f"checked: {report.checked}"] if report.checked else []), *report.notes]
        lines += [f"entries: {' '.join(map(str, report.trail))}"] if asked.subject else []
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
