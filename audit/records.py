"""Writes inside somebody else's transaction, beside `log.append`."""

from datetime import datetime
from hashlib import sha256

from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from audit.checkpoint import Vkey
from audit.models import Anchor, Blob, Cosignature


def put_blob(data: bytes) -> str:
    """Keep `data` for good and return its digest, `sha256:<hex>`; the same bytes are kept once. Needs a transaction."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("a blob is kept inside the transaction that refers to it")
    digest = f"sha256:{sha256(data).hexdigest()}"
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
