"""What is kept, held, asked for and gone."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from audit import selectors as log
from audit.actor import SYSTEM_ID, Actor, Forbidden, NotSeen, require
from audit.canonical import canonical, instant
from audit.models import Blob, Entry, Leaf, Opening, Trail
from audit.records import blob_digest
from audit.retention import rules
from audit.retention.models import Hold, Proposal, Pruned, RetentionPolicy

SOME = 5000
KEEPERS = ("policy", "admin")
READERS = ("audit", *KEEPERS)


def require_keeper(actor: Actor) -> None:
    """Refuse all but compliance officers and administrators of the whole organisation."""
    _require_one(actor, KEEPERS)


def require_reader(actor: Actor) -> None:
    """Refuse all but those and the organisation's auditors."""
    _require_one(actor, READERS)


def require_attestry(actor: Actor) -> None:
    """Refuse everybody but Attestry itself: nobody removes content by hand."""
    if actor.principal_id != SYSTEM_ID:
        raise Forbidden("retention.not_by_hand")


def _require_one(actor: Actor, actions: Collection[str]) -> None:
    refusals = []
    for each in actions:
        try:
            require(actor, each, None)
        except Forbidden as refusal:
            refusals.append(refusal)
    if len(refusals) == len(actions):
        raise refusals[0]


@dataclass(frozen=True)
class Standing:
    """The policy in force: its document and digest, and since when and by which entry (nothing: the default)."""

    document: dict[str, Any]
    digest: str
    since: datetime | None = None
    entry_id: int | None = None


def policy() -> Standing:
    """The policy in force."""
    newest = RetentionPolicy.objects.order_by("-pk").first()
    if newest is None:
        return Standing(rules.DEFAULT, blob_digest(canonical(rules.DEFAULT)))
    return Standing(document_of(newest.digest), newest.digest, newest.at, newest.entry_id)


def document_of(digest: str) -> dict[str, Any]:
    """The policy document of that digest, published or proposed."""
    found: dict[str, Any] = json.loads(bytes(Blob.objects.get(pk=digest).data))
    return found


def past_their_time(now: datetime, document: Mapping[str, Any]) -> QuerySet[Leaf]:
    """Published leaves that still have their content and whose time is over under a policy, held ones left out."""
    gone = Pruned.objects.filter(first__lte=OuterRef("seq"), last__gte=OuterRef("seq"))
    rows = Leaf.objects.filter(entry__in=Entry.objects.filter(_over(now, document)), seq__lt=log.published())
    rows = rows.filter(~Exists(gone))
    for hold in standing_holds():
        rows = rows.exclude(entry__in=Entry.objects.filter(covers(hold)))
    return rows.order_by("seq")


def _over(now: datetime, document: Mapping[str, Any]) -> Q:
    prefixes = sorted([each["prefix"] for each in document["classes"]] + list(rules.FOR_EVER))
    condition, named = Q(pk__in=()), Q(pk__in=())
    for prefix in prefixes:
        named |= Q(action__startswith=prefix)
        if prefix.startswith(rules.FOR_EVER):
            continue
        mine = Q(action__startswith=prefix, at__lt=rules.months_before(now, rules.months(document, prefix)))
        for longer in prefixes:
            if longer != prefix and longer.startswith(prefix):
                mine &= ~Q(action__startswith=longer)
        condition |= mine
    return condition | (Q(at__lt=rules.months_before(now, int(document["rest"]))) & ~named)


def next_pruning(now: datetime) -> tuple[int, datetime | None]:
    """How many entries are past their time already, and when the oldest entry was made."""
    standing = policy()
    oldest = Entry.objects.order_by("at").values_list("at", flat=True).first()
    return past_their_time(now, standing.document).count(), oldest


def standing_holds() -> QuerySet[Hold]:
    """The holds that were not lifted."""
    return Hold.objects.filter(lifted_at=None).order_by("pk")


def all_holds() -> QuerySet[Hold]:
    """Every hold there ever was."""
    return Hold.objects.order_by("-pk")


def hold(number: int) -> Hold:
    """A hold that stands; not seen when there is none of that number."""
    found = standing_holds().filter(pk=number).first()
    if found is None:
        raise NotSeen("not_seen", what="hold")
    return found


def covers(held: Hold) -> Q:
    """The condition on entries that a hold covers."""
    if held.kind == Hold.Kind.SUBJECT:
        return log.about(held.subject)
    if held.kind == Hold.Kind.ACTOR:
        assert held.actor_id is not None
        about = log.about(f"person:{held.actor_id}") | log.about(f"service:{held.actor_id}")
        return Q(actor_id=held.actor_id) | about
    span = Q(at__gte=held.since)
    return span & Q(at__lt=held.until) if held.until else span


