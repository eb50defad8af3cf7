"""What counts as one reading of the log, and how it is told without saying what somebody typed.

A reading is who, through which door, asking for what. The first is an entry at once; the same again is counted until
its time is over, so that neither turning pages nor a program that keeps asking makes the log grow with every request.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils.crypto import salted_hmac

from audit.actor import Actor
from audit.filters import Wanted
from audit.models import Entry, Reading

A_SITTING, A_DAY = timedelta(minutes=10), timedelta(days=1)
MOST = 30
"""Different questions of one reader through one door, within the time of one reading, that get entries of their own."""
OTHERS = "others"


@dataclass(frozen=True)
class Read:
    """What was read: the door, what was asked for (plain, or typed and so kept out of the entry), and which entries."""

    door: str
    plain: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None

    def told(self) -> dict[str, Any]:
        """What the entry about it says."""
        span = {"first": self.first, "last": self.last} if self.first is not None else {}
        return {"door": self.door, "filters": dict(self.plain)} | span


def of_page(wanted: Wanted, found: Sequence[Entry]) -> Read:
    """A page of entries. Words that found nothing could be anything, so only those that found something are plain."""
    asked = {name: value for name, value in asdict(wanted).items() if value}
    closed = {"outcome", "since", "until"} | ({"action", "subject"} if found else set())
    closed |= {"actor"} if _is_id(wanted.actor) else set()
    plain = {name: value for name, value in asked.items() if name in closed}
    return Read("entries", plain, {name: value for name, value in asked.items() if name not in closed})


def of_entry(seq: int | None) -> Read:
    """One entry by its number; those that follow it within the time of one reading are counted with it."""
    return Read("entry", first=seq, last=seq)


def of_span(door: str, first: int, count: int) -> Read:
    """So many entries in a row, as collectors fetch them."""
    return Read(door, first=first, last=first + max(count, 1) - 1)


def of_trail(subject: str) -> Read:
    """Every entry about a subject that has some."""
    return Read("trail", {"subject": subject})


def lasts(actor: Actor) -> timedelta:
    """How long the same question is the same reading: people sit for a while, programs come back all day."""
    return A_SITTING if actor.via == "session" else A_DAY


def digest(actor: Actor, read: Read | None, door: str) -> str:
    """What tells a reading from others, keyed so that nothing typed can be guessed from it; `None` is all the rest."""
    asked = OTHERS if read is None else [sorted(read.plain.items() | read.typed.items())]
    said = json.dumps([str(actor.principal_id), actor.via, str(actor.token_id), door, asked])
    return salted_hmac("audit.readings", said, algorithm="sha256").hexdigest()


def reader(row: Reading) -> Actor:
    """Who reads."""
    return Actor(row.reader_id, row.kind, row.via, row.on_behalf_of, row.token_id)


def again(row: Reading) -> dict[str, Any]:
    """What is told about the readings that were counted after the first."""
    span = {"first": row.low, "last": row.high} if row.low is not None else {}
    return {"door": row.door, "after": str(row.noted), "times": row.again} | span


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
