"""The selector that copies evidence together: what the rooms below know about one version, as of now.

It reads as Attestry itself: whoever asks, the evidence is the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from governance.catalog import selectors as catalog
from governance.catalog.models import Version
from governance.catalog.rules import VersionState, card_gaps
from governance.pii import selectors as pii
from governance.policies.evidence import Facts, Result, Scanned, evaluate
from governance.policies.models import Environment, Policy
from governance.policies.rules import Body, understand
from governance.promotions.subject import Subject, evidence_digests
from governance.registries import selectors as registries
from lineage import selectors as lineage


@dataclass(frozen=True)
class Gathered:
    """The evidence for one version in one environment under one policy, and the subject that follows from it."""

    results: tuple[Result, ...]
    subject: Subject
    baseline: Version | None
    body: Body
    editors: tuple[UUID, ...]
    origins: Mapping[str, Mapping[str, Any]]

    @property
    def failing(self) -> tuple[str, ...]:
        """The checks that stop an approval."""
        return tuple(result.check for result in self.results if result.failing)

    def origin(self, klass: str) -> Mapping[str, Any]:
        """Return where evidence of that class came from: source, who produced it and when."""
        return self.origins.get(klass, {})


def gather(version: Version, environment: Environment, policy: Policy, now: datetime, *, narrow: bool) -> Gathered:
    """Return the evidence as it stands now; `narrow` looks at the files only, as a roll-back does."""
    body = understand(policy.body)
    if narrow:
        body = Body(
            tuple(each for each in body.checks if each.name == "artifact"), body.rules, "rejected", body.validity
        )
    baseline = registries.alias_target(version.asset, environment.alias)
    card = catalog.card_of(version.asset)
    facts, scans = _facts(version, baseline, now, narrow=narrow)
    results = tuple(evaluate(body, facts, now))
    subject = Subject(
        manifest_digest=version.manifest_digest,
        evidence=evidence_digests(results),
        card_revision=card.revision if card and not narrow else 0,
        environment=environment.name,
        alias=environment.alias,
        baseline_digest=_identity(baseline),
        policy_digest=policy.digest,
    )
    editors = (card.by,) if card and not narrow else ()
    return Gathered(results, subject, baseline, body, editors, _origins(version, card, scans))


def _identity(baseline: Version | None) -> str:
    """Return what identifies what runs now; before its files were digested, its label does."""
    if baseline is None:
        return ""
    return baseline.manifest_digest or f"version:{baseline.pk}"


def _facts(version: Version, baseline: Version | None, now: datetime, *, narrow: bool) -> tuple[Facts, list[Scanned]]:
    files = len(version.manifest or ())
    if narrow:
        return Facts(version.manifest_digest, files, version.state == VersionState.COMPROMISED), []
    card = catalog.card_of(version.asset)
    made = _made_of(version, now)
    facts = Facts(
        manifest_digest=version.manifest_digest,
        files=files,
        compromised=version.state == VersionState.COMPROMISED,
        metrics=version.metrics or {},
        baseline=(baseline.metrics or {}) if baseline else {},
        has_baseline=baseline is not None,
        lineage_complete=made.complete,
        sources=made.sources,
        gaps=made.gaps,
        read=made.read,
        upstream=made.upstream,
        card_revision=card.revision if card else 0,
        card_gaps=card_gaps(card.fields) if card else (),
    )
    return facts, [*made.read, *made.upstream]


@dataclass(frozen=True)
class Made:
    """What a version was made of."""

    complete: bool
    sources: tuple[str, ...]
    gaps: tuple[str, ...]
    read: tuple[Scanned, ...]
    upstream: tuple[Scanned, ...]


def _made_of(version: Version, now: datetime) -> Made:
    place = version.asset.namespace, f"{catalog.MODEL_PREFIX}{version.asset.name}", version.label
    known = lineage.completeness(*place)
    ancestry = lineage.ancestry_of(*place)
    direct = {dataset.pk for dataset in lineage.inputs_of_model(*place)}
    beyond = {each.dataset for each in ancestry.used if each.direction == "in"} if ancestry else set()
    return Made(
        known.complete,
        tuple(dataset.name for dataset in known.sources),
        tuple(known.gaps),
        _scanned(direct, now),
        _scanned(beyond - direct, now),
    )


def _scanned(datasets: set[int], now: datetime) -> tuple[Scanned, ...]:
    return tuple(
        Scanned(each.name, each.verdict, tuple(each.findings), str(each.scan_id or ""), each.scanned_at)
        for each in pii.standing(sorted(datasets), now)
    )


def _origins(version: Version, card: Any, scans: list[Scanned]) -> dict[str, dict[str, Any]]:
    run = {"source": f"run:{version.run_id}" if version.run_id else "", "produced_at": version.created_at}
    scanned = [each.at for each in scans if each.at]
    found: dict[str, dict[str, Any]] = {
        "artifact": {"source": version.source_uri[:300], "produced_at": version.seen_at},
        "metrics": run,
        "lineage": run,
        "pii": {
            "source": ", ".join(f"scan:{each.scan}" for each in scans if each.scan)[:300],
            "produced_at": max(scanned, default=None),
        },
    }
    if card:
        found["card"] = {
            "source": f"card:{card.revision}",
            "produced_at": card.at,
            "produced_by": str(card.by),
        }
    return found
