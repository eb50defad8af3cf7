"""Writes inside somebody else's transaction, beside `log.append`."""

from hashlib import sha256

from django.db import connection
from django.db.transaction import TransactionManagementError

from audit.models import Blob


def put_blob(data: bytes) -> str:
    """Keep `data` for good and return its digest, `sha256:<hex>`; the same bytes are kept once. Needs a transaction."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("a blob is kept inside the transaction that refers to it")
    digest = f"sha256:{sha256(data).hexdigest()}"
    if not Blob.objects.filter(pk=digest).exists():
        Blob.objects.bulk_create([Blob(digest=digest, size=len(data), data=data)], ignore_conflicts=True)
    return digest
