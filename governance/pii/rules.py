"""From the distinct values of a column, and what the recognisers saw in them, to a verdict that can be defended.

Values come in; only counts and masked shapes go out.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from audit.refusals import Refused
from governance.pii.evidence import TESTS, cases
from governance.pii.shapes import mask
from governance.pii.sight import Case, Sight
from governance.pii.statistics import chance, clean_bound, wilson

EDITION = "2026-11"
ENDS = "_statistics."
"""What the least and greatest value of a column are told under, where a file's footer holds them."""
BESIDE = (ENDS, "_metadata.", "_column_names")
"""What is told of values that stand beside the rows of a table."""
MOST_DRAWN = 1000
WORST_FIRST = ("unreadable", "incomplete", "findings", "clean_sampled", "clean_full")
CLEAN = frozenset({"clean_sampled", "clean_full"})
LONGEST_WAIVER = timedelta(days=366)
SHORTEST_REASON = 10


@dataclass(frozen=True)
class Found:
    """One entity in one column. Shares are of distinct, non-empty values; `low` to `high` is the 95 % interval."""

    type: str
    share: float
    low: float
    high: float
    hits: int
    shape: str
    because: tuple[str, ...]
    passed: int = 0
    tried: int = 0
    base: float = 0.0
    luck: float = 1.0


@dataclass(frozen=True)
class Verdict:
    """What is known about a column; the first of `found` is the column's own entity."""

    path: str
    verdict: str
    examined: int
    bound: float
    found: tuple[Found, ...] = ()
    why: tuple[str, ...] = ()


def found(sight: Sight, entity: str, case: Case, *, whole: bool) -> Found:
    """Turn a case into numbers: exact when every candidate was looked at, else with the interval of the sample."""
    drawn, hits = len(sight.values), len(case.spans)
    scale = min(1.0, drawn / sight.seen)
    share = scale * hits / drawn
    low, high = (share, share) if whole else tuple(scale * end for end in wilson(hits, drawn))
    masks = Counter(mask(sight.values[at][start:end]) for at, (start, end) in sorted(case.spans.items()))
    shape = min(masks, key=lambda text: (-masks[text], text))
    if case.checksum is None:
        return Found(entity, share, low, high, hits, shape, case.because)
    passed, tried, base = case.checksum.passed, case.checksum.tried, case.checksum.base
    return Found(entity, share, low, high, hits, shape, case.because, passed, tried, base, chance(passed, tried, base))


def judge(sight: Sight, *, why: tuple[str, ...] = ()) -> Verdict:
    """The verdict of one column; `why`: what could not be examined."""
    rank = {entity: at for at, entity in enumerate(TESTS)}
    sampled = {entity: drawn for entity, drawn in (sight.drawn or {}).items() if not drawn.whole}
    said = [found(part, entity, case, whole=part.whole) for entity, part, case in cases(sight)]
    said.sort(key=lambda one: (-one.share, rank.get(one.type, -1)))
    seen = min((len(drawn.places) for drawn in sampled.values()), default=round(sight.seen))
    bounds = (clean_bound(len(drawn.places)) * len(drawn.places) / drawn.of for drawn in sampled.values())
    clean, bound = ("clean_sampled", max(bounds)) if sampled else ("clean_full", 0.0)
    verdict = "incomplete" if why else "findings" if said else clean
    return Verdict(sight.path, verdict, seen, 1.0 if why else bound, tuple(said), why)


def overall(verdicts: Iterable[str], *, gaps: bool = False) -> str:
    """The scan's verdict is its worst column's; a table without columns, or with gaps, is incomplete."""
    seen = set(verdicts) | ({"incomplete"} if gaps else set())
    return next((verdict for verdict in WORST_FIRST if verdict in seen), "incomplete")


def ruleset(parts: Mapping[str, object]) -> str:
    """The digest that pins recognisers, versions and settings: under one digest equal values get equal verdicts."""
    text = json.dumps({"edition": EDITION, "most_drawn": MOST_DRAWN, **parts}, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def check_waiver(reason: str, expires_at: datetime, now: datetime) -> None:
    """A waiver needs a reason and an end, at most a year ahead."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise Refused("pii.waiver_needs_reason")
    if expires_at <= now:
        raise Refused("pii.waiver_in_the_past")
    if expires_at > now + LONGEST_WAIVER:
        raise Refused("pii.waiver_too_long", days=str(LONGEST_WAIVER.days))


def check_decider(proposers: Iterable[UUID | None], deciders: Iterable[UUID | None], kind: str) -> None:
    """A waiver is decided by a person other than the one who proposed it, also behind a service account."""
    if kind != "person":
        raise Refused("pii.only_people_decide")
    if {one for one in proposers if one} & {one for one in deciders if one}:
        raise Refused("pii.own_waiver")


def check_judgement(wanted: str, reason: str, current: str) -> tuple[str, str]:
    """The state to give a finding and the reason to keep; disputing needs one, and nothing is said twice."""
    if wanted not in {"confirmed", "disputed"}:
        raise Refused("pii.unknown_judgement")
    if wanted == "disputed" and len(reason.strip()) < SHORTEST_REASON:
        raise Refused("pii.dispute_needs_reason")
    if wanted == current:
        raise Refused("pii.judged_already")
    return wanted, reason.strip()


def in_force(state: str, expires_at: datetime, now: datetime) -> bool:
    """An approved waiver holds until the moment it expires; nothing else does."""
    return state == "approved" and now < expires_at
