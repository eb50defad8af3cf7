"""The selector that copies evidence together: what the rooms below know about one version, as of now.

It reads as Attestry itself: whoever asks, the evidence is the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from governance.catalog import selectors as catalog
from governance.catalog.models import Version
from governance.catalog.rules import VersionState, card_gaps
from governance.pii import selectors as pii
from governance.pii.freshness import Read
from governance.policies.evidence import Facts, Result, Scanned, evaluate
from governance.policies.models import Environment, Policy
from governance.policies.rules import Body, understand
from governance.policies.sources import Compared, Named, compare
from governance.promotions.subject import Subject, evidence_digests
from governance.registries import selectors as registries
from lineage import selectors as lineage
from lineage import states
from lineage.ancestry import Ancestry, Used


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
    facts, scans = _facts(version, baseline, now, environment.alias if not narrow else "")
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
    return Gathered(results, subject, baseline, body, editors, _origins(version, card, scans, facts.told_by))


def _identity(baseline: Version | None) -> str:
    """Return what identifies what runs now; before its files were digested, its label does."""
    if baseline is None:
        return ""
    return baseline.manifest_digest or f"version:{baseline.pk}"


def _facts(version: Version, baseline: Version | None, now: datetime, alias: str) -> tuple[Facts, list[Scanned]]:
    """Copy the facts together; without an alias to compare with, those of the files only."""
    files = len(version.manifest or ())
    if not alias:
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
        baseline_unknown=baseline is None and _points_somewhere(version, alias),
        lineage_complete=made.complete,
        reads_known=made.reads_known,
        accounts=made.accounts,
        told_by=made.told_by,
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
    reads_known: bool
    accounts: Compared
    told_by: tuple[str, ...]


def _points_somewhere(version: Version, alias: str) -> bool:
    """Whether the alias was last seen at a version that is not known here."""
    return any(seen.alias == alias and seen.version_label for seen in registries.last_seen([version.asset_id]))


def _made_of(version: Version, now: datetime) -> Made:
    place = version.asset.namespace, f"{catalog.MODEL_PREFIX}{version.asset.name}", version.label
    known = lineage.completeness(*place)
    ancestry = lineage.ancestry_of(*place) or Ancestry()
    reads = [each for each in ancestry.used if each.direction == "in"]
    first = [each for each in reads if ancestry.runs.get(each.run) == 0]
    direct = {each.dataset for each in first}
    names = lineage.datasets(sorted(direct))
    told = [Named(names[each.dataset].namespace, names[each.dataset].name, each.version) for each in first]
    recorded = [Named(each["namespace"], each["name"], each.get("digest", "")) for each in version.inputs]
    accounts = compare(recorded, told)
    upstream = [each for each in reads if each.dataset not in direct]
    return Made(
        known.complete,
        tuple(dataset.name for dataset in known.sources),
        tuple(known.gaps),
        (*_scanned(first, now), *_untold(accounts, version, now)),
        _scanned(upstream, now),
        bool(ancestry.runs) and not ancestry.blind,
        accounts,
        tuple(str(each.principal_id) for each in states.tellers_of(*place)),
    )


def _scanned(reads: Iterable[Used], now: datetime) -> tuple[Scanned, ...]:
    """How the datasets stand that were read, each by what was read of it."""
    wanted: dict[int, list[Read]] = {}
    for each in sorted(reads, key=lambda one: (one.dataset, one.run)):
        wanted.setdefault(each.dataset, []).append(Read(each.version, each.at, each.run))
    return _standing(wanted, now)


def _standing(wanted: Mapping[int, Sequence[Read]], now: datetime) -> tuple[Scanned, ...]:
    return tuple(
        Scanned(
            each.name,
            each.verdict,
            tuple(each.findings),
            str(each.scan_id or ""),
            each.scanned_at,
            each.namespace,
            each.why,
        )
        for each in pii.standing(sorted(wanted), now, wanted)
    )


def _untold(accounts: Compared, version: Version, now: datetime) -> tuple[Scanned, ...]:
    """How the datasets stand that only MLflow says were read; one that lineage never heard of cannot have a scan."""
    found: list[Scanned] = []
    for each in accounts.missing:
        known = states.dataset_at(each.namespace, each.name)
        reads = {known.pk: [Read("", version.created_at)]} if known else {}
        found += _standing(reads, now) or (Scanned(each.name, "unscanned", namespace=each.namespace),)
    return tuple(found)


def _origins(version: Version, card: Any, scans: list[Scanned], told_by: Sequence[str]) -> dict[str, dict[str, Any]]:
    run = {"source": f"run:{version.run_id}" if version.run_id else "", "produced_at": version.created_at}
    scanned = [each.at for each in scans if each.at]
    found: dict[str, dict[str, Any]] = {
        "artifact": {"source": version.source_uri[:300], "produced_at": version.seen_at},
        "metrics": run,
        "lineage": {**run, "produced_by": told_by[0] if told_by else ""},
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
