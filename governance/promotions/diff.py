"""What is different between the version that runs now and the one that would take its place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from governance.policies.evidence import lower_is_better, number
from governance.policies.rules import Check


@dataclass(frozen=True)
class Change:
    """One thing with its value before and after; empty where it was not there."""

    name: str
    before: str
    after: str

    @property
    def same(self) -> bool:
        """Whether nothing changed."""
        return self.before == self.after


@dataclass(frozen=True)
class Metric:
    """One metric before and after: the difference, its threshold, and whether it got better, worse or neither."""

    name: str
    before: str
    after: str
    delta: str
    threshold: str
    lower: bool
    course: str


def mapping(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return what differs between two mappings, by name."""
    names = sorted({*before, *after})
    found = [Change(name, str(before.get(name, "")), str(after.get(name, ""))) for name in names]
    return [change for change in found if not change.same]


def metrics(before: Mapping[str, Any], after: Mapping[str, Any], checks: Iterable[Check]) -> list[Metric]:
    """Return every metric that either version has or a threshold asks for, those with a threshold first."""
    asked = {name: str(value) for check in checks for name, value in check.minimum}
    known = {*before, *after}
    names = sorted(known, key=lambda name: (name not in asked, name))
    return [_metric(name, before.get(name), after.get(name), asked.get(name, "")) for name in names]


def _metric(name: str, old: Any, new: Any, threshold: str) -> Metric:
    was, now = number(old), number(new)
    delta = now - was if was is not None and now is not None else None
    lower = lower_is_better(name)
    course = "same" if not delta else "better" if (delta < 0) == lower else "worse"
    return Metric(
        name=name,
        before="" if was is None else str(was),
        after="" if now is None else str(now),
        delta="" if delta is None else f"{delta:+}",
        threshold=threshold,
        lower=lower,
        course="" if delta is None else course,
    )


def columns(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return a schema's columns as `section: name` with their type; what has no name is numbered."""
    found = {}
    for section, listed in schema.items():
        for place, column in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(column, Mapping):
                found[f"{section}: {column.get('name') or place}"] = str(column.get("type", ""))
    return found


def datasets(inputs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the datasets a run read by name, each with the digest it had."""
    return {str(each.get("name", "")): str(each.get("digest", "")) for each in inputs}
