"""Selectors of the past: the log's entries about promotions in their order, and what the tables say beside them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from audit.bulk import snapshot
from audit.canonical import instant
from audit.merkle import leaf_hash
from audit.models import Entry, Leaf, Trail
from audit.retention import selectors as retention
from governance.promotions.models import Decision, Promotion
from governance.registries.models import AliasExpected, AliasSeen
from governance.reports import replay
from governance.reports.replay import Difference, Line, Past, Rows, Tables, place

CHUNK = 2000


@dataclass(frozen=True)
class Reading:
    """What the log tells up to a moment; `bent` leaves have not the bytes they were numbered with.

    `pruned` are the requests of which an entry was pruned under the retention policy, so that they cannot be told.
    """

    past: Past
    entries: int
    bent: tuple[int, ...]
    pruned: frozenset[str]


@dataclass(frozen=True)
class Comparison:
    """How many entries were replayed, for how many requests, what differs, and what could not be compared."""

    entries: int
    requests: int
    differences: tuple[Difference, ...]
    pruned: int


def read_until(moment: datetime | None, *, waiting: bool = False) -> Reading:
    """Return what the numbered entries up to `moment` tell, or all; with `waiting` also those without a number yet."""
    bent: list[int] = []
    pruned: list[int] = []
    lines = list(_lines(moment, bent, pruned))
    if waiting:
        lines += _waiting(moment)
    about = Trail.objects.filter(seq__in=pruned, subject__startswith="promotion:")
    gone = frozenset(each.partition(":")[2] for each in about.values_list("subject", flat=True))
    return Reading(replay.fold(lines), len(lines), tuple(bent), gone)


def _lines(moment: datetime | None, bent: list[int], pruned: list[int]) -> Iterator[Line]:
    gone = retention.pruned_ranges()
    rows = Leaf.objects.filter(entry__action__in=replay.ACTIONS).order_by("seq")
    rows = rows.filter(entry__at__lte=moment) if moment else rows
    for seq, entry, body, digest in rows.values_list("seq", "entry_id", "body", "hash").iterator(CHUNK):
        data = bytes(body)
        if not data and any(first <= seq <= last for first, last in gone):
            pruned.append(seq)
        elif leaf_hash(data) != bytes(digest):
            bent.append(seq)
        else:
            yield Line(seq, entry, json.loads(data)["entry"])


def _waiting(moment: datetime | None) -> list[Line]:
    rows = Entry.objects.filter(action__in=replay.ACTIONS, pending__isnull=False).order_by("pk")
    rows = rows.filter(at__lte=moment) if moment else rows
    return [Line(None, pk, json.loads(bytes(body))) for pk, body in rows.values_list("pk", "body")]


def compare() -> Comparison:
    """Return how the tables differ from the log, both read as of one moment."""
    with snapshot():
        reading = read_until(None, waiting=True)
        found = Tables(_promotions(), _decisions(), _expected(), _seen())
    bent = (Difference("audit_leaf", str(seq), "body", "the bytes of its hash", "others") for seq in reading.bent)
    differs = (*bent, *replay.differences(replay.told(reading.past), found, reading.pruned))
    return Comparison(reading.entries, len(reading.past.requests), differs, len(reading.pruned))


def compare_day(moment: datetime, reading: Reading) -> tuple[Difference, ...]:
    """Return how the tables differ from the log in which requests were live at that moment, and which version ran."""
    applied = Promotion.objects.filter(applied_at__lte=moment).exclude(ended_at__lte=moment).order_by("pk")
    found = {str(pk): {"version": str(version)} for pk, version in applied.values_list("pk", "version_id")}
    log = {each.id: {"version": each.version} for each in reading.past.live}
    nothing: Rows = {}
    here, there = Tables(log, nothing, nothing, nothing), Tables(found, nothing, nothing, nothing)
    return tuple(replay.differences(here, there, reading.pruned))


def _promotions() -> Rows:
    fields = (
        "pk", "number", "asset_id", "version_id", "environment__name", "state", "subject_digest", "policy_digest",
        "alias", "version__label", "applied_at", "manifest_digest", "ended_at",
    )  # fmt: skip
    names = (
        "asset", "version", "environment", "state", "subject_digest", "policy_digest", "alias", "label", "applied_at",
        "manifest_digest", "ended_at",
    )  # fmt: skip
    rows = Promotion.objects.order_by("pk").values_list(*fields).iterator(CHUNK)
    return {
        str(pk): {"key": f"PR-{number}"} | {name: _text(value) for name, value in zip(names, rest, strict=True)}
        for pk, number, *rest in rows
    }


def _text(value: object) -> str:
    return instant(value) if isinstance(value, datetime) else "" if value is None else str(value)


def _decisions() -> Rows:
    found: dict[str, dict[str, str]] = {}
    fields = ("pk", "entry_id", "promotion_id", "person_id", "verdict", "subject_digest", "reviewed")
    for pk, entry, promotion, person, verdict, digest, reviewed in Decision.objects.values_list(*fields):
        row = str(entry) if str(entry) not in found else f"{entry} {pk}"
        found[row] = {
            "promotion": str(promotion),
            "person": str(person),
            "verdict": verdict,
            "subject_digest": digest,
            "reviewed": ",".join(sorted(map(str, reviewed.values()))),
        }
    return found


def _expected() -> Rows:
    rows = AliasExpected.objects.order_by("pk").values_list("asset_id", "alias", "promotion_id", "version_id")
    return {
        place(str(asset), alias): {"promotion": _text(promotion), "version": str(version)}
        for asset, alias, promotion, version in rows
    }


def _seen() -> Rows:
    rows = AliasSeen.objects.order_by("pk").values_list("asset_id", "alias", "version_label")
    return {place(str(asset), alias): {"version_label": label} for asset, alias, label in rows}


def differing() -> int:
    """Return how many differences the last comparison found; none before the first."""
    entry = Entry.objects.filter(action__in=("audit.replay_agrees", "audit.replay_differs")).order_by("-pk").first()
    body = bytes(entry.body) if entry else b""
    return int(json.loads(body)["about"]["differences"]) if body else 0
