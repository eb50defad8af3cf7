"""Work that talks to registries: look, sync, digest, test. Only here, never in a web request or a transaction."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction

from audit.actor import Invalid, NotSeen, Refused, Unavailable, system
from governance.catalog.models import Version
from governance.registries import records, selectors, services
from governance.registries.mlflow import MlflowRegistry
from governance.registries.models import Registry
from governance.registries.rules import FoundModel
from governance.registries.services import Digested, Look, Sighting
from jobs.tasks import Away, Work, errand

log = logging.getLogger("attestry.registries")
TELL_EVERY = 1.0
BACK_SOON = timedelta(seconds=15)


@contextmanager
def _reached(work: Work, registry: Registry) -> Iterator[MlflowRegistry]:
    """Give the adapter; a registry that does not answer becomes a state people see, and the work waits for it."""
    try:
        yield MlflowRegistry(registry.uri)
    except Unavailable as refusal:
        services.note_away(actor=system(), registry_id=registry.pk, problem=refusal.code, now=work.now())
        raise Away(refusal.code, BACK_SOON) from refusal


@errand("registries.rounds")
def rounds(_work: Work) -> None:
    """Owe every registry its look at the aliases."""
    with transaction.atomic():
        for registry in selectors.connected():
            records.owe_watch(registry)


@errand("registries.resync")
def resync(_work: Work) -> None:
    """Owe every registry a full look: what webhooks and quick looks may have missed."""
    with transaction.atomic():
        for registry in selectors.connected():
            records.owe_sync(registry)


@errand("registries.recheck")
def recheck(_work: Work) -> None:
    """Owe the files of every version in use another hashing, so that a change behind our back is noticed."""
    with transaction.atomic():
        for version_id in selectors.to_recheck():
            records.owe_digest(version_id)


@errand("registries.watch")
def watch(work: Work, registry_id: str) -> None:
    """Look where a registry's aliases are, in one call per two hundred models."""
    registry = selectors.registry(registry_id)
    if registry is None:
        return
    asked_at = work.now()
    try:
        models = MlflowRegistry(registry.uri).models()
    except Refused as refusal:
        services.note_away(actor=system(), registry_id=registry.pk, problem=refusal.code, now=work.now())
        return  # the next round looks again
    services.note_look(actor=system(), registry_id=registry.pk, look=Look(models, asked_at), now=work.now())


@errand("registries.sync")
def sync(work: Work, registry_id: str) -> None:
    """Bring the catalog up to what a registry holds: models, versions, what runs say. Repeating it is harmless."""
    registry = selectors.registry(registry_id)
    if registry is None:
        return
    with _reached(work, registry) as mlflow:
        models = mlflow.models()
        known, open_facts = selectors.highest_versions(registry), selectors.unsettled(registry, work.now())
        for at, model in enumerate(models):
            if model.latest > known.get(model.name, -1) or model.name in open_facts:
                _try(work, registry, mlflow, model, open_facts.get(model.name, {}))
                work.progress((at + 1) / len(models), model.name)
    first = registry.last_synced_at is None
    services.note_synced(actor=system(), registry_id=registry.pk, first=first, now=work.now())


def _try(
    work: Work, registry: Registry, mlflow: MlflowRegistry, model: FoundModel, unsettled: dict[str, Version]
) -> None:
    """Note one model; one that MLflow refuses to show must not keep the others out of the catalog."""
    try:
        _note(work, registry, mlflow, model, unsettled)
    except Unavailable:
        raise
    except Refused as refusal:
        log.warning("a model of registry %s was left out: %s", registry.pk, refusal.code)


def _note(
    work: Work, registry: Registry, mlflow: MlflowRegistry, model: FoundModel, unsettled: dict[str, Version]
) -> None:
    labels = selectors.labels_of(registry, model.name)
    listed = mlflow.versions(model.name)
    fresh = [mlflow.describe(each) for each in listed if each.label not in labels]
    known = [mlflow.describe(each) for each in listed if each.label in unsettled]
    sighting = Sighting(model.name, fresh, known)
    services.note_model(actor=system(), registry_id=registry.pk, sighting=sighting, now=work.now())


@errand("registries.digest", long=True)
def digest(work: Work, version_id: str) -> None:
    """Stream a version's files through SHA-256 and note the outcome; a version that cannot be read says why."""
    version = selectors.version(version_id)
    registry = selectors.registry_of(version) if version else None
    if version is None or registry is None or registry.state == Registry.State.OFF:
        return
    said = [time.monotonic()]

    def tell(done: float, path: str) -> None:
        if time.monotonic() - said[0] > TELL_EVERY:
            said[0] = time.monotonic()
            work.progress(done, path)

    try:
        with _reached(work, registry) as mlflow:
            contents = mlflow.contents(version.asset.name, version.label, tell)
    except NotSeen as refusal:
        if version.manifest_digest:
            services.note_gone(actor=system(), version_id=version.pk, now=work.now())
        else:
            services.note_unreadable(actor=system(), version_id=version.pk, problem=refusal.code, now=work.now())
        return
    except Invalid as refusal:
        services.note_unreadable(actor=system(), version_id=version.pk, problem=refusal.code, now=work.now())
        return
    found = Digested(contents.files, contents.signature)
    services.note_digest(actor=system(), version_id=version.pk, found=found, now=work.now())


@errand("registries.probe")
def probe(work: Work, registry_id: str) -> None:
    """Test a registry for its administrators; that it does not answer is an answer too."""
    registry = selectors.registry(registry_id)
    if registry is None:
        return
    try:
        answer = MlflowRegistry(registry.uri).probe()
    except Refused as refusal:
        answer = {"error": refusal.code}
    services.note_probe(actor=system(), registry_id=registry.pk, answer=answer, now=work.now())