def holds_on(entry_ids: Collection[int], subject: str = "") -> list[int]:
    """The numbers of the holds that cover one of these entries, or the subject itself."""
    ids, found = sorted(entry_ids), []
    for each in standing_holds():
        named = bool(subject) and subject in (each.subject, f"person:{each.actor_id}")
        some = (ids[at : at + SOME] for at in range(0, len(ids), SOME))
        if named or any(Entry.objects.filter(covers(each), pk__in=part).exists() for part in some):
            found.append(each.pk)
    return found


def openings_about(subject: str) -> QuerySet[Opening]:
    """The personal values in entries about a subject."""
    return Opening.objects.filter(entry__in=Entry.objects.filter(log.about(subject)))


def openings_naming(value: str) -> Iterator[tuple[int, int, str]]:
    """Personal values of any entry in which a text occurs, however it is capitalised: opening, entry, value."""
    rows = Opening.objects.filter(value__icontains=value).values_list("pk", "entry_id", "value")
    return rows.iterator(chunk_size=SOME)


def recorded(subject: str, actions: Collection[str], fields: Collection[str]) -> set[str]:
    """The personal values of these fields in entries of these actions about a subject."""
    rows = openings_about(subject).filter(entry__action__in=actions, field__in=fields)
    return set(rows.values_list("value", flat=True))


def known(subject: str) -> bool:
    """Whether any entry is about a subject."""
    return Trail.objects.filter(subject=subject).exists() or Entry.objects.filter(log.about(subject)).exists()


def proposal(pk: UUID) -> Proposal:
    """Something that was asked for; not seen when it does not exist."""
    found = Proposal.objects.filter(pk=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="request")
    return found


def proposals() -> QuerySet[Proposal]:
    """Everything that was ever asked for."""
    return Proposal.objects.order_by("-created_at", "pk")


@dataclass(frozen=True)
class Removal:
    """Why an entry has no content: when it was removed, under which policy, and by which entry (its id and number)."""

    at: datetime
    policy: str
    entry_id: int
    seq: int | None


def removals(seqs: Collection[int]) -> dict[int, Removal]:
    """How the content of these entries was removed, for those where it was."""
    if not seqs:
        return {}
    rows = list(Pruned.objects.filter(first__lte=max(seqs), last__gte=min(seqs)))
    under = {
        each.pk: each for each in Entry.objects.filter(pk__in={row.entry_id for row in rows}).select_related("leaf")
    }
    found: dict[int, Removal] = {}
    for row in rows:
        entry = under[row.entry_id]
        leaf = getattr(entry, "leaf", None)
        removal = Removal(entry.at, json.loads(bytes(entry.body))["about"]["policy"], entry.pk, leaf and leaf.seq)
        found |= {seq: removal for seq in seqs if row.first <= seq <= row.last}
    return found


def removed(entry: Entry) -> dict[str, Any]:
    """When an entry lost its content, under which policy, and the number of the entry that says so, if one does."""
    found = removals([entry.leaf.seq]).get(entry.leaf.seq)
    if found is None:
        return {"at": None, "policy": None, "seq": None}
    return {"at": instant(found.at), "policy": found.policy, "seq": found.seq}


def left_of(entry: Entry) -> dict[str, Any]:
    """What columns and trails still tell of an entry whose content was removed, in the shape of its content."""
    return {
        "at": instant(entry.at),
        "action": entry.action,
        "outcome": entry.outcome,
        "actor": {"id": str(entry.actor_id), "kind": "", "via": "", "on_behalf_of": None, "token": None},
        "scope": entry.scope_id and str(entry.scope_id),
        "subjects": subjects_by_trail([entry.leaf.seq]).get(entry.leaf.seq, []),
        "about": {},
        "private": {},
    }


def pruned_ranges() -> list[tuple[int, int]]:
    """Which leaves the log's own entries say were emptied, in order; each only by an entry after it."""
    found = []
    for entry in runs():
        leaf = getattr(entry, "leaf", None)
        said = json.loads(bytes(entry.body))
        if said["outcome"] == "success":
            named = ((first, last) for first, last in said["about"]["ranges"])
            found += [each for each in named if leaf is None or each[1] < leaf.seq]
    return sorted(found)


def subjects_by_trail(seqs: Collection[int]) -> dict[int, list[str]]:
    """The subjects of these leaves as their trails tell them."""
    found: dict[int, list[str]] = {}
    for row in Trail.objects.filter(seq__in=list(seqs)).order_by("pk"):
        found.setdefault(row.seq, []).append(row.subject)
    return found


def runs() -> QuerySet[Entry]:
    """The entries about pruning, newest first."""
    return Entry.objects.filter(action="retention.pruned").select_related("leaf").order_by("-pk")
