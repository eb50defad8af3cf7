"""Going over to new keys, so that whoever holds an old one can follow: the old keys sign that the new ones come.

    1. new keys lie beside the old ones (`audit-next.key`), and from then on every checkpoint carries both signatures;
    2. an entry names the new keys (`audit.key_rotated`), and a checkpoint over it is signed by the old and the new;
    3. the memory of what was signed changes to the new key, and the new files take the place of the old.

Killed anywhere in between, doing it again goes on from there. Step 3 happens nowhere else: a key that was exchanged
without an entry is refused by the sequencer, because the memory names the old one.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from audit import keys, log, proof, selectors, sequence, sidecar
from audit.actor import Actor, operator, system
from audit.checkpoint import Vkey, read_vkey, verify
from audit.leaf import LOG
from audit.models import Checkpoint, Entry, Leaf
from audit.refusals import Invalid, Refused, Unavailable

NAMED, ROTATED, FOLLOWS = "audit.keys_named", "audit.key_rotated", "audit.log_follows"


def follow(now: datetime) -> bool:
    """Let the first entry of a new log hold the last checkpoint of the log before it, as the settings name that one.

    Returns whether it was written: nothing is once there are entries. Refused, with nothing written, when the
    checkpoint cannot be read, when its log's verifier key did not sign it, and when it is of a log of our own name.
    """
    if not settings.AUDIT_AFTER or Entry.objects.exists():
        return False
    try:
        note = Path(settings.AUDIT_AFTER).read_text()
    except (OSError, ValueError) as error:
        raise Invalid("audit.bad_checkpoint", why="ATTESTRY_AUDIT_AFTER names no file with one") from error
    last = verify(note, read_vkey(settings.AUDIT_AFTER_KEY))
    if last.origin == keys.verifier().name:
        raise Invalid("audit.bad_checkpoint", why="it is of a log of the same name, so this one would not be another")
    about = {"before": last.origin, "size": last.size, "root": last.root.hex(), "checkpoint": note}
    with transaction.atomic():
        log.append(actor=system(), action=FOLLOWS, subjects=[LOG], at=now, about=about)
    return True


def announce(now: datetime) -> bool:
    """Name this log's keys in the log, when its entries do not name them yet; returns whether that was needed."""
    ours = [str(each) for each in keys.verifiers()]
    if ours in _named():
        return False
    with transaction.atomic():
        log.append(actor=system(), action=NAMED, subjects=[LOG], at=now, about={"keys": ours})
    return True


def rotate(now: datetime, actor: Actor | None = None) -> Vkey:
    """Go over to new keys within the same log; returns the new verifier key. Refused while the log cannot go on."""
    path = settings.AUDIT_KEY_FILE
    if not _switched(path):
        old, new = keys.verifiers(path), keys.prepare(path)
        if not _handed_over(old[0], new):
            _name(new, old, now, actor or operator())
            sequence.run_once(now)
        signed = sidecar.recall()
        if signed is None or not _handed_over(old[0], new):
            raise Unavailable("audit.rotation_waits")
        sidecar.remember(sidecar.Signed(signed.checkpoint, str(new[0])), signed)
    keys.take_over(path)
    return keys.verifier(path)


def changes(upto: int) -> Iterator[tuple[int, bytes, str]]:
    """Each change of keys below size `upto`: the entry and its bytes, and its proof that both keys signed."""
    for leaf in Leaf.objects.filter(entry__action=ROTATED, seq__lt=upto).order_by("seq"):
        over = Checkpoint.objects.filter(size__gt=leaf.seq).order_by("size").first()
        if over is not None:
            path = selectors.inclusion(leaf.seq, over.size)
            yield leaf.seq, bytes(leaf.body), proof.write(leaf.seq, path, over.note)


def files(upto: int) -> Iterator[tuple[str, bytes]]:
    """The same for an export, as path and bytes."""
    for seq, entry, text in changes(upto):
        yield f"keys/rotation-{seq}.json", entry
        yield f"keys/rotation-{seq}.tlog-proof", text.encode()


def history() -> list[Vkey]:
    """Every Ed25519 key that signed this log, oldest first, as the log itself names them; the last signs now."""
    found = []
    for entry in Entry.objects.filter(action=ROTATED).order_by("pk"):
        found.append(read_vkey(json.loads(bytes(entry.body))["about"]["before"][0]))
    return [*found, keys.verifier()]


def _named() -> list[list[str]]:
    entries = Entry.objects.filter(action__in=[NAMED, ROTATED]).order_by("-pk")
    return [json.loads(bytes(each.body))["about"]["keys"] for each in entries[:1]]


def _name(new: list[Vkey], old: list[Vkey], now: datetime, actor: Actor) -> None:
    about = {"keys": [str(each) for each in new], "before": [str(each) for each in old]}
    with transaction.atomic():
        log.append(actor=actor, action=ROTATED, subjects=[LOG], at=now, about=about)


def _handed_over(old: Vkey, new: list[Vkey]) -> bool:
    """Whether the newest checkpoint covers an entry that names the new keys, and old and new have signed it."""
    signed, newest = sidecar.recall(), Checkpoint.objects.order_by("-size").first()
    leaf = Leaf.objects.filter(entry__action=ROTATED).order_by("-seq").first()
    if signed is None or newest is None or leaf is None or signed.checkpoint.size != newest.size > leaf.seq:
        return False
    if [str(each) for each in new] not in _named():
        return False
    try:
        return all(verify(newest.note, each) == signed.checkpoint for each in (old, *new))
    except Refused:
        return False


def _switched(path: Path) -> bool:
    """Whether the memory names the new key already, and only the files have not followed."""
    signed, following = sidecar.recall(), keys.coming(path)
    return signed is not None and keys.vkey_path(following).exists() and signed.vkey == str(keys.verifier(following))
