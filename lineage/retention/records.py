"""Removing lineage that is past its time, inside the service's transaction; nothing else in the house may."""

from collections.abc import Sequence
from datetime import datetime

from lineage.models import Check, Facet, Metric, RawEvent, RemovedEvent, Run, RunIO, Tag

_SAME = ("sha256", "size", "kind", "at", "received_at", "run_uuid", "scope_id", "warnings", "redacted")


def remove_events(rows: Sequence[RawEvent], entry: int, now: datetime) -> None:
    """Remove raw events, and remember what they were and under which entry they went."""
    gone = [
        RemovedEvent(**{name: getattr(raw, name) for name in _SAME}, removed_at=now, entry_id=entry) for raw in rows
    ]
    RemovedEvent.objects.bulk_create(gone)
    RawEvent.objects.filter(pk__in=[raw.pk for raw in rows]).delete()


def remove_runs(pks: Sequence[int]) -> None:
    """Remove runs with what they read, wrote and reported; the steps between jobs and datasets stay."""
    used = list(RunIO.objects.filter(run_id__in=pks).values_list("pk", flat=True))
    Facet.objects.filter(about__in=("in", "out"), about_id__in=used).delete()
    for model in (Facet, Tag):
        model._default_manager.filter(about="run", about_id__in=pks).delete()
    for rows in (Check, Metric, RunIO):
        rows._default_manager.filter(run_id__in=pks).delete()
    Run.objects.filter(pk__in=pks).delete()
