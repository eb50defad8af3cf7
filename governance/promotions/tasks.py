"""Owed work: gathering evidence again, moving the alias, putting it back."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from audit.actor import system
from audit.refusals import Conflict, Invalid, NotSeen, Refused
from governance.pii import downstream
from governance.pii import services as pii
from governance.promotions import applying, rules, selectors, services
from governance.promotions.applying import Found
from governance.promotions.models import Promotion
from governance.registries import selectors as registries
from governance.registries.mlflow import MlflowRegistry
from governance.registries.models import Registry
from governance.registries.rules import manifest_digest
from jobs import records as jobs
from jobs.tasks import Away, Work, errand

SOON, AGAIN, STUCK = timedelta(seconds=2), timedelta(seconds=10), timedelta(minutes=1)
WAITED_FOR = ("registries.away",)
"""Refusals that end by themselves; all others wait for a person."""


@errand("promotions.sweep")
def sweep(work: Work) -> None:
    """Owe a look at every open request, and the application of every approved one that nobody is working on."""
    _owe("promotions.reassess", selectors.watched_ids())
    _owe("promotions.apply", selectors.unapplied_ids(work.now() - STUCK))
    _owe("promotions.put_back", selectors.put_back_ids())


def _owe(kind: str, pks: Iterable[UUID]) -> None:
    for pk in pks:
        with transaction.atomic():
            jobs.enqueue(kind, str(pk), dedupe_key=f"{kind}:{pk}")


@errand("promotions.reassess")
def reassess(work: Work, changed: str) -> None:
    """Gather evidence again and let the state follow: of one request by its id, else of every open one.

    Other rooms name what changed, such as a dataset; which requests rest on it is found by looking at each.
    """
    promotion_id = selectors.known_id(changed)
    if promotion_id is None:
        _owe("promotions.reassess", selectors.watched_ids())
        return
    if selectors.by_id(promotion_id).state in rules.CAN_BE_COMPROMISED:
        applying.compromise(actor=system(), promotion_id=promotion_id, now=work.now())
        return
    services.reassess(actor=system(), promotion_id=promotion_id, now=work.now())


@errand("promotions.flag")
def flag(work: Work, dataset_id: str) -> None:
    """Flag every approved model that learned from a personal column of a dataset, and clear the flags that are over."""
    approved = selectors.approved_models()
    due = downstream.flags_due(int(dataset_id), approved, work.now())
    pii.flag_models(actor=system(), dataset_id=int(dataset_id), due=due, now=work.now())


@errand("promotions.apply")
def apply(work: Work, promotion_id: str) -> None:
    """Verify the files and everything else once more, move the alias, read it back, and note it.

    Each step may be repeated after a crash: the alias is only set where it does not point at the version yet.
    """
    promotion = selectors.by_id(UUID(promotion_id))
    if promotion.state not in rules.APPLICABLE:
        return
    with _able(work, promotion):
        registry = registry_of(promotion)
        work.progress(0.1, gettext_noop("verifying the files"))
        found = look(registry, promotion)
        promotion = applying.begin(actor=system(), promotion_id=promotion.pk, found=found, now=work.now())
        if promotion.state != "applying":
            return
        work.progress(0.7, gettext_noop("moving the alias"))
        kept = point(registry, promotion, found)
        applying.finish(actor=system(), promotion_id=promotion.pk, kept=kept, now=work.now())


@errand("promotions.put_back")
def put_back(work: Work, promotion_id: str) -> None:
    """Point the alias where the live request put it, unless it is there already or the request is not live any more."""
    promotion = selectors.by_id(UUID(promotion_id))
    if promotion.state not in rules.LIVE and not promotion.moving:
        return
    with _able(work, promotion):
        registry = registry_of(promotion)
        found = look(registry, promotion)
        promotion = applying.begin_put_back(actor=system(), promotion_id=promotion.pk, found=found, now=work.now())
        if not promotion.moving:
            return
        kept = point(registry, promotion, found)
        applying.finish_put_back(actor=system(), promotion_id=promotion.pk, kept=kept, found=found, now=work.now())


@contextmanager
def _able(work: Work, promotion: Promotion) -> Iterator[None]:
    """Wait for a registry that is away and for whoever moves the alias now; any other refusal is noted for people."""
    try:
        yield
    except Conflict as moved:
        busy = moved.code == "promotions.alias_busy"
        words = (
            gettext_noop("Another request moves this alias.") if busy else gettext_noop("The request moved meanwhile.")
        )
        raise Away(words, SOON) from moved
    except Refused as refusal:
        if refusal.code in WAITED_FOR:
            raise Away(gettext_noop("The registry does not answer."), AGAIN) from refusal
        failure = explained(refusal)
        applying.give_up(actor=system(), promotion_id=promotion.pk, failure=failure, now=work.now())


def explained(refusal: Refused) -> dict[str, object]:
    """Return a refusal as a request keeps it: its code, and what its sentence needs."""
    if isinstance(refusal, NotSeen):
        return {"code": "promotions.gone"}
    params = {name: str(value)[:200] for name, value in refusal.params.items()}
    return {"code": refusal.code, **({"params": params} if params else {})}


def registry_of(promotion: Promotion) -> MlflowRegistry:
    """Return the adapter of the registry the version lives in; refused when there is none or it was disconnected."""
    registry = registries.registry_of(promotion.version)
    if registry is None:
        raise Invalid("registries.no_registry")
    if registry.state == Registry.State.OFF:
        raise Invalid("registries.off", name=registry.name)
    return MlflowRegistry(registry.uri)


def look(registry: MlflowRegistry, promotion: Promotion) -> Found:
    """Return what the registry holds now: the digest over the version's files, and where the alias points."""
    name, label = promotion.asset.name, promotion.version.label
    return Found(manifest_digest(registry.manifest(name, label)), registry.alias(name, promotion.alias))


def point(registry: MlflowRegistry, promotion: Promotion, found: Found) -> bool:
    """Set the alias unless it is there already, and read it back; returns whether the registry kept it.

    It is read once more right before: hashing the files can take minutes. Refused when it moved since `found`, or
    when the registry was disconnected meanwhile.
    """
    name, label = promotion.asset.name, promotion.version.label
    at = registry.alias(name, promotion.alias)
    if at != label:
        if at != found.alias:
            raise Conflict("promotions.alias_moved")
        registry_of(selectors.by_id(promotion.pk))
        registry.set_alias(name, promotion.alias, label)
    return registry.alias(name, promotion.alias) == label
