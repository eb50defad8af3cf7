"""That nothing about a subject was left out: its whole trail with proofs, and the entry of the log that pins its end.

Once a day the log records a root over the ends of all subjects (`audit.subject_heads`): leaves are `{"number": N,
"seq": S, "subject": ...}` in canonical form, sorted by subject. An entry left out of a trail would change its end.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from django.db.models import Max

from audit import proof, selectors
from audit.actor import Actor, Forbidden
from audit.canonical import canonical
from audit.merkle import leaf_hash, node_hash, prove_inclusion, root_at
from audit.models import Checkpoint, Entry, Head, Leaf, Trail
from audit.refusals import NotSeen

HEADS = "audit.subject_heads"
MOST = 10_000
"""Entries of one trail that are given out at once."""


ASKED = 500
"""Subjects that one statement asks about."""


class Ends:
    """The tree over the ends of all subjects when the log had `size` entries."""

    def __init__(self, size: int) -> None:
        found = sorted(set(ends(size)))
        self.size, self.subjects = size, {subject: index for index, (subject, _, _) in enumerate(found)}
        self._rows = [[leaf_hash(canonical({"number": n, "seq": seq, "subject": name})) for name, n, seq in found]]
        while len(below := self._rows[-1]) > 1:
            self._rows.append([node_hash(*pair) for pair in zip(below[::2], below[1::2], strict=False)])

    def root(self) -> bytes:
        """The root over them."""
        return root_at(self._node, len(self.subjects))

    def path(self, subject: str) -> list[bytes]:
        """The hashes that lead from the end of one subject to the root."""
        return prove_inclusion(self._node, self.subjects[subject], len(self.subjects))

    def _node(self, level: int, index: int) -> bytes:
        return self._rows[level][index]


def ends(size: int) -> Iterator[tuple[str, int, int]]:
    """Each subject, and number and `seq` of its last entry, when the log had `size` entries."""
    yield from Head.objects.filter(seq__lt=size).values_list("subject", "number", "seq").iterator()
    moved = Head.objects.filter(seq__gte=size).values("subject")
    before = Trail.objects.filter(subject__in=moved, seq__lt=size).values("subject").order_by()
    yield from before.annotate(last=Max("number"), at=Max("seq")).values_list("subject", "last", "at").iterator()


@lru_cache(maxsize=1)
def ends_at(size: int, root: bytes) -> Ends:
    """The same, kept from one question to the next; `root`, the log's own at that size, tells one log from another."""
    del root
    return Ends(size)


def pinned(checkpoint: Checkpoint) -> tuple[Leaf, dict[str, Any]] | None:
    """The newest entry under `checkpoint` that pins the ends of subjects, and what it says; nothing before it."""
    rows = Leaf.objects.filter(entry__action=HEADS, seq__lt=checkpoint.size).order_by("-seq")
    leaf = rows.first()
    if leaf is None or not bytes(leaf.body):
        return None
    return leaf, json.loads(bytes(leaf.body))["entry"]["about"]


def due() -> int:
    """The size to pin the ends of subjects at; 0 when nothing but the last pinning came since."""
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        return 0
    last = Entry.objects.filter(action=HEADS).order_by("-pk").select_related("leaf").first()
    leaf = getattr(last, "leaf", None) if last else None
    waits = last is not None and leaf is None
    return 0 if waits or (leaf is not None and leaf.seq + 1 >= newest.size) else newest.size


def trail(actor: Actor, subject: str, checkpoint: Checkpoint, first: int = 0, most: int = MOST) -> dict[str, Any]:
    """The entries about `subject` under `checkpoint`, from its number `first` on, as the offline verifier reads them.

    Not seen unless `actor` may read one of them; refused unless they may read all, for a part would prove nothing.
    """
    links = Trail.objects.filter(subject=subject, seq__lt=checkpoint.size)
    seen = links.filter(entry_id__in=selectors.entries_for(actor).values("pk")).count()
    if not seen:
        raise NotSeen("not_seen", what="entry")
    if seen != links.count():
        raise Forbidden("access.not_allowed", action="audit")
    numbers = list(links.filter(number__gte=first).order_by("number").values_list("seq", flat=True)[: most + 1])
    leaves = {each.seq: each for each in Leaf.objects.filter(seq__in=numbers[:most])}
    return {
        "subject": subject,
        "results": _rows([leaves[seq] for seq in numbers[:most]], checkpoint),
        "next": str(first + most) if len(numbers) > most else None,
        "head": _head(subject, checkpoint),
    }


def proven(actor: Actor, subjects: Sequence[str], checkpoint: Checkpoint) -> list[dict[str, Any]]:
    """The entries about any of `subjects` under `checkpoint` that `actor` may read, by their numbers, with proofs.

    That none was left out is not shown; it is for what has one entry, such as an event that was accepted.
    """
    seen, found = selectors.entries_for(actor).values("pk"), list[Leaf]()
    for first in range(0, len(subjects), ASKED):
        links = Trail.objects.filter(subject__in=subjects[first : first + ASKED], seq__lt=checkpoint.size)
        found += Leaf.objects.filter(seq__in=links.filter(entry_id__in=seen).values("seq"))
    return _rows(sorted(set(found), key=lambda each: each.seq), checkpoint)


def _rows(leaves: list[Leaf], checkpoint: Checkpoint) -> list[dict[str, Any]]:
    """Each entry in its exact bytes, and its proof; of one whose bytes were pruned, the hash."""
    paths = selectors.of_tree(lambda nodes: [prove_inclusion(nodes, each.seq, checkpoint.size) for each in leaves])
    return [_row(leaf, path, checkpoint) for leaf, path in zip(leaves, paths, strict=True)]


def _row(leaf: Leaf, path: list[bytes], checkpoint: Checkpoint) -> dict[str, Any]:
    body = bytes(leaf.body)
    gone = {} if body else {"hash": bytes(leaf.hash).hex()}
    return {"leaf": body.decode(), "proof": proof.write(leaf.seq, path, checkpoint.note), **gone}


def _head(subject: str, checkpoint: Checkpoint) -> dict[str, Any] | None:
    """The entry that pins the end of `subject`, and the way to it; nothing when it is newer than all of those."""
    found = pinned(checkpoint)
    if found is None:
        return None
    leaf, about = found
    tree = ends_at(about["size"], selectors.root(about["size"]))
    if subject not in tree.subjects:
        return None
    path = [b64encode(each).decode() for each in tree.path(subject)]
    return _rows([leaf], checkpoint)[0] | {"index": tree.subjects[subject], "path": path}
