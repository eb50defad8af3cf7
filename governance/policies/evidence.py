"""Weighing evidence: facts in, one result per check out.

Each result carries only the facts it was judged on, so its digest changes exactly when something a reviewer would
want to look at again has changed: not when a dataset was scanned once more with the same outcome.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from governance.policies.canonical import digest
from governance.policies.rules import LOWER_IS_BETTER, Body, Check, Words, gettext_noop
from governance.policies.sources import Compared

RESULTS = ("pass", "waived", "warn", "missing", "fail")
CLEAN = ("clean_full", "clean_sampled")
LARGEST_EXPONENT = 400
"""No float is larger; beyond it arithmetic overflows."""
_ = gettext_noop


@dataclass(frozen=True)
class Scanned:
    """What is known about personal data in one dataset; a finding is (column, entity, waived until or None)."""

    dataset: str
    verdict: str
    findings: tuple[tuple[str, str, datetime | None], ...] = ()
    scan: str = ""
    at: datetime | None = None
    namespace: str = ""
    why: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything the checks look at, copied from the rooms that own it."""

    manifest_digest: str = ""
    files: int = 0
    compromised: bool = False
    metrics: Mapping[str, str] = field(default_factory=dict)
    baseline: Mapping[str, str] = field(default_factory=dict)
    has_baseline: bool = False
    baseline_unknown: bool = False
    lineage_complete: bool = False
    reads_known: bool = True
    accounts: Compared = field(default_factory=Compared)
    told_by: Sequence[str] = ()
    sources: Sequence[str] = ()
    gaps: Sequence[str] = ()
    read: Sequence[Scanned] = ()
    upstream: Sequence[Scanned] = ()
    card_revision: int = 0
    card_gaps: Sequence[str] = ()


@dataclass(frozen=True)
class Result:
    """The outcome of one check, the facts behind it, and until when it can stand."""

    check: str
    klass: str
    result: str
    blocks: bool
    detail: Mapping[str, Any]
    valid_until: datetime | None = None

    @property
    def digest(self) -> str:
        """The digest of what was judged and how."""
        return digest({"check": self.check, "result": self.result, "blocks": self.blocks, "detail": self.detail})

    @property
    def failing(self) -> bool:
        """Whether this alone stops an approval."""
        return self.blocks and self.result in ("fail", "missing")


def evaluate(body: Body, facts: Facts, now: datetime) -> list[Result]:
    """Return one result per check the policy asks for, in its order; a check that only warns never fails."""
    return [_softened(check, _weigh(check, facts, now)) for check in body.checks]


def worst(results: Sequence[str]) -> str:
    """Return the result that matters most; nothing at all is `missing`."""
    return max(results, key=RESULTS.index, default="missing")


def _softened(check: Check, outcome: tuple[str, dict[str, Any], datetime | None]) -> Result:
    result, detail, valid_until = outcome
    if not check.blocks and result in ("fail", "missing"):
        result = "warn"
    return Result(check.name, check.klass, result, check.blocks, detail, valid_until)


def _artifact(facts: Facts) -> tuple[str, dict[str, Any], None]:
    result = "pass" if facts.manifest_digest else "missing"
    detail = {"manifest_digest": facts.manifest_digest, "files": facts.files}
    return "fail" if facts.compromised else result, detail, None


def _metrics(check: Check, facts: Facts) -> tuple[str, dict[str, Any], None]:
    rows = []
    for name, least in check.minimum:
        if name in facts.metrics:
            value = number(facts.metrics[name])
            result = "pass" if value is not None and _reaches(name, value, least) else "fail"
            shown = str(facts.metrics[name])[:40] if value is None else str(value)
            rows.append({"name": name, "value": shown, "threshold": str(least), "result": result})
    return worst([row["result"] for row in rows]), {"metrics": rows}, None


def _baseline(check: Check, facts: Facts) -> tuple[str, dict[str, Any], None]:
    if not facts.has_baseline:
        return (
            "missing" if facts.baseline_unknown else "pass",
            {"baseline": facts.baseline_unknown, "metrics": []},
            None,
        )
    rows = [
        {
            "name": name,
            "value": str(facts.metrics.get(name, ""))[:40],
            "before": before[:40],
            "result": _held(name, facts.metrics.get(name), before, check.tolerance),
        }
        for name, before in sorted(facts.baseline.items())
        if number(before) is not None
    ]
    common = {row["name"] for row in rows} & set(facts.metrics)
    detail = {"baseline": True, "tolerance": str(check.tolerance), "metrics": rows}
    return worst([row["result"] for row in rows]) if common else "missing", detail, None


