"""What is signed: the subject digest of a request, and the part of it that each approval rule reviews."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from governance.policies.canonical import digest
from governance.policies.evidence import Result


@dataclass(frozen=True)
class Subject:
    """Everything a decision is about. Cosmetic things (purpose, labels, comments) are deliberately not in here."""

    manifest_digest: str
    evidence: Mapping[str, str]
    card_revision: int
    environment: str
    alias: str
    baseline_digest: str
    policy_digest: str

    @property
    def digest(self) -> str:
        """S: the digest that is shown, signed, and re-verified before the alias moves."""
        return digest(
            {
                "manifest_digest": self.manifest_digest,
                "evidence": dict(self.evidence),
                "card_revision": self.card_revision,
                "environment": self.environment,
                "alias": self.alias,
                "baseline_digest": self.baseline_digest,
                "policy_digest": self.policy_digest,
            }
        )

    def reviewed(self, classes: Iterable[str]) -> str:
        """Return the digest over the classes a rule reviews, and over what every rule reviews.

        Files, environment, baseline and policy are in each; the card's revision only where the card is reviewed.
        """
        kept = {*classes, "artifact"}
        return digest(
            {
                "manifest_digest": self.manifest_digest,
                "evidence": {klass: self.evidence[klass] for klass in sorted(kept & set(self.evidence))},
                "card_revision": self.card_revision if "card" in kept else 0,
                "environment": self.environment,
                "alias": self.alias,
                "baseline_digest": self.baseline_digest,
                "policy_digest": self.policy_digest,
            }
        )

    def changed_since(self, before: "Subject") -> list[str]:
        """Return what differs, in a stable order: classes of evidence, and the parts every rule reviews."""
        found = [
            klass
            for klass in sorted({*self.evidence, *before.evidence})
            if self.evidence.get(klass) != before.evidence.get(klass)
        ]
        fixed = ("manifest_digest", "card_revision", "environment", "alias", "baseline_digest", "policy_digest")
        return found + [name for name in fixed if getattr(self, name) != getattr(before, name)]


def evidence_digests(results: Iterable[Result]) -> dict[str, str]:
    """Return one digest per class over the digests of its items, whatever order they came in."""
    items: dict[str, list[str]] = {}
    for result in results:
        items.setdefault(result.klass, []).append(result.digest)
    return {klass: digest(sorted(digests)) for klass, digests in items.items()}
