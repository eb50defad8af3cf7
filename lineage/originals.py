"""Raw events for whoever may see them: the exact bytes that were kept, which anybody can send to a portal again."""

import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from audit.actor import Actor, visible
from lineage import naming
from lineage.models import Dataset, Job, RawEvent
from lineage.steps import CHUNK


def lines(actor: Actor, digests: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """Yield the digest and bytes of the raw events named, in that order.

    An event has no bytes here when it is of a scope that `actor` may not see, or names anything they may not see:
    whoever took names out of it would not have the bytes of the digest any more.
    """
    wanted = list(digests)
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        rows = RawEvent.objects.filter(visible(actor).q(), sha256__in=part)
        bodies = {sha256: zlib.decompress(body) for sha256, body in rows.values_list("sha256", "body")}
        named = {sha256: _named(json.loads(body)) for sha256, body in bodies.items()}
        hidden = _hidden(actor, set().union(*named.values()))
        yield from ((one, bodies.get(one) if not named.get(one, set()) & hidden else None) for one in part)


def _named(event: Any) -> set[str]:
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
