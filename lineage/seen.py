"""What one event names, as it names it: a job, a dataset, a run.

Events repeat themselves: START and COMPLETE of a run, and run after run. So of what looks exactly like something that
was understood a moment ago, the same object is handed out, and what was worked out of it is kept with it.
"""

import marshal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import Any, Protocol, TypeVar
from uuid import UUID

Facets = Mapping[str, Any]
SMALL = 8192
"""What takes up to about so many bytes is remembered from one event to the next."""
T = TypeVar("T")
S = TypeVar("S", bound="Seen")


class Seen(Protocol):
    """Something with facets; `told` keeps what was worked out of them (`once`)."""

    @property
    def facets(self) -> Facets:
        """Its facets by name."""

    @property
    def told(self) -> dict[Any, Any]:
        """What was asked of them, and answered."""


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A job as one event names it; `gone` are the facets that the event takes back (`_deleted`)."""

    namespace: str
    name: str
    facets: Facets = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    told: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DatasetSeen:
    """A dataset as one event names it; `io` holds its input or output facets, `gone` the facets taken back."""

    namespace: str
    name: str
    facets: Facets = field(default_factory=dict)
    io: Facets = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    told: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RunSeen:
    """A run as one event names it; `given` is the id as it was sent, and no part of what `told` keeps."""

    uuid: UUID
    given: str
    facets: Facets = field(default_factory=dict)
    told: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)


def once(work: Callable[[S], T]) -> Callable[[S], T]:
    """Work something out of the facets of what was seen once, for all events that say the same."""

    @wraps(work)
    def asked(seen: S) -> T:
        known = seen.told
        if work not in known:
            known[work] = work(seen)
        found: T = known[work]
        return found

    return asked


def recall(make: Callable[[Any, list[str]], T], value: Any, notes: list[str]) -> T:
    """Return what `make` makes of a JSON value, and note what it notes; the same thing for the same value."""
    packed = marshal.dumps(value, 2)
    if len(packed) > SMALL:
        return make(value, notes)
    found, noted = _made(make, packed)
    notes += noted
    result: T = found
    return result


@lru_cache(maxsize=2048)
def _made(make: Callable[[Any, list[str]], Any], packed: bytes) -> tuple[Any, tuple[str, ...]]:
    notes: list[str] = []
    found = make(marshal.loads(packed), notes)  # noqa: S302 - packed a moment ago, by us
    return found, tuple(notes)
