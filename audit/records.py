"""Writes inside somebody else's transaction, beside `log.append`."""

from datetime import datetime
from hashlib import sha256

from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from audit.checkpoint import Vkey
from audit.models import Anchor, Blob, Cosignature, Delivery


def blob_digest(data: bytes) -> str:
    """The digest that bytes are kept under."""
    return f"sha256:{sha256(data).hexdigest()}"


def put_blob(data: bytes) -> str:
    """Keep `data` for good and return its digest, `sha256:<hex>`; the same bytes are kept once. Needs a transaction."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("a blob is kept inside the transaction that refers to it")
    digest = blob_digest(data)
    if not Blob.objects.filter(pk=digest).exists():
        Blob.objects.bulk_create([Blob(digest=digest, size=len(data), data=data)], ignore_conflicts=True)
    return digest


def keep_cosignature(size: int, vkey: Vkey, line: str, signed_at: datetime, now: datetime) -> None:
    """Keep what a witness answered to the checkpoint at `size`; its first word stands."""
    with transaction.atomic():
        if not Cosignature.objects.filter(size=size, vkey=str(vkey)).exists():
            Cosignature.objects.create(
                size=size, witness=vkey.name, vkey=str(vkey), line=line, signed_at=signed_at, at=now
            )


def keep_anchor(size: int, authority: str, token: bytes, stamped_at: datetime, now: datetime) -> Anchor:
    """Keep the token of a time-stamp authority over the checkpoint at `size`; its first one stands."""
    with transaction.atomic():
        kept = Anchor.objects.filter(size=size, authority=authority).first()
        return kept or Anchor.objects.create(size=size, authority=authority, token=token, stamped_at=stamped_at, at=now)


def delivered(sink: str, first: int, end: int, at: datetime) -> bool:
    """Note that `sink` has every entry before `end`; false when somebody else moved it from `first` meanwhile."""
    rows = Delivery.objects.filter(pk=sink, position=first)
    return rows.update(position=end, sent_at=at, problem="", away_since=None) == 1


def undelivered(sink: str, problem: str, at: datetime) -> None:
    """Note why `sink` does not get its entries now, and since when it has not."""
    Delivery.objects.filter(pk=sink).update(problem=problem[:200])
    Delivery.objects.filter(pk=sink, away_since=None).update(away_since=at)


def open_delivery(sink: str) -> None:
    """Begin to deliver to `sink`, from the first entry of the log on; nothing when it was begun before."""
    Delivery.objects.bulk_create([Delivery(sink=sink)], ignore_conflicts=True)
