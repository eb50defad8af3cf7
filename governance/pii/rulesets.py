"""Rules as they change: what a new edition of them would say, before it counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.actor import Actor
from governance.catalog.models import Asset
from governance.pii import choices, selectors
from governance.pii.difference import Changed, Said, difference
from governance.pii.freshness import accepted_ruleset, current_ruleset, parts_of
from governance.pii.models import Ruleset, Scan


@dataclass(frozen=True)
class Tried:
    """A dataset that was looked at again by rules that do not count yet: what they would change."""

    asset: Asset
    scan: Scan
    before: Scan | None
    changed: tuple[Changed, ...]


@dataclass(frozen=True)
class Trial:
    """How today's rules stand to those that count: `tried` is what the reader may see, `waiting` how many are owed."""

    current: str
    accepted: str
    accepted_at: datetime | None
    parts: tuple[tuple[str, str, str], ...]
    tried: tuple[Tried, ...]
    waiting: int

    @property
    def pending(self) -> bool:
        """Whether today's rules wait for somebody to accept them."""
        return bool(self.current and self.accepted and self.current != self.accepted)


def said(scan: Scan) -> Said:
    """What a scan says of each column."""
    return {each.path: (each.verdict, each.found) for each in selectors.columns_of(scan)}


def between(before: Scan, after: Scan) -> list[Changed]:
    """What differs between two scans."""
    return difference(said(before), said(after))


def scan_before(scan: Scan) -> Scan | None:
    """The scan of the same dataset, or of the same path, that ended last before this one was asked for and counts."""
    same = Scan.objects.filter(dataset_id=scan.dataset_id, scope_id=scan.scope_id, state__in=Scan.ENDED, trial=False)
    same = same if scan.dataset_id is not None else same.filter(path=scan.path)
    return same.filter(created_at__lt=scan.created_at).order_by("-ended_at", "-created_at").first()


def trial_for(actor: Actor) -> Trial:
    """How today's rules stand to those that count, with the trials of datasets `actor` may see."""
    current, accepted = current_ruleset(), accepted_ruleset()
    row = Ruleset.objects.filter(digest=accepted).first() if accepted else None
    if not row or accepted == current:
        return Trial(current, accepted or current, row.accepted_at if row else None, (), (), 0)
    trials = selectors.scans_seen_by(actor).filter(trial=True, ruleset=current, state=Scan.State.DONE)
    scans = {each.dataset_id: each for each in trials.order_by("ended_at") if each.dataset_id is not None}
    assets = selectors.datasets_seen_by(actor, scans)
    tried = (_tried(assets[pk], scan) for pk, scan in scans.items() if pk in assets)
    parts = tuple(_parts(row.parts, parts_of(choices.today().chosen)))
    waiting = len(selectors.outdated(limit=1000))
    return Trial(current, accepted, row.accepted_at, parts, tuple(tried), waiting)


def _tried(asset: Asset, scan: Scan) -> Tried:
    before = selectors.last_ended(scan.dataset_id) if scan.dataset_id is not None else None
    return Tried(asset, scan, before, tuple(between(before, scan)) if before else ())


def _parts(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Which parts of the rules differ: their name, what it was, what it is."""
    names = [*new, *(name for name in old if name not in new)]
    return [(name, str(old.get(name, "")), str(new.get(name, ""))) for name in names if old.get(name) != new.get(name)]
