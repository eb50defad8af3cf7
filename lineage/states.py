"""Reads of the states a dataset was in, and of who said what a model version was made from."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lineage import naming
from lineage.models import Dataset, DatasetVersion, RawEvent, Run, RunIO


@dataclass(frozen=True, slots=True)
class Teller:
    """A principal whose events speak of the runs that wrote a version, and when the first of them came."""

    principal_id: UUID
    since: datetime


def tellers_of(namespace: str, name: str, version: str) -> list[Teller]:
    """Return who told what the runs that wrote this version read and wrote, the first to tell first."""
    key = naming.key("dataset", namespace, naming.model_name(namespace, name))
    wrote = RunIO.objects.filter(dataset__key=key, direction="out", version=version).values("run_id")
    runs = Run.objects.filter(pk__in=wrote).values("uuid")
    found: dict[UUID, datetime] = {}
    rows = RawEvent.objects.filter(run_uuid__in=runs).order_by("received_at", "pk")
    for principal, at in rows.values_list("principal_id", "received_at"):
        found.setdefault(principal, at)
    return [Teller(principal, at) for principal, at in found.items()]


def dataset_at(namespace: str, name: str) -> Dataset | None:
    """Return the dataset of that name; an address may give its path with or without the leading slash."""
    keys = [naming.key("dataset", namespace, each) for each in (name, f"/{name.lstrip('/')}", name.lstrip("/"))]
    return Dataset.objects.filter(key__in=keys).order_by("pk").first()


def version_at(dataset: int, at: datetime) -> str:
    """Return the version that was named last by then, or an empty text."""
    named = RunIO.objects.filter(dataset_id=dataset, first_seen__lte=at).exclude(version="")
    return named.order_by("-first_seen", "-pk").values_list("version", flat=True).first() or ""


def newest_version(dataset: int) -> str:
    """Return the version that was named last, or an empty text."""
    named = RunIO.objects.filter(dataset_id=dataset).exclude(version="")
    return named.order_by("-first_seen", "-pk").values_list("version", flat=True).first() or ""


def first_named(dataset: int, version: str) -> datetime | None:
    """Return when that version of the dataset was named first."""
    named = DatasetVersion.objects.filter(dataset_id=dataset, version=version)
    return named.order_by("first_seen").values_list("first_seen", flat=True).first()


def written(dataset: int, after: datetime, until: datetime | None = None, but_by: int = 0) -> bool:
    """Return whether a run other than `but_by` ended writing the dataset after one moment and not after the other."""
    writes = RunIO.objects.filter(dataset_id=dataset, direction="out", last_seen__gt=after).exclude(run_id=but_by)
    return (writes.filter(last_seen__lte=until) if until else writes).exists()
