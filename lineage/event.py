"""What an OpenLineage event says, understood leniently.

Producers in the wild send naive times, nanoseconds, run ids that are not UUIDs, NaN and facets of the wrong type.
Whatever can be understood is kept and a warning says what was odd; an event is refused only when it names neither a
job nor a dataset.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from audit.refusals import Malformed
from lineage.naming import key
from lineage.seen import DatasetSeen, Facets, JobSeen, RunSeen, once, recall

RUN_IDS = UUID("6f1a1c3e-8f0b-5c5e-9a3e-2d1f0c7b4a55")
"""Name space of the UUIDv5 that stands for a run id which is not a UUID."""

STATES = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ODD_ESCAPES = re.compile(
    rf"\\u(?:0000|[dD](?:(?<=\\\\u[dD])|[89abAB][0-9a-fA-F]{{2}}(?!{_LOW})|[c-fC-F][0-9a-fA-F]{{2}}(?<!{_HIGH}{_LOW})))"
)
"""Escapes of NUL, of half a surrogate pair without the other half, and what may hide one behind a backslash."""
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Event:
    """One OpenLineage event. `at` is None when the event carries no time that can be read."""

    kind: str
    at: datetime | None
    state: str
    job: JobSeen | None
    run: RunSeen | None
    inputs: tuple[DatasetSeen, ...]
    outputs: tuple[DatasetSeen, ...]
    producer: str
    warnings: tuple[str, ...]

    @property
    def declares(self) -> bool:
        """Whether it states lineage as a whole (a JobEvent or DatasetEvent), so that it replaces what was stated."""
        return self.kind != "run"


def decode(body: bytes) -> tuple[Any, list[str]]:
    """Read the JSON text of one request, and say what had to be mended.

    NaN and the infinities become null, NUL characters go, lone surrogates and broken UTF-8 become U+FFFD.
    Refused: what is not JSON, or nests deeper than the reader can follow.
    """
    warnings: list[str] = []
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
        warnings.append("text.not_utf8")
    if "\x00" in text:
        text = text.replace("\x00", "")
        warnings.append("text.nul")
    numbers: list[str] = []

    def no_number(name: str) -> None:
        numbers.append(name)

    try:
        value = json.loads(text, parse_constant=no_number)
        odd = "\\u" in text and _ODD_ESCAPES.search(text)
        value = _mend(value, warnings) if odd else value
    except (ValueError, RecursionError) as problem:
        raise Malformed("lineage.not_json") from problem
    if numbers:
        warnings.append("number.not_finite")
    return value, list(dict.fromkeys(warnings))


def canonical(value: Any) -> str:
    """Return the one text that stands for `value`: sorted keys, no spaces, characters as themselves.

    Numbers too large for a double (`1e400`) become null, as JSON has no word for infinity.
    """
    try:
        return _dump(value)
    except ValueError:
        return _dump(_finite(value))


def understand(value: Any, warnings: list[str] | None = None) -> Event:
    """Return what `value`, one decoded and redacted event, says.

    Refused: what is not an object, and what names neither a job nor a dataset.
    """
    notes = list(warnings or ())
    if not isinstance(value, dict):
        raise Malformed("lineage.not_an_object")
    job = _job(value.get("job"), notes)
    dataset = _dataset(value.get("dataset"), notes, "dataset")
    inputs = _datasets(value.get("inputs"), "inputs", notes)
    outputs = _datasets(value.get("outputs"), "outputs", notes)
    if job is None and dataset is not None:
        inputs, outputs = (), (dataset,)
    elif job is None and not inputs and not outputs:
        raise Malformed("lineage.nothing_identified")
    run = _run(value.get("run"), job, notes) if job is not None else None
    kind = "run" if run else "job" if job else "dataset"
    return Event(
        kind=kind,
        at=moment(value.get("eventTime"), notes),
        state=_state(value.get("eventType"), kind, notes),
        job=job,
        run=run,
        inputs=inputs,
        outputs=outputs,
        producer=_producer(value, notes),
        warnings=tuple(dict.fromkeys(notes)),
    )


def moment(value: Any, notes: list[str]) -> datetime | None:
    """Return the time that `value` says, in UTC and whole microseconds.

    A time without a zone is taken as UTC, finer digits are cut off; both are noted.
    """
    if not isinstance(value, str):
        notes.append("time.missing")
        return None
    try:
        found = datetime.fromisoformat(value.strip().replace("z", "Z"))
        if found.tzinfo is None:
            notes.append("time.no_zone")
            found = found.replace(tzinfo=UTC)
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        notes.append("time.unreadable")
        return None
    if re.search(r"\.\d{7,}", value):
        notes.append("time.finer_than_microseconds")
    return found


def run_uuid(given: str, job: JobSeen | None) -> UUID:
    """Return the UUID of the run that a producer calls `given`: itself, or a UUIDv5 of job and id when it is none."""
    try:
        return UUID(given)
    except ValueError:
        owner = f"{job.namespace}\n{job.name}" if job else ""
        return uuid5(RUN_IDS, f"{owner}\n{given}")


def run_of(seen: Event, at: datetime) -> UUID | None:
    """Return the UUID of the run an event belongs to; what is said of a job alone belongs to a run that is declared."""
    if seen.run:
        return seen.run.uuid
    return declared_run(seen.job, at) if seen.job else None


def declared_run(job: JobSeen, at: datetime) -> UUID:
    """Return the UUID of the run that stands for what is said of a job alone at a time."""
    return uuid5(RUN_IDS, f"declared\n{key('job', job.namespace, job.name)}\n{at.isoformat()}")


@once
def parent_of(run: RunSeen) -> UUID | None:
    """Return the run that `run` says it belongs to."""
    return _run_named(objects(run.facets.get("parent")))


@once
def root_of(run: RunSeen) -> UUID | None:
    """Return the outermost run that `run` says it belongs to."""
    return _run_named(objects(objects(run.facets.get("parent")).get("root")))


def _run_named(place: Mapping[str, Any]) -> UUID | None:
    given = objects(place.get("run")).get("runId")
    if not isinstance(given, str) or not given:
        return None
    return run_uuid(given, _job(place.get("job"), []))


def objects(value: Any) -> dict[str, Any]:
    """Return `value` when it is a JSON object, and an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return `value` when it is a JSON array, and an empty one otherwise."""
    return value if isinstance(value, list) else []


def _job(value: Any, notes: list[str]) -> JobSeen | None:
    found = objects(value)
    return recall(_job_seen, found, notes) if _has_name(found) else None


def _job_seen(found: Mapping[str, Any], notes: list[str]) -> JobSeen:
    return JobSeen(_namespace(found, notes), found["name"], *_facets(found.get("facets"), notes))


def _dataset(value: Any, notes: list[str], place: str) -> DatasetSeen | None:
    found = objects(value)
    if _has_name(found):
        return recall(_dataset_seen, found, notes)
    if value is not None:
        notes.append(f"{place}.no_name")
    return None


def _dataset_seen(found: Mapping[str, Any], notes: list[str]) -> DatasetSeen:
    namespace = _namespace(found, notes)
    io = {
        name: facet
        for slot in ("inputFacets", "outputFacets")
        for name, facet in _facets(found.get(slot), notes)[0].items()
    }
    kept, gone = _facets(found.get("facets"), notes)
    return DatasetSeen(namespace, found["name"], kept, io, gone)


def _has_name(found: Mapping[str, Any]) -> bool:
    name = found.get("name")
    return isinstance(name, str) and name != ""


def _datasets(value: Any, place: str, notes: list[str]) -> tuple[DatasetSeen, ...]:
    if value is not None and not isinstance(value, list):
        notes.append(f"{place}.not_a_list")
    seen = (_dataset(one, notes, place) for one in items(value))
    return tuple(one for one in seen if one is not None)


def _namespace(found: Mapping[str, Any], notes: list[str]) -> str:
    namespace = found.get("namespace")
    if isinstance(namespace, str) and namespace:
        return namespace
    notes.append("namespace.missing")
    return "default"


def _facets(value: Any, notes: list[str]) -> tuple[Facets, tuple[str, ...]]:
    """Return the facets that are objects, and the names of those that are marked as deleted."""
    found = objects(value)
    kept = {name: facet for name, facet in found.items() if isinstance(facet, dict)}
    if len(kept) < len(found):
        notes.append("facet.not_an_object")
    gone = tuple(name for name, facet in kept.items() if facet.get("_deleted") is True)
    return {name: facet for name, facet in kept.items() if name not in gone}, gone


def _run(value: Any, job: JobSeen | None, notes: list[str]) -> RunSeen | None:
    if value is None:
        return None
    found = objects(value)
    given = found.get("runId")
    if not isinstance(given, str) or not given:
        notes.append("run.no_id")
        return None
    uuid = run_uuid(given, job)
    if str(uuid) != given.lower():
        notes.append("run.id_not_uuid")
    return RunSeen(uuid, given, *recall(_of_run, found.get("facets"), notes))


def _of_run(value: Any, notes: list[str]) -> tuple[Facets, dict[Any, Any]]:
    return _facets(value, notes)[0], {}


def _state(value: Any, kind: str, notes: list[str]) -> str:
    if kind != "run" or value is None:
        return "OTHER"
    state = value.upper() if isinstance(value, str) else ""
    if state not in STATES:
        notes.append("state.unknown")
        return "OTHER"
    return state


def _producer(value: Mapping[str, Any], notes: list[str]) -> str:
    producer = value.get("producer")
    if not isinstance(producer, str) or "://" not in producer:
        notes.append("producer.not_a_uri")
    if not isinstance(value.get("schemaURL"), str):
        notes.append("schema_url.missing")
    return producer if isinstance(producer, str) else ""


def _dump(value: Any) -> str:
    return _CANONICAL.encode(value)


def _mend(value: Any, notes: list[str]) -> Any:
    """Take NUL characters out of every text and put U+FFFD where half a surrogate pair stands."""
    if isinstance(value, str):
        mended = value.replace("\x00", "")
        if mended != value:
            notes.append("text.nul")
        whole = _SURROGATES.sub("\ufffd", mended)
        if whole != mended:
            notes.append("text.lone_surrogate")
        return whole
    if isinstance(value, list):
        return [_mend(one, notes) for one in value]
    if isinstance(value, dict):
        return {_mend(key, notes): _mend(one, notes) for key, one in value.items()}
    return value


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_finite(one) for one in value]
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return value
