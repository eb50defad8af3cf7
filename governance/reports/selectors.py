"""Reads of reports, and everything a lineage report brings together, always as the person who asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from audit import trails
from audit.actor import Actor, Forbidden, NotSeen, visible
from audit.models import Blob, Checkpoint
from governance.access import selectors as access
from governance.access.models import User
from governance.catalog import selectors as catalog
from governance.catalog.models import Version
from governance.pii import history as scans
from governance.pii.selectors import Standing
from governance.promotions import selectors as promotions
from governance.promotions.models import Decision, Promotion
from governance.reports import paths, rules
from governance.reports.models import Report
from governance.reports.rules import Asking
from lineage import selectors as lineage
from lineage.graph import Budget, Direction, Question
from lineage.story import Story, story_of

DOWN = Budget(10, 500)


def reports_for(actor: Actor) -> QuerySet[Report]:
    """Return the reports on subjects that `actor` may export."""
    return Report.objects.filter(visible(actor, "export").q())


def report_seen_by(actor: Actor, pk: UUID) -> Report:
    """Return a report; unknown and unseen are the same refusal."""
    found = reports_for(actor).filter(pk=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="report")
    return found


@dataclass(frozen=True)
class Subject:
    """What a report is about: the row that decides who may export it, how it is called, and where it belongs."""

    row: Any
    title: str
    scope_id: UUID


def subject_of(actor: Actor, asking: Asking) -> Subject:
    """Return what is to be reported about; refused when `actor` does not see it."""
    if asking.kind == "pii":
        scope = access.scope_seen_by(actor, asking.subject)
        return Subject(scope, scope.path, scope.pk)
    version_ = catalog.version_seen_by(actor, asking.subject)
    return Subject(version_.asset, f"{version_.asset.name} {version_.label}", version_.scope_id)


def by_id(pk: str) -> Report | None:
    """Return a report, whoever asks; for the errand that builds it."""
    return Report.objects.filter(pk=pk).first()


def body_of(report: Report, span: range) -> Iterator[bytes]:
    """Yield these bytes of a report that is ready, a part at a time."""
    for number in range(span.start // rules.PART, -(-span.stop // rules.PART)):
        data = bytes(Blob.objects.values_list("data", flat=True).get(pk=report.parts[number]))
        begin = number * rules.PART
        yield data[max(0, span.start - begin) : span.stop - begin]


def people_in(report: Report) -> dict[str, str]:
    """Return the names behind the principal ids that a report and its body hold, as long as they are kept."""
    asked = Promotion.objects.filter(version_id=report.subject)
    ids = {report.principal_id, *asked.values_list("requester_id", flat=True)}
    ids.update(asked.exclude(decisions=None).values_list("decisions__person_id", flat=True))
    version_ = Version.objects.filter(pk=report.subject).first()
    ids.update(version_.asset.owners.values_list("user_id", flat=True) if version_ else ())
    return names({str(pk) for pk in ids})


def names(ids: set[str]) -> dict[str, str]:
    """Return the names behind principal ids, as long as they are kept."""
    return {str(user.pk): user.name for user in User.objects.filter(pk__in=ids)}


def subjects_for(actor: Actor) -> QuerySet[Version]:
    """Return the model versions that `actor` may export a report about, newest first."""
    seen = visible(actor, "export").q("asset__scope_id", "asset_id")
    return Version.objects.filter(seen).select_related("asset").order_by("-created_at", "pk")


def lineage_report(actor: Actor, report: Report) -> tuple[dict[str, Any], Story]:
    """Return the contents of a lineage report, and the story it was made from, as `actor` may see them.

    People stand in it by id, because its body is kept for good; names are given out beside it. Who asked and when it
    was made stand with the report, not in it: the same question as of the same time gives the same bytes.
    """
    subject = catalog.version_seen_by(actor, report.subject)
    asset = subject.asset
    story = story_of(actor, (asset.namespace, asset.name), subject.label, report.as_of)
    gaps = list(story.gaps)
    if subject.created_at > report.as_of:
        gaps.append("The version was registered after this report's time.")
    datasets = _datasets(story, report.as_of)
    content = {
        "report": _header(report, story),
        "subject": _subject(subject, report.as_of) | {"approvals": _approvals(actor, subject, report.as_of)},
        "datasets": datasets,
        "personal_data": paths.followed(datasets, story.columns),
        "transformations": story.runs,
        "quality": story.quality,
        "downstream": _downstream(actor, subject, report.as_of),
        "graph": story.graph.as_json(),
        "gaps": gaps,
        "evidence": story.evidence,
        "log": _log(actor, subject, report.as_of),
    }
    return content, story


def sealed(as_of: datetime) -> Checkpoint | None:
    """Return the newest checkpoint of that time: proofs under it are the same whenever they are made."""
    return Checkpoint.objects.filter(at__lte=as_of).order_by("-size").first()


def _log(actor: Actor, subject: Version, as_of: datetime) -> dict[str, Any] | None:
    """Return every entry about the version that was sealed by then, with proofs that none is left out.

    Without them, and said to be, for those who may not read all of these entries; nothing before there was a log.
    """
    checkpoint = sealed(as_of)
    if checkpoint is None:
        return None
    try:
        return trails.trail(actor, subject.subject, checkpoint)
    except (Forbidden, NotSeen):
        return {"subject": subject.subject, "results": [], "next": None, "head": None, "withheld": True}


def _header(report: Report, story: Story) -> dict[str, Any]:
    checkpoint = sealed(report.as_of)
    counts = {"runs": len(story.runs), "datasets": len(story.datasets), "events": len(story.evidence)}
    return {
        "kind": report.kind,
        "shape": rules.SHAPE,
        "as_of": report.as_of.isoformat(),
        "subject": str(report.subject),
        "direction": "up",
        "made_with": f"attestry {_release()}",
        "counts": counts,
        "hidden": story.hidden,
        "truncated": any(gap.startswith("More than") for gap in story.gaps),
        "log": {"size": checkpoint.size, "root": bytes(checkpoint.root).hex()} if checkpoint else None,
    }


def _release() -> str:
    try:
        return version("attestry")
    except PackageNotFoundError:
        return "source"


def _subject(subject: Version, as_of: datetime) -> dict[str, Any]:
    asset = subject.asset
    card = catalog.card_of(asset, as_of)
    return {
        "model": {"id": str(asset.pk), "namespace": asset.namespace, "name": asset.name, "scope": asset.scope.path},
        "version": subject.label,
        "manifest_digest": subject.manifest_digest or None,
        "files": subject.manifest,
        "run_id": subject.run_id or None,
        "code_commit": subject.code_commit or None,
        "source_uri": subject.source_uri or None,
        "metrics": subject.metrics,
        "parameters": subject.params,
        "registered_at": subject.created_at.isoformat(),
        "labels": asset.labels,
        "risk_tier": asset.risk_tier or None,
        "owners": sorted(str(user.pk) for user in catalog.owners_of(asset)),
        "card": {"revision": card.revision, "fields": card.fields} if card else None,
    }


def _approvals(actor: Actor, subject: Version, as_of: datetime) -> list[dict[str, Any]]:
    """Return the requests to promote this version made by then, with what was decided by then and by whom."""
    asked = promotions.visible_to(actor).filter(version=subject, created_at__lte=as_of).order_by("number")
    return [_approval(one, as_of) for one in asked]


def _approval(one: Promotion, as_of: datetime) -> dict[str, Any]:
    decided = [each for each in one.decisions.all() if each.at <= as_of]
    times = {"submitted_at": one.submitted_at, "applied_at": one.applied_at, "ended_at": one.ended_at}
    return {
        "key": one.key,
        "kind": one.kind,
        "environment": one.environment.name,
        "alias": one.alias,
        "state": _state(one, decided, as_of),
        "manifest_digest": one.manifest_digest,
        "subject_digest": one.subject_digest,
        "policy_digest": one.policy_digest,
        "requested_by": str(one.requester_id),
        **{name: at.isoformat() for name, at in times.items() if at and at <= as_of},
        "decisions": [
            {
                "person": str(each.person_id),
                "verdict": each.verdict,
                "at": each.at.isoformat(),
                "subject_digest": each.subject_digest,
                "entry": each.entry_id,
            }
            for each in decided
        ],
    }


def _state(one: Promotion, decided: list[Decision], as_of: datetime) -> str:
    """Return how far the request was: what its times and decisions say, for its state is only known as it is now."""
    if one.applied_at and one.applied_at <= as_of:
        return "applied"
    if one.ended_at and one.ended_at <= as_of:
        return "ended"
    return "decided_on" if decided else "asked"


def _datasets(story: Story, as_of: datetime) -> list[dict[str, Any]]:
    """Return what the story tells of each dataset, with what the catalog knows and how its last scan stood then."""
    standings = {one.dataset_id: one for one in scans.standing_as_of([told["id"] for told in story.datasets], as_of)}
    return [_dataset(told) | {"pii": pii_told(standings[told["id"]])} for told in story.datasets]


def _dataset(told: dict[str, Any]) -> dict[str, Any]:
    asset = catalog.asset_of_dataset(told["id"])
    kept = {name: value for name, value in told.items() if name != "id"}
    if asset is None:
        return kept | {"asset": None, "owners": [], "labels": []}
    owners = sorted(str(user.pk) for user in catalog.owners_of(asset))
    return kept | {"asset": str(asset.pk), "owners": owners, "labels": asset.labels}


def pii_told(found: Standing) -> dict[str, Any]:
    """Return how the last scan stood, waivers included; `unscanned` where there was none."""
    return {
        "verdict": found.verdict,
        "scan": str(found.scan_id) if found.scan_id else None,
        "ruleset": found.ruleset or None,
        "scanned_at": found.scanned_at.isoformat() if found.scanned_at else None,
        "findings": [
            {"column": column, "entity": entity, "waived_until": until.isoformat() if until else None}
            for column, entity, until in found.findings
        ],
    }


def _downstream(actor: Actor, subject: Version, as_of: datetime) -> list[dict[str, str]]:
    """Return what was made of any version of the model."""
    question = Question(subject.asset.namespace, subject.asset.name, "model", Direction.DOWN, DOWN, as_of)
    try:
        graph = lineage.graph_for(actor, question)
    except NotSeen:
        return []
    reached = [node for node in graph.nodes if node.id != graph.focus and node.type != "hidden"]
    return [{"type": node.type, "namespace": node.namespace, "name": node.name} for node in reached]