def _held(name: str, now: str | None, before: str, tolerance: Decimal) -> str:
    """Compare one metric with what runs now: what is no longer recorded warns, what is no number fails."""
    value, was = number(now), number(before)
    if now is None or was is None:
        return "warn"
    if value is None:
        return "fail"
    loss = value - was if lower_is_better(name) else was - value
    return "fail" if loss > tolerance else "pass"


def _lineage(facts: Facts) -> tuple[str, dict[str, Any], None]:
    said = {**facts.accounts.detail(), "told_by": sorted(facts.told_by)}
    detail = {"sources": sorted(facts.sources), "gaps": sorted(facts.gaps), **said}
    if not facts.lineage_complete and not facts.sources and not facts.gaps:
        return "missing", detail, None
    if not facts.lineage_complete or not facts.sources or not facts.accounts.agree:
        return "fail", detail, None
    return "warn" if facts.accounts.unplaced else "pass", detail, None


def _card(facts: Facts) -> tuple[str, dict[str, Any], None]:
    detail = {"revision": facts.card_revision, "gaps": sorted(facts.card_gaps)}
    if not facts.card_revision:
        return "missing", detail, None
    return "fail" if facts.card_gaps else "pass", detail, None


def _weigh(check: Check, facts: Facts, now: datetime) -> tuple[str, dict[str, Any], datetime | None]:
    match check.name:
        case "artifact":
            return _artifact(facts)
        case "metrics":
            return _metrics(check, facts)
        case "baseline":
            return _baseline(check, facts)
        case "lineage":
            return _lineage(facts)
        case "pii":
            return _at_least(_scans(facts.read, now), known=facts.reads_known)
        case "pii_upstream":
            found = _scans(facts.upstream, now) if facts.upstream else ("pass", {"datasets": []}, None)
            return _at_least(found, known=facts.lineage_complete)
    return _card(facts)


def _at_least(
    outcome: tuple[str, dict[str, Any], datetime | None], *, known: bool
) -> tuple[str, dict[str, Any], datetime | None]:
    """What is not known to be everything is missing something, however well the rest stands."""
    result, detail, until = outcome
    return outcome if known else (worst([result, "missing"]), {**detail, "unknown": True}, until)


def _scans(datasets: Sequence[Scanned], now: datetime) -> tuple[str, dict[str, Any], datetime | None]:
    rows: list[dict[str, Any]] = []
    until: list[datetime] = []
    for scanned in sorted(datasets, key=lambda each: (each.dataset, each.namespace)):
        findings = []
        for column, entity, waived in sorted(scanned.findings, key=lambda each: each[:2]):
            held = waived is not None and waived > now
            findings.append({"column": column, "entity": entity, "waived": held})
            until += [waived] if held and waived is not None else []
        rows.append(
            {
                "dataset": scanned.dataset,
                "namespace": scanned.namespace,
                "why": scanned.why,
                "verdict": scanned.verdict,
                "findings": findings,
                "result": _scan_result(scanned.verdict, [bool(each["waived"]) for each in findings]),
            }
        )
    return worst([str(row["result"]) for row in rows]), {"datasets": rows}, min(until, default=None)


def _scan_result(verdict: str, waived: Sequence[bool]) -> str:
    if verdict in CLEAN and not waived:
        return "pass"
    if verdict == "unscanned":
        return "missing"
    if verdict in (*CLEAN, "findings") and waived and all(waived):
        return "waived"
    return "fail"


