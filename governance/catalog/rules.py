"""What a card says, which labels there are, and when a version may still change."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from audit.refusals import Invalid, Malformed

TEXTS = ("purpose", "out_of_scope_use", "affected_people", "owners", "limits", "oversight")
CARD_FIELDS = (*TEXTS[:4], "metrics_by_slice", *TEXTS[4:], "risk_tier")
RISK_TIERS = ("low", "medium", "high")
LONGEST_TEXT = 10_000
MOST_SLICES = 200
MOST_LABELS = 20
MOST_OWNERS = 20
LABEL = re.compile(r"\A[a-z0-9](?:[a-z0-9._:/-]{0,60}[a-z0-9])?\Z")


class VersionState(StrEnum):
    """What is known about a version's files."""

    NOTED = "noted"
    SEALED = "sealed"
    UNREADABLE = "unreadable"
    COMPROMISED = "compromised"


def read_card(raw: object) -> dict[str, Any]:
    """Return a card's fields, cleaned, empty ones left out.

    Texts are at most 10,000 characters; `metrics_by_slice` is a list of `{slice, metric, value}` whose values are
    decimal strings; `risk_tier` is low, medium or high. Refused: a field that a card does not have, a wrong type,
    too much, a number that is none, the same metric of the same slice twice.
    """
    if not isinstance(raw, Mapping):
        raise Malformed("catalog.card_shape", field="fields")
    unknown = sorted(map(str, set(raw) - set(CARD_FIELDS)))
    if unknown:
        raise Malformed("request.unknown_fields", fields=", ".join(unknown)[:200])
    found: dict[str, Any] = {field: _text(field, raw[field]) for field in TEXTS if raw.get(field)}
    if raw.get("risk_tier"):
        if raw["risk_tier"] not in RISK_TIERS:
            raise Invalid("catalog.risk_tier", tiers=", ".join(RISK_TIERS))
        found["risk_tier"] = raw["risk_tier"]
    if raw.get("metrics_by_slice"):
        found["metrics_by_slice"] = _slices(raw["metrics_by_slice"])
    return {field: value for field, value in found.items() if value}


def _text(field: str, value: object) -> str:
    if not isinstance(value, str) or "\x00" in value or re.search("[\ud800-\udfff]", value):
        raise Malformed("catalog.card_shape", field=field)
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    if len(text) > LONGEST_TEXT:
        raise Invalid("catalog.card_too_long", field=field, most=LONGEST_TEXT)
    return text


def _slices(value: object) -> list[dict[str, str]]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MOST_SLICES:
        raise Malformed("catalog.card_shape", field="metrics_by_slice")
    rows = [_slice(row) for row in value]
    named = {(row["slice"], row["metric"]) for row in rows}
    if len(named) != len(rows):
        raise Invalid("catalog.slice_twice")
    return rows


def _slice(row: object) -> dict[str, str]:
    if not isinstance(row, Mapping) or set(row) != {"slice", "metric", "value"}:
        raise Malformed("catalog.card_shape", field="metrics_by_slice")
    cells = {key: _text("metrics_by_slice", row[key])[:200] for key in ("slice", "metric", "value")}
    if not all(cells.values()) or not _is_number(cells["value"]):
        raise Invalid("catalog.slice_value", value=cells["value"][:40])
    return cells


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def card_gaps(fields: Mapping[str, Any]) -> list[str]:
    """Return the card's fields that are still empty, in the card's order; an empty list means complete."""
    return [field for field in CARD_FIELDS if not fields.get(field)]


def read_labels(raw: Sequence[str]) -> list[str]:
    """Return labels in lower case, sorted, each once.

    A label is 1 to 62 of `a-z 0-9 . _ : / -`, starting and ending with a letter or digit; at most 20 of them.
    """
    labels = sorted({label.strip().lower() for label in raw} - {""})
    wrong = [label for label in labels if not LABEL.match(label)]
    if wrong or len(labels) > MOST_LABELS:
        raise Invalid("catalog.bad_label", label=ascii(wrong[0])[:80] if wrong else "", most=MOST_LABELS)
    return labels


def slices_to_text(rows: Sequence[Mapping[str, str]]) -> str:
    """Return slice metrics as lines `slice | metric | value`, the way the form shows them."""
    return "\n".join(f"{row['slice']} | {row['metric']} | {row['value']}" for row in rows)


def slices_from_text(text: str) -> list[dict[str, str]]:
    """Return slice metrics from lines `slice | metric | value`; a line with other than three parts is refused."""
    rows = []
    for line in filter(str.strip, text.splitlines()):
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 3:
            raise Invalid("catalog.slice_line", line=line.strip()[:80])
        rows.append(dict(zip(("slice", "metric", "value"), cells, strict=True)))
    return rows


def state_after(state: str, known: str, seen: str) -> VersionState:
    """Return a version's state once its files were digested again.

    The first digest seals it; the same digest leaves it as it is; another one compromises it for good, for from then
    on nobody can tell which bytes were served in between.
    """
    if known and seen != known:
        return VersionState.COMPROMISED
    return VersionState.COMPROMISED if state == VersionState.COMPROMISED else VersionState.SEALED


@dataclass(frozen=True)
class Place:
    """A scope by id, and the ids of its ancestors, itself included."""

    scope: str
    above: Collection[str]


def place_of(current: Place, offered: Place, *, adopted: bool, by_registry: bool) -> str:
    """Return the id of the scope an asset belongs in when a second source names it.

    Somebody's adoption stands. Otherwise the deeper scope wins where one lies within the other, and where neither
    does the registry's, which an administrator chose. So it never matters which source came first.
    """
    deeper = current.scope in offered.above
    apart = not deeper and offered.scope not in current.above
    return offered.scope if not adopted and (deeper or (apart and by_registry)) else current.scope
