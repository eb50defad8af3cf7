"""`/metrics`: how Attestry is, as numbers in Prometheus' text format."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from audit import delivery
from audit import selectors as audit
from audit.actor import require
from audit.doors import actor_of, now_of
from governance.registries import selectors as registries
from jobs import selectors as jobs
from jobs.models import Job
from lineage import follow

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
ONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Gauge:
    """A number with its name, what it tells, and its values by label."""

    name: str
    tells: str
    values: Sequence[tuple[Mapping[str, str], float]]

    def written(self) -> str:
        """The gauge in Prometheus' text format."""
        lines = [f"# HELP attestry_{self.name} {self.tells}", f"# TYPE attestry_{self.name} gauge"]
        lines += [f"attestry_{self.name}{_labels(labels)} {value:.15g}" for labels, value in self.values]
        return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    told = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{told}}}" if told else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Answer the numbers, to those who audit or administer the whole organisation."""
    actor = actor_of(request)
    if not audit.whole_log(actor):
        require(actor, "admin", None)
    text = "".join(gauge.written() for gauge in gauges(now_of(request)) if gauge.values)
    return HttpResponse(text, content_type=FORMAT)


def gauges(now: datetime) -> Iterator[Gauge]:
    """Everything there is to watch, as of `now`."""
    version = str(settings.SPECTACULAR_SETTINGS["VERSION"])
    yield Gauge("build_info", "Version and database.", [({"version": version, "database": connection.vendor}, 1)])
    yield from _log(now)
    yield from _work(now)
    yield from _lineage(now)
    yield from _others(now)


def _log(now: datetime) -> Iterator[Gauge]:
    health, last = audit.health(now), audit.last_verification()
    yield Gauge("log_well", "1 while entries get their numbers and checkpoints in time.", [(ONE, health.well)])
    yield Gauge("log_entries", "Entries that have their number.", [(ONE, health.numbered)])
    yield Gauge("log_published_entries", "Entries under the newest checkpoint.", [(ONE, health.published)])
    yield Gauge("log_waiting_entries", "Entries that wait for their number.", [(ONE, health.waiting)])
    yield Gauge(
        "log_waiting_seconds", "How long the oldest of them has waited.", [(ONE, _age(now, health.oldest_at) or 0)]
    )
    yield Gauge("log_checkpoint_age_seconds", "Age of the newest checkpoint.", _known(_age(now, health.published_at)))
    yield Gauge(
        "log_verified_age_seconds", "Age of the last verification.", _known(_age(now, last.at if last else None))
    )
    yield Gauge("log_verified_faults", "Faults the last verification found.", _known(last.faults if last else None))


def _work(now: datetime) -> Iterator[Gauge]:
    counts = jobs.counts()
    states = [state.value for state in Job.State if state != Job.State.DONE]
    yield Gauge("jobs", "Jobs that are not done, by state.", [({"state": one}, counts.get(one, 0)) for one in states])
    yield Gauge(
        "workers", "Workers that gave a sign of life in the last half minute.", [(ONE, jobs.workers_alive(now))]
    )


def _lineage(now: datetime) -> Iterator[Gauge]:
    backlog = follow.backlog()
    yield Gauge("lineage_waiting_events", "Kept events that the tables do not say yet.", [(ONE, backlog.events)])
    yield Gauge(
        "lineage_waiting_seconds", "How long the oldest of them has waited.", [(ONE, _age(now, backlog.oldest_at) or 0)]
    )
    yield Gauge("lineage_stuck_events", "Kept events that could not be projected.", [(ONE, follow.stuck())])


def _others(now: datetime) -> Iterator[Gauge]:
    yield Gauge("registries_away", "Registries that do not answer as they should.", [(ONE, registries.away())])
    sinks = delivery.states()
    owed = [({"sink": each.name}, each.owed) for each in sinks]
    away = [({"sink": each.name}, _age(now, each.away_since) or 0) for each in sinks]
    yield Gauge("sink_owed_entries", "Published entries a collector does not have yet.", owed)
    yield Gauge("sink_away_seconds", "How long a collector has been away.", away)


def _age(now: datetime, at: datetime | None) -> float | None:
    return None if at is None else max((now - at).total_seconds(), 0)


def _known(value: float | None) -> list[tuple[Mapping[str, str], float]]:
    return [] if value is None else [(ONE, value)]
