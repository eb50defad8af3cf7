"""A lineage report as a document for people: what of it stands on paper, and how much. Values in, values out.

Long lists and texts are cut here, and say so; the report itself travels in the document whole.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from governance.reports.pdf import Document, printable

NODES = 120
"""A graph of more nodes is no picture on a page any more."""
ROWS = {
    "datasets": 200,
    "transformations": 200,
    "quality": 300,
    "evidence": 1_000,
    "downstream": 300,
    "gaps": 300,
    "personal_data": 200,
}
"""How many rows of each part stand on paper."""
TEXT = 400
"""How many characters of a list of columns or parameters stand on paper."""
Content = Mapping[str, Any]


def document(title: str, at: datetime, content: Content, whole: bytes, picture: str) -> Document:
    """Return a report as a document; `whole` is its JSON, which is attached, and `picture` its graph as SVG."""
    nodes = len(content["graph"]["nodes"])
    kept = {part: content[part][:most] for part, most in ROWS.items()}
    left = {part: len(content[part]) - most for part, most in ROWS.items() if len(content[part]) > most}
    data = {
        **kept,
        "report": content["report"],
        "subject": content["subject"],
        "at-text": f"As of {at.isoformat()}",
        "nodes": nodes,
        "picture": 0 < nodes <= NODES,
        "datasets": [_dataset(one) for one in kept["datasets"]],
        "transformations": [_step(one) for one in kept["transformations"]],
        "downstream": [f"{one['type']} {one['namespace']} {one['name']}" for one in kept["downstream"]],
        "findings": _findings(content["datasets"]),
        "personal_data": [_path(one) for one in kept["personal_data"]],
        "left_out": sorted(left.items()),
    }
    drawn = picture.replace("system-ui, sans-serif", "Libertinus Serif")
    files = {"picture.svg": printable(drawn).encode()}
    return Document("lineage", f"Lineage of {title}", at, data, ("lineage.json", whole), files)


def _dataset(one: Content) -> dict[str, Any]:
    names = [str(each.get("name")) for each in one["schema"] or () if isinstance(each, Mapping)]
    return {**one, "schema": None, "columns": _cut(", ".join(names), TEXT)}


def _step(one: Content) -> dict[str, Any]:
    said = {name: _cut(_listed(one.get(name)), TEXT) for name in ("code", "engine", "parameters")}
    return {**one, **said, "error": _cut(one.get("error") or "", TEXT), "sql": one.get("sql") or ""}


def _findings(datasets: Sequence[Content]) -> list[dict[str, Any]]:
    return [{"dataset": one["name"], **found} for one in datasets for found in one["pii"]["findings"]][
        : ROWS["quality"]
    ]


def _path(one: Content) -> dict[str, Any]:
    reached = [f"{to['name']} {to['column'] or '*'}{' (masked)' if to['masked'] else ''}" for to in one["reaches"]]
    return {"from": f"{one['name']} {one['column']}", "entity": one["entity"], "to": _cut("; ".join(reached), TEXT)}


def _listed(values: Mapping[str, Any] | None) -> str:
    return ", ".join(f"{name} {value}" for name, value in (values or {}).items())


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} … ({len(text) - most} more characters)"
