"""The register of personal data in a scope: what the scans of each dataset said, what people said of that, and which
approved models learned from it. As of a time, for whoever asks; never a value, nor the shape of one.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Q

from audit.actor import Actor
from governance.access import selectors as access
from governance.access.models import Scope, ScopeClosure
from governance.catalog import selectors as catalog
from governance.catalog.models import Asset
from governance.pii.history import standing_as_of
from governance.pii.models import ColumnVerdict, Finding, Flag
from governance.pii.selectors import Standing
from governance.reports import pdf, rules
from governance.reports.models import Report
from governance.reports.pdf import Document
from lineage.formats import guarded

SHAPE = 1
COLUMNS = (
    "scope", "namespace", "dataset", "verdict", "scanned_at", "column", "entity", "share", "low", "high", "state",
    "waived_until", "flagged_models",
)  # fmt: skip
ROWS = 1_000
"""How many findings stand on paper; the attachment has them all."""


def content(actor: Actor, report: Report) -> dict[str, Any]:
    """Return the register as `actor` may see it; refused when they do not see the scope."""
    scope = access.scope_seen_by(actor, report.subject)
    below = ScopeClosure.objects.filter(ancestor_id=scope.pk).values("descendant_id")
    assets = list(catalog.assets_for(actor, Asset.Kind.DATASET).filter(scope__in=below).order_by("namespace", "name"))
    stood = {each.dataset_id: each for each in standing_as_of(_places(assets), report.as_of)}
    flags = _flags(actor, stood, report)
    datasets = [_dataset(asset, stood.get(asset.lineage_dataset_id or 0), flags, report) for asset in assets]
    return {
        "report": {"kind": "pii", "shape": SHAPE, "as_of": report.as_of.isoformat(), "scope": scope.path},
        "totals": _totals(datasets),
        "datasets": datasets,
    }


def _places(assets: Iterable[Asset]) -> list[int]:
    return [asset.lineage_dataset_id for asset in assets if asset.lineage_dataset_id is not None]


def _flags(actor: Actor, datasets: Iterable[int], report: Report) -> dict[tuple[int, str, str], list[dict[str, Any]]]:
    """Return the flags that stood then on models `actor` may see, by dataset, column and entity."""
    then = Q(raised_at__lte=report.as_of) & (Q(cleared_at=None) | Q(cleared_at__gt=report.as_of))
    seen = catalog.assets_for(actor, Asset.Kind.MODEL).values("pk")
    rows = Flag.objects.filter(then, finding__dataset_id__in=list(datasets), asset__in=seen)
    found: dict[tuple[int, str, str], list[dict[str, Any]]] = {}
    for flag in rows.select_related("finding", "asset").order_by("asset__name", "pk"):
        one = {"id": str(flag.asset_id), "name": flag.asset.name, "since": flag.raised_at.isoformat()}
        found.setdefault((flag.finding.dataset_id, flag.finding.column, flag.finding.entity), []).append(one)
    return found


def _dataset(
    asset: Asset, stood: Standing | None, flags: Mapping[tuple[int, str, str], list[dict[str, Any]]], report: Report
) -> dict[str, Any]:
    about = {
        "id": str(asset.pk),
        "namespace": asset.namespace,
        "name": asset.name,
        "scope": asset.scope.path,
        "owners": [str(user.pk) for user in catalog.owners_of(asset)],
    }
    if stood is None or stood.scan_id is None:
        return {**about, "verdict": "unscanned", "scanned_at": None, "scan": None, "ruleset": None, "findings": []}
    shares = _shares(stood)
    states = dict.fromkeys(shares, "suggested") | _judged(stood, report)
    findings = [
        {
            "column": column,
            "entity": entity,
            **shares.get((column, entity), {"share": None, "low": None, "high": None}),
            "state": "waived" if until else states.get((column, entity), "suggested"),
            "waived_until": until.isoformat() if until else None,
            "flagged_models": flags.get((stood.dataset_id, column, entity), []),
        }
        for column, entity, until in stood.findings
    ]
    at = stood.scanned_at.isoformat() if stood.scanned_at else None
    known = {"verdict": stood.verdict, "scanned_at": at, "scan": str(stood.scan_id), "ruleset": stood.ruleset}
    return {**about, **known, "findings": findings}


def _shares(stood: Standing) -> dict[tuple[str, str], dict[str, Any]]:
    assert stood.scan_id is not None, "it was scanned"
    rows = ColumnVerdict.objects.filter(scan_id=stood.scan_id).values_list("path", "found")
    return {
        (path, one["type"]): {name: one[name] for name in ("share", "low", "high")}
        for path, found in rows
        for one in found
    }


def _judged(stood: Standing, report: Report) -> dict[tuple[str, str], str]:
    rows = Finding.objects.filter(dataset_id=stood.dataset_id, judged_at__lte=report.as_of)
    return {(column, entity): state for column, entity, state in rows.values_list("column", "entity", "state")}


def _totals(datasets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    verdicts: dict[str, int] = {}
    for one in datasets:
        verdicts[one["verdict"]] = verdicts.get(one["verdict"], 0) + 1
    found = [each for one in datasets for each in one["findings"]]
    models = {model["id"] for each in found for model in each["flagged_models"]}
    return {"datasets": len(datasets), "verdicts": verdicts, "findings": len(found), "flagged_models": len(models)}


def lines(told: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Return a line for each finding, and one for each dataset without any."""
    for one in told["datasets"]:
        head = [one["scope"], one["namespace"], one["name"], one["verdict"], one["scanned_at"]]
        for each in one["findings"] or [{}]:
            models = ", ".join(model["name"] for model in each.get("flagged_models", ()))
            yield [*head, *(each.get(name) for name in COLUMNS[5:12]), models]


def as_csv(told: Mapping[str, Any]) -> bytes:
    """Return the lines as CSV: RFC 4180, UTF-8, guarded cells."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for line in lines(told):
        writer.writerow([guarded("" if cell is None else cell) for cell in line])
    return out.getvalue().encode()


def document(report: Report, told: Mapping[str, Any], whole: bytes) -> Document:
    """Return the register as a document, with its JSON attached."""
    every = list(lines(told))
    rows = [dict(zip(COLUMNS, map(_text, line), strict=True)) for line in every[:ROWS]]
    data = {
        "report": told["report"],
        "totals": [[name, str(number)] for name, number in sorted(told["totals"]["verdicts"].items())],
        "counts": {name: told["totals"][name] for name in ("datasets", "findings", "flagged_models")},
        "rows": rows,
        "left_out": max(0, len(every) - ROWS),
        "at-text": f"As of {report.as_of.isoformat()}",
    }
    return Document(
        "register", f"Register of personal data, {report.title}", report.as_of, data, ("register.json", whole)
    )


def _text(value: Any) -> str:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def subjects_for(actor: Actor) -> list[Scope]:
    """Return the scopes that `actor` may export from, by path."""
    return list(catalog.scopes_for(actor, "export"))


def body(actor: Actor, report: Report) -> bytes:
    """Return the register in the format that was asked for, as `actor` may see it."""
    told = content(actor, report)
    if report.format == "csv":
        return as_csv(told)
    whole = rules.as_json(told)
    return pdf.made(document(report, told, whole)) if report.format == "pdf" else whole
