"""Owed work: gathering evidence again, moving the alias, putting it back."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from audit.actor import system
from audit.refusals import Conflict, Unavailable
from governance.promotions import rules, selectors, services
from governance.promotions.models import Promotion
from governance.promotions.services import Found
from governance.registries import selectors as registries
from governance.registries.mlflow import MlflowRegistry
from governance.registries.rules import manifest_digest
from jobs import records as jobs
from jobs.tasks import Away, Work, errand

AGAIN, STUCK = timedelta(seconds=10), timedelta(minutes=1)


@errand("promotions.sweep")
def sweep(work: Work) -> None:
    """Owe a look at every open request, and the application of every approved one that nobody is working on."""
    _owe_looks()
    for pk in selectors.unapplied_ids(work.now() - STUCK):
        with transaction.atomic():
            jobs.enqueue("promotions.apply", str(pk), dedupe_key=f"promotions.apply:{pk}")


def _owe_looks() -> None:
    for pk in selectors.open_ids():
        with transaction.atomic():
            jobs.enqueue("promotions.reassess", str(pk), dedupe_key=f"promotions.reassess:{pk}")


@errand("promotions.reassess")
def reassess(work: Work, changed: str) -> None:
    """Gather evidence again and let the state follow: of one request by its id, else of every open one.

    Other rooms name what changed, such as a dataset; which requests rest on it is found by looking at each.
    """
    promotion_id = selectors.known_id(changed)
    if promotion_id is None:
        _owe_looks()
        return
    services.reassess(actor=system(), promotion_id=promotion_id, now=work.now())


@errand("promotions.apply")
def apply(work: Work, promotion_id: str) -> None:
    """Verify the files and everything else once more, move the alias, read it back, and note it.

    Each step may be repeated after a crash: the alias is only set where it does not point at the version yet.
    """
    promotion = selectors.by_id(UUID(promotion_id))
    if promotion.state not in rules.APPLICABLE:
        return
    registry = registry_of(promotion)
    try:
        work.progress(0.1, "verifying the files")
        found = look(registry, promotion)
        promotion = services.begin(actor=system(), promotion_id=promotion.pk, found=found, now=work.now())
        if promotion.state != "applying":
            return
        work.progress(0.7, "moving the alias")
        kept = point(registry, promotion, found)
    except Unavailable as away:
        raise Away("The registry does not answer.", AGAIN) from away
    except Conflict as moved:
        raise Away("The request moved meanwhile.", timedelta(seconds=1)) from moved
    services.finish(actor=system(), promotion_id=promotion.pk, kept=kept, now=work.now())


@errand("promotions.put_back")
def put_back(work: Work, promotion_id: str) -> None:
    """Point the alias where the live request put it, unless it is there already or the request is not live any more."""
    promotion = selectors.by_id(UUID(promotion_id))
    if promotion.state not in rules.LIVE:
        return
    registry = registry_of(promotion)
    try:
        found = look(registry, promotion)
        if found.alias == promotion.version.label:
            return
        if found.digest != promotion.manifest_digest:
            raise RuntimeError("The files in the registry are not the ones that were approved.")
        if not point(registry, promotion, found):
            raise RuntimeError("The registry did not keep the alias after it was set.")
    except Unavailable as away:
        raise Away("The registry does not answer.", AGAIN) from away
    services.note_put_back(actor=system(), promotion_id=promotion.pk, found=found, now=work.now())


def registry_of(promotion: Promotion) -> MlflowRegistry:
    """Return the adapter of the registry the version lives in."""
    registry = registries.registry_of(promotion.version)
    if registry is None:
        raise Away("The version belongs to no registry.", timedelta(minutes=1))
    return MlflowRegistry(registry.uri)


def look(registry: MlflowRegistry, promotion: Promotion) -> Found:
    """Return what the registry holds now: the digest over the version's files, and where the alias points."""
    name, label = promotion.asset.name, promotion.version.label
    return Found(manifest_digest(registry.manifest(name, label)), registry.alias(name, promotion.alias))


def point(registry: MlflowRegistry, promotion: Promotion, found: Found) -> bool:
    """Set the alias unless it is there already, and read it back; returns whether the registry kept it."""
    name, label = promotion.asset.name, promotion.version.label
    if found.alias != label:
        registry.set_alias(name, promotion.alias, label)
    return registry.alias(name, promotion.alias) == label