def number(value: object) -> Decimal | None:
    """Return a metric's value as a decimal; what is not a finite number counts as not recorded."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) < LARGEST_EXPONENT else None


def lower_is_better(name: str) -> bool:
    """Whether a smaller value of this metric is the better one, by the name it usually has."""
    parts = name.casefold().replace("-", "_")
    return any(parts == each or parts.endswith(f"_{each}") for each in LOWER_IS_BETTER)


def _reaches(name: str, value: Decimal, threshold: Decimal) -> bool:
    return value <= threshold if lower_is_better(name) else value >= threshold


TITLES = {
    "artifact": _("The model's files"),
    "metrics": _("Metrics against thresholds"),
    "baseline": _("Metrics against what runs now"),
    "lineage": _("Lineage back to a source"),
    "pii": _("Personal data in the training datasets"),
    "pii_upstream": _("Personal data further upstream"),
    "card": _("Model card"),
}


def findings_of(result: str, check: str, detail: Mapping[str, Any]) -> Words:
    """Return in one sentence what a check found."""
    if check == "baseline" and not detail.get("baseline"):
        return Words(_("Nothing runs there yet, so there is nothing to compare with."), {})
    known = [name for name in (_peculiar(check, result, detail), result) if name and (check, name) in _FOUND]
    return Words(_FOUND[check, known[0] if known else ""], _numbers(detail))


def _peculiar(check: str, result: str, detail: Mapping[str, Any]) -> str:
    """Return what is peculiar about a finding, so that it has a sentence of its own."""
    if check == "lineage" and result != "missing" and not detail.get("gaps"):
        apart = [side for side in ("missing", "differs", "unplaced") if detail.get(side)]
        named = {"missing": "missing datasets"}
        return (
            named.get(apart[0], apart[0])
            if apart
            else "events only"
            if detail.get("recorded") == 0 and detail.get("sources")
            else ""
        )
    rows = [*detail.get("metrics", []), *detail.get("datasets", [])]
    if check == "baseline" and not rows:
        return "unknown"
    if detail.get("unknown"):
        return "unknown"
    lost = check == "baseline" and result == "warn" and not any(row["result"] == "fail" for row in rows)
    return "lost" if lost else ""


def _numbers(detail: Mapping[str, Any]) -> dict[str, object]:
    rows = [*detail.get("metrics", []), *detail.get("datasets", [])]
    bad = [row.get("name") or row.get("dataset") for row in rows if row["result"] in ("fail", "missing")]
    return {
        "lost": ", ".join(str(row.get("name")) for row in rows if row["result"] == "warn"),
        "absent": ", ".join(detail.get("missing", [])),
        "differs": ", ".join(detail.get("differs", [])) or "–",
        "unplaced": ", ".join(detail.get("unplaced", [])),
        "bad": ", ".join(map(str, bad)),
        "gaps": ", ".join(map(str, detail.get("gaps", []))),
        "files": detail.get("files", 0),
        "count": len(rows),
        "sources": len(detail.get("sources", [])),
        "revision": detail.get("revision", 0),
    }


_FOUND = {
    ("artifact", "missing"): _("The digest of the files is not known yet; a worker computes it from the registry."),
    ("artifact", "fail"): _("The files in the registry have changed since their digest was taken."),
    ("artifact", ""): _("Bound to this request by their digest; number of files: {files}."),
    ("metrics", "missing"): _("None of the metrics the policy asks for is recorded."),
    ("metrics", "pass"): _("Every recorded metric reaches its threshold."),
    ("metrics", ""): _("Below its threshold: {bad}."),
    ("baseline", "missing"): _("This version and the one running now have no metric in common."),
    ("baseline", "pass"): _("No metric is worse than now by more than the tolerance."),
    ("baseline", ""): _("Worse than what runs now: {bad}."),
    ("baseline", "lost"): _("No longer recorded, so not compared with what runs now: {lost}."),
    ("baseline", "unknown"): _("What runs there now is not known here, or has no metrics, so nothing was compared."),
    ("lineage", "events only"): _(
        "Complete back to its sources; number of sources: {sources}. MLflow recorded no dataset, so events alone say "
        "what was read."
    ),
    ("lineage", "missing datasets"): _(
        "MLflow recorded that the run read {absent}, and no event says so. With another digest in events: {differs}."
    ),
    ("lineage", "differs"): _("MLflow recorded another digest than events tell of: {differs}."),
    ("lineage", "unplaced"): _("MLflow does not say where these lie, so no event could be compared: {unplaced}."),
    ("lineage", "pass"): _("Complete back to its sources; number of sources: {sources}."),
    ("lineage", "missing"): _("No run is known that wrote this version."),
    ("lineage", ""): _("It ends before a source. {gaps}"),
    ("pii", "pass"): _("Scanned, no personal data found; number of datasets: {count}."),
    ("pii", "waived"): _("Every finding is waived for now."),
    ("pii", "unknown"): _("Not everything the run read is known, so more than this may be personal: {bad}"),
    ("pii_upstream", "unknown"): _("Not everything further upstream is known. To know about: {bad}"),
    ("pii", ""): _("Not settled: {bad}."),
    ("pii_upstream", "pass"): _("Nothing found further upstream."),
    ("pii_upstream", "waived"): _("Every finding further upstream is waived for now."),
    ("pii_upstream", ""): _("To know about, further upstream: {bad}."),
    ("card", "pass"): _("Complete, revision {revision}."),
    ("card", "missing"): _("No card has been written yet."),
    ("card", ""): _("Still empty: {gaps}."),
}
