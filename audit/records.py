"""Writes inside somebody else's transaction, beside `log.append`."""

import json
from datetime import datetime
from hashlib import sha256

from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from audit import bulk, readings
from audit.actor import Actor
from audit.checkpoint import Vkey
from audit.models import Anchor, Blob, Cosignature, Delivery, Entry, Reading
from audit.readings import Read

_PUT = "INSERT INTO audit_blob (digest, size, data) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING 0"


def blob_digest(data: bytes) -> str:
    """The digest that bytes are kept under."""
    return f"sha256:{sha256(data).hexdigest()}"


def put_blob(data: bytes) -> str:
    """Keep `data` for good and return its digest, `sha256:<hex>`; the same bytes are kept once. Needs a transaction."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("a blob is kept inside the transaction that refers to it")
    digest = blob_digest(data)
    if not Blob.objects.filter(pk=digest).exists():
        # not as Django does: on PostgreSQL it writes the bytes into a statement, and the driver remembers a hundred
        bulk.fetch(_PUT, [digest, len(data), data])
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


def reading(actor: Actor, read: Read, now: datetime) -> Reading:
    """The row that counts this reading, kept from others till the transaction ends; made where there is none.

    Who asks more and more different things through one door shares one row for all the rest.
    """
    asked = readings.digest(actor, read, read.door)
    rows = Reading.objects.select_for_update()
    found = rows.filter(asked=asked).first()
    if found is None and _busy(actor, read.door, now):
        asked = readings.digest(actor, None, read.door)
        found = rows.filter(asked=asked).first()
    who = {name: getattr(actor, name) for name in ("kind", "via", "on_behalf_of", "token_id")}
    new = Reading(asked=asked, reader_id=actor.principal_id, door=read.door, since=now, until=now, **who)
    while found is None:  # whoever is first inserts it; one that was taken out since is made again
        Reading.objects.bulk_create([new], ignore_conflicts=True)
        found = rows.filter(asked=asked).first()
    return found


def _busy(actor: Actor, door: str, now: datetime) -> bool:
    alive = Reading.objects.filter(reader_id=actor.principal_id, door=door, until__gt=now)
    return alive.filter(via=actor.via, token_id=actor.token_id).count() >= readings.MOST


def count_reading(row: Reading, read: Read) -> None:
    """Count one more reading like the one that has its entry, and the numbers it went over."""
    at = [each for each in (row.low, row.high, read.first, read.last) if each is not None]
    low, high = (min(at), max(at)) if at else (None, None)
    Reading.objects.filter(pk=row.pk).update(again=row.again + 1, low=low, high=high)


def begin_reading(row: Reading, entry: Entry, now: datetime) -> None:
    """Count anew from `entry` on."""
    noted, until = json.loads(bytes(entry.body))["id"], now + readings.lasts(readings.reader(row))
    Reading.objects.filter(pk=row.pk).update(noted=noted, since=now, until=until, again=0, low=None, high=None)


def over_readings(now: datetime, most: int = 500) -> list[Reading]:
    """Take out the readings whose time is over, so many at once; whoever takes them tells what they counted."""
    rows = list(Reading.objects.select_for_update(skip_locked=True).filter(until__lte=now).order_by("until")[:most])
    Reading.objects.filter(pk__in=[each.pk for each in rows]).delete()
    return rows


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
