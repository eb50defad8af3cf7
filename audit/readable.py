"""An entry in a form people read: the pages its subjects have, what changed, and the facts beside it."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KEY = re.compile(r"PR-[1-9][0-9]{0,17}", re.ASCII)
PAGES = {
    "dataset": "/datasets/{}",
    "group": "/access/groups/{}",
    "model": "/models/{}",
    "person": "/access/people/{}",
    "report": "/reports/{}",
    "scan": "/scans/{}",
    "waiver": "/waivers/{}",
}
"""Where subjects of a kind are shown, by their id."""
AFTER = ("after", "labels", "role", "keys", "digest", "size", "state")
"""What `before` is the earlier value of, the first of these that is there."""


class Change(NamedTuple):
    """A value that was another before."""

    name: str
    before: str
    after: str


def page_of(subject: str, subjects: Sequence[str], about: Mapping[str, Any]) -> str:
    """The address of a subject's own page, or nothing where it has none or the entry does not lead there."""
    kind, _, pk = subject.partition(":")
    if kind == "promotion":
        key = str(about.get("key", ""))
        alone = sum(each.startswith("promotion:") for each in subjects) == 1
        return f"/approvals/{key}" if alone and _KEY.fullmatch(key) else ""
    if kind == "lineage_event":
        return f"/lineage/event?digest={pk}" if _DIGEST.fullmatch(pk) else ""
    if not _ID.fullmatch(pk):
        return ""
    if kind == "model_version":
        model = _model(subjects)
        return f"/models/{model}/versions/{pk}" if model else ""
    if kind == "asset":
        return PAGES["model"].format(pk) if _model(subjects) else ""
    return PAGES[kind].format(pk) if kind in PAGES else ""


def _model(subjects: Sequence[str]) -> str:
    """The model that the version among the subjects belongs to."""
    versions = [each for each in subjects if each.startswith("model_version:")]
    models = [each.partition(":")[2] for each in subjects if each.startswith(("model:", "asset:"))]
    return models[0] if versions and len(models) == 1 and _ID.fullmatch(models[0]) else ""


def read(about: Mapping[str, Any]) -> tuple[list[Change], list[tuple[str, str]]]:
    """What changed in an entry's details, and the rest as names and values, all of it as text."""
    rest, changes = dict(about), []
    for before, afters in (("before", AFTER), ("from", ("to",))):
        after = next((each for each in afters if each in rest), None)
        if before in rest and after:
            name = "" if after in {"after", "to"} else after
            changes.append(Change(_words(name), _text(rest.pop(before)), _text(rest.pop(after))))
    return changes, [(_words(name), _text(value)) for name, value in rest.items()]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
