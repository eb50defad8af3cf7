"""Raw events for whoever may see them: the exact bytes that were kept, which anybody can send to a portal again."""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit import selectors as log
from audit.actor import Actor, NotSeen, visible
from audit.models import Trail
from lineage import naming
from lineage.models import Dataset, Job, RawEvent, RemovedEvent
from lineage.steps import CHUNK

SHOWN = 200_000
"""Characters of an event that are shown in the order people read; longer ones stand as they were kept, cut off."""

FEW = 20
"""So many events are read at a time; one may be as large as 32 MiB."""


@dataclass(frozen=True, slots=True)
class Original:
    """A raw event as somebody may see it: its text, unless it names what they may not see, and its entry's number.

    Of one that retention removed there is no text, but when that was.
    """

    raw: RawEvent | RemovedEvent
    text: str | None
    entry: int | None

    @property
    def removed_at(self) -> datetime | None:
        """When retention removed it."""
        return self.raw.removed_at if isinstance(self.raw, RemovedEvent) else None

    def as_json(self) -> dict[str, Any]:
        """Return it as the outside reads it; the SHA-256 of `canonical` is the digest."""
        return {
            "event": f"sha256:{self.raw.sha256}",
            "kind": self.raw.kind,
            "at": self.raw.at.isoformat(),
            "received_at": self.raw.received_at.isoformat(),
            "run": str(self.raw.run_uuid) if self.raw.run_uuid else None,
            "size": self.raw.size,
            "warnings": self.raw.warnings,
            "redacted": self.raw.redacted,
            "canonical": self.text,
            "withheld": self.text is None and self.removed_at is None,
            "removed_at": self.removed_at.isoformat() if self.removed_at else None,
            "entry": self.entry,
        }

    def readable(self) -> str:
        """Return its text for people: indented, or the beginning of it when it is very long."""
        if self.text is None or len(self.text) > SHOWN:
            return (self.text or "")[:SHOWN]
        return json.dumps(json.loads(self.text), indent=2, ensure_ascii=False)


def event_seen_by(actor: Actor, digest: str) -> Original:
    """Return the raw event of a digest; unknown and unseen are the same refusal."""
    sha256 = digest.removeprefix("sha256:")
    raw = _kept_or_removed(actor, sha256) if len(sha256) == 64 else None
    if raw is None:
        raise NotSeen("not_seen", what="event")
    body = next(lines(actor, [sha256]))[1] if isinstance(raw, RawEvent) else None
    accepted = Trail.objects.filter(subject=f"lineage_event:{sha256}")
    entry = accepted.filter(entry_id__in=log.entries_for(actor).values("pk")).values_list("seq", flat=True).first()
    return Original(raw, None if body is None else body.decode(), entry)


def _kept_or_removed(actor: Actor, sha256: str) -> RawEvent | RemovedEvent | None:
    seen = visible(actor).q()
    kept = RawEvent.objects.filter(seen, sha256=sha256).first()
    return kept or RemovedEvent.objects.filter(seen, sha256=sha256).order_by("-pk").first()


def lines(actor: Actor, digests: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """Yield the digest and bytes of the raw events named, in that order.

    An event has no bytes here when it is of a scope that `actor` may not see, or names anything they may not see:
    whoever took names out of it would not have the bytes of the digest any more.
    """
    wanted = list(digests)
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        named = {sha256: named_in(json.loads(body)) for sha256, body in _bodies(actor, part)}
        hidden = _hidden(actor, set().union(*named.values()))
        shown = [one for one in part if one in named and not named[one] & hidden]
        found = _bodies(actor, shown)
        yield from (next(found) if one in shown else (one, None) for one in part)


def _bodies(actor: Actor, digests: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield these events in that order, only few of them in memory; those of unseen scopes are passed over."""
    for start in range(0, len(digests), FEW):
        part = digests[start : start + FEW]
        rows = RawEvent.objects.filter(visible(actor).q(), sha256__in=part).values_list("sha256", "body")
        packed = {sha256: bytes(body) for sha256, body in rows}
        yield from ((one, zlib.decompress(packed[one])) for one in part if one in packed)


def named_in(event: Any) -> set[str]:
    """Return the keys of every dataset and job that stands anywhere in an event."""
    found: set[str] = set()
    waiting = [event]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            name, namespace = one.get("name"), one.get("namespace")
            if isinstance(name, str) and isinstance(namespace, str):
                found |= {naming.key(kind, namespace, name) for kind in ("dataset", "job")}
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found


def _hidden(actor: Actor, keys: set[str]) -> set[str]:
    """Return which of these keys are of things that `actor` may not see."""
    shown, asked, found = visible(actor).q(), sorted(keys), set[str]()
    for start in range(0, len(asked), CHUNK):
        part = asked[start : start + CHUNK]
        for rows in (Dataset.objects.filter(key__in=part), Job.objects.filter(key__in=part)):
            known, seen = rows.values_list("key", flat=True), rows.filter(shown).values_list("key", flat=True)
            found |= set(known) - set(seen)
    return found
