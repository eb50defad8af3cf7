"""Selectors of who had a hand in a request: what its conflicts of interest are made of."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from governance.access.models import User
from governance.catalog.models import Card
from governance.identities.selectors import said_of
from governance.pii.models import Finding, Waiver
from governance.promotions.models import EvidenceItem, Promotion
from governance.promotions.rules import Involved, Matched, matches
from lineage.models import Dataset

Everyone = Callable[[], Mapping[UUID, tuple[str, str]]]


def everyone() -> dict[UUID, tuple[str, str]]:
    """Return e-mail and name of every person and service account, whether or not they may still sign in."""
    known = User.objects.exclude(kind=User.Kind.SYSTEM).values_list("pk", "email", "name")
    return {pk: (email, name) for pk, email, name in known}


def involved(promotion: Promotion, items: Sequence[EvidenceItem], known: Everyone, now: datetime) -> Involved:
    """Return who had a hand in a request with that evidence, as of `now`.

    That is who asked, who edited the card since a version was last approved there, whoever the run names, whoever said
    whose such a name is, and who decided about a finding of personal data that the evidence relies on.
    """
    version = promotion.version
    names = [name for name in dict.fromkeys((version.run_user, *version.authors)) if name]
    made = matches(names, known(), said_of(names)) if names else Matched()
    return Involved(
        requesters=_requesters(promotion),
        editors=_editors(promotion, items),
        contributors=made.people,
        vouchers=made.vouchers,
        judges=_judges(items, now),
        unknown=made.unknown,
    )


def delegates(hands: Involved) -> dict[UUID, UUID]:
    """Return who answers for each service account among them."""
    owners = User.objects.filter(pk__in=hands.everybody, owner__isnull=False).values_list("pk", "owner_id")
    return {pk: owner for pk, owner in owners if owner is not None}


def _requesters(promotion: Promotion) -> tuple[UUID, ...]:
    if promotion.kind == Promotion.Kind.ROLLBACK:
        return ()
    return tuple(sorted({promotion.requester_id, *(UUID(each) for each in promotion.submitters)}, key=str))


def _editors(promotion: Promotion, items: Sequence[EvidenceItem]) -> tuple[UUID, ...]:
    """Return the card's last editor and everybody who edited it since it was last approved there."""
    last = [UUID(item.produced_by) for item in items if item.klass == "card" and item.produced_by]
    if not last:
        return ()
    approved = Promotion.objects.filter(
        asset_id=promotion.asset_id,
        environment_id=promotion.environment_id,
        kind=Promotion.Kind.PROMOTION,
        number__lt=promotion.number,
        decided_at__isnull=False,
    )
    before = approved.order_by("-number").values_list("subject", flat=True).first()
    cards = Card.objects.filter(
        asset_id=promotion.asset_id,
        revision__gt=before["card_revision"] if before else 0,
        revision__lte=promotion.subject["card_revision"],
    )
    return tuple(dict.fromkeys((*last, *cards.order_by("revision").values_list("by", flat=True))))


def _judges(items: Sequence[EvidenceItem], now: datetime) -> tuple[UUID, ...]:
    """Return who waived a finding that the evidence leaves aside for now, or disputed one so that it does not count."""
    names = {str(row["dataset"]) for item in items if item.klass == "pii" for row in item.detail.get("datasets", [])}
    if not names:
        return ()
    datasets = Dataset.objects.filter(name__in=names).values("pk")
    findings = Finding.objects.filter(dataset_id__in=datasets, present=True)
    disputed = findings.filter(state=Finding.State.DISPUTED).values_list("judged_by", flat=True)
    relied = findings.exclude(state=Finding.State.DISPUTED).values("pk")
    held = Waiver.objects.filter(finding__in=relied, state=Waiver.State.APPROVED, expires_at__gt=now)
    people = held.values_list("proposer_id", "proposer_owner_id", "decider_id")
    found = {*disputed, *(each for row in people for each in row)} - {None}
    return tuple(sorted((each for each in found if each is not None), key=str))
