"""What a policy may say, and what it says in words.

A policy is data: which evidence a stage asks for and with which thresholds, whose approval, how long things stay
valid, and what a rejection does. It is read once, strictly, and never edited after publication.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from unicodedata import normalize

from audit.refusals import Invalid
from governance.policies.canonical import digest

CHECKS = {
    "artifact": "artifact",
    "metrics": "metrics",
    "baseline": "metrics",
    "lineage": "lineage",
    "pii": "pii",
    "pii_upstream": "pii",
    "card": "card",
}
CLASSES = tuple(dict.fromkeys(CHECKS.values()))
UNMATCHED = ("show", "block")
"""What a contributor whom nobody here matches does to an approval; being shown is what happens unless said."""
REJECTIONS = ("rejected", "changes_requested")
LOWER_IS_BETTER = ("brier", "error", "log_loss", "logloss", "loss", "mae", "mape", "mse", "rmse")
LONGEST_DAYS = 3_650
LONGEST_METRIC = 250
NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?([eE][+-]?[0-9]{1,2})?")


@dataclass(frozen=True)
class Check:
    """One thing a stage asks for; `blocks` says whether its failure stops an approval or only warns."""

    name: str
    blocks: bool
    minimum: tuple[tuple[str, Decimal], ...] = ()
    tolerance: Decimal = Decimal(0)

    @property
    def klass(self) -> str:
        """The class of evidence it produces."""
        return CHECKS[self.name]


@dataclass(frozen=True)
class Rule:
    """`needed` distinct people who hold `role`; their decision stands while the classes they review do."""

    name: str
    role: str
    needed: int
    reviews: tuple[str, ...]


@dataclass(frozen=True)
class Validity:
    """How long things stand: a request and a decision in days, an approval until it must be applied in hours."""

    request_days: int = 30
    decision_days: int = 14
    apply_hours: int = 72


@dataclass(frozen=True)
class Body:
    """A whole policy, understood."""

    checks: tuple[Check, ...]
    rules: tuple[Rule, ...]
    rejection: str
    validity: Validity
    unmatched: str = "show"


@dataclass(frozen=True)
class Words:
    """A sentence before translation: English text with named places, and what goes into them."""

    text: str
    params: Mapping[str, object]


def gettext_noop(text: str) -> str:
    """Mark `text` for the catalogue of translations; doors translate it."""
    return text


_ = gettext_noop
CLASS_WORDS = {
    "artifact": _("the files"),
    "metrics": _("the metrics"),
    "lineage": _("the lineage"),
    "pii": _("personal data"),
    "card": _("the model card"),
}


def policy_digest(body: Mapping[str, Any]) -> str:
    """Return the digest that pins a policy to a request."""
    return digest(body)


def understand(body: object, roles: Collection[str] | None = None) -> Body:
    """Return the policy that `body` states; anything unknown, missing or impossible is refused by place.

    A policy without approval rules is refused: no rule never means that nobody has to approve. `roles` are the roles
    there are; without it, as for a policy published long ago, any role is taken as it stands.
    """
    top = _mapping(body, "policy", ("v", "checks", "rules", "rejection", "validity", "unmatched"))
    if type(top.get("v")) is not int or top["v"] != 1:
        raise Invalid("policies.wrong", place="v")
    checks = tuple(_check(item, f"checks[{n}]") for n, item in enumerate(_list(top.get("checks"), "checks")))
    rules = tuple(_rule(item, f"rules[{n}]", roles) for n, item in enumerate(_list(top.get("rules"), "rules")))
    if not rules:
        raise Invalid("policies.no_rules")
    _distinct([check.name for check in checks], "checks")
    _distinct([rule.name for rule in rules], "rules")
    if "artifact" not in {check.name for check in checks if check.blocks}:
        raise Invalid("policies.artifact_needed")
    if top.get("rejection") not in REJECTIONS:
        raise Invalid("policies.wrong", place="rejection")
    unmatched = top.get("unmatched", UNMATCHED[0])
    if not isinstance(unmatched, str) or unmatched not in UNMATCHED:
        raise Invalid("policies.wrong", place="unmatched")
    return Body(checks, rules, str(top["rejection"]), _validity(top.get("validity")), unmatched)


def explain(body: Body) -> list[Words]:
    """Return the policy as sentences: evidence first, then people, then time."""
    return (
        [explain_check(check) for check in body.checks]
        + [explain_rule(rule) for rule in body.rules]
        + explain_terms(body)
    )


def explain_check(check: Check) -> Words:
    """Return what a check asks for as one sentence."""
    return Words(
        _CHECK_WORDS[check.name, check.blocks],
        {
            "thresholds": ", ".join(f"{name} ≥ {value}" for name, value in check.minimum),
            "tolerance": str(check.tolerance),
        },
    )


def explain_rule(rule: Rule) -> Words:
    """Return whom a rule asks for as one sentence."""
    text = (
        _("One person who holds the role “{role}” must approve; they review {reviews}.")
        if rule.needed == 1
        else _("{needed} different people who hold the role “{role}” must approve; they review {reviews}.")
    )
    reviews = tuple(CLASS_WORDS[klass] for klass in rule.reviews)
    return Words(text, {"needed": rule.needed, "role": rule.role.replace("_", " "), "reviews": Listed(reviews)})


class Listed(tuple[str, ...]):
    """Several words in a sentence: doors translate each, and without a door they are joined as they are."""

    def __str__(self) -> str:
        return ", ".join(self)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


_CHECK_WORDS = {
    ("artifact", True): _("The digest of the model's files must be known and match the files in the registry."),
    ("metrics", True): _("At least one of these metrics must be recorded, and each that is must reach: {thresholds}."),
    ("metrics", False): _("A warning is shown when a metric does not reach: {thresholds}."),
    ("baseline", True): _("No metric may be worse than the version running now by more than {tolerance}."),
    ("baseline", False): _("A warning is shown when a metric is worse than now by more than {tolerance}."),
    ("lineage", True): _("The lineage must be complete back to a source."),
    ("lineage", False): _("A warning is shown when the lineage does not reach a source."),
    ("pii", True): _(
        "Every dataset the training run read must be scanned to the end, and each finding of personal data waived."
    ),
    ("pii", False): _("A warning is shown when a dataset the training run read is unscanned or has personal data."),
    ("pii_upstream", True): _("The datasets further upstream must be scanned too, and each finding waived."),
    ("pii_upstream", False): _("Personal data further upstream is shown as a warning and does not block."),
    ("card", True): _("The model card must be complete."),
    ("card", False): _("A warning is shown when the model card is incomplete."),
}


def explain_terms(body: Body) -> list[Words]:
    """Return what a rejection does and how long things stand, as sentences."""
    validity = body.validity
    back = body.rejection == "changes_requested"
    known = Words(_("Everybody whom the training run names as a contributor must be somebody known here."), {})
    return ([known] if body.unmatched == "block" else []) + [
        Words(
            _("A rejection sends the request back for changes.") if back else _("A rejection ends the request."),
            {},
        ),
        Words(_("A request stays open for {days} days."), {"days": validity.request_days}),
        Words(_("A decision counts for {days} days."), {"days": validity.decision_days}),
        Words(_("An approval must be applied within {hours} hours."), {"hours": validity.apply_hours}),
    ]


def _check(value: object, place: str) -> Check:
    item = _mapping(value, place, ("check", "blocks", "minimum", "tolerance"))
    name, blocks = item.get("check"), item.get("blocks")
    if not isinstance(name, str) or name not in CHECKS:
        raise Invalid("policies.wrong", place=f"{place}.check")
    if not isinstance(blocks, bool):
        raise Invalid("policies.wrong", place=f"{place}.blocks")
    if ("minimum" in item) != (name == "metrics") or ("tolerance" in item) != (name == "baseline"):
        raise Invalid("policies.wrong", place=place)
    pairs = _minimum(item["minimum"], f"{place}.minimum") if name == "metrics" else ()
    tolerance = _decimal(item["tolerance"], f"{place}.tolerance") if name == "baseline" else Decimal(0)
    if tolerance < 0:
        raise Invalid("policies.wrong", place=f"{place}.tolerance")
    return Check(name, blocks, pairs, tolerance)


def _minimum(value: object, place: str) -> tuple[tuple[str, Decimal], ...]:
    least = _mapping(value, place)
    if not least or len({normalize("NFC", name) for name in least}) != len(least):
        raise Invalid("policies.wrong", place=place)
    for name in least:
        _text(name, f"{place}.{_shown(name)}", LONGEST_METRIC)
    return tuple(sorted((name, _decimal(number, f"{place}.{_shown(name)}")) for name, number in least.items()))


def _rule(value: object, place: str, roles: Collection[str] | None) -> Rule:
    item = _mapping(value, place, ("name", "role", "needed", "reviews"))
    name, role, reviews = item.get("name"), item.get("role"), _list(item.get("reviews"), f"{place}.reviews")
    _text(name, f"{place}.name", 60)
    _text(role, f"{place}.role", 60)
    if roles is not None and role not in roles:
        raise Invalid("policies.wrong", place=f"{place}.role")
    if not reviews or any(klass not in CLASSES for klass in reviews):
        raise Invalid("policies.wrong", place=f"{place}.reviews")
    return Rule(
        str(name), str(role), _whole(item.get("needed"), f"{place}.needed", 20), tuple(sorted(set(map(str, reviews))))
    )


def _validity(value: object) -> Validity:
    item = _mapping(value, "validity", ("request_days", "decision_days", "apply_hours"))
    return Validity(
        _whole(item.get("request_days"), "validity.request_days", LONGEST_DAYS),
        _whole(item.get("decision_days"), "validity.decision_days", LONGEST_DAYS),
        _whole(item.get("apply_hours"), "validity.apply_hours", 24 * LONGEST_DAYS),
    )


def _mapping(value: object, place: str, known: Sequence[str] = ()) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or len(value) > 50:
        raise Invalid("policies.wrong", place=place)
    if not all(isinstance(key, str) for key in value):
        raise Invalid("policies.wrong", place=place)
    unknown = sorted(key for key in value if known and key not in known)
    if unknown:
        raise Invalid("policies.wrong", place=f"{place}.{_shown(unknown[0])}")
    return value


def _text(value: object, place: str, most: int) -> None:
    """Refuse what people could not read back: no text, none in it, too much, or characters that cannot be written."""
    if not isinstance(value, str) or not value.strip() or len(value) > most or not value.isprintable():
        raise Invalid("policies.wrong", place=place)


def _shown(name: str) -> str:
    return (name if name.isprintable() else ascii(name))[:60]


def _list(value: object, place: str) -> list[object]:
    if not isinstance(value, list) or len(value) > 50:
        raise Invalid("policies.wrong", place=place)
    return value


def _whole(value: object, place: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise Invalid("policies.wrong", place=place)
    return value


def _decimal(value: object, place: str) -> Decimal:
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        raise Invalid("policies.wrong", place=place)
    return Decimal(value)


def _distinct(names: Sequence[str], place: str) -> None:
    if len(set(names)) != len(names):
        raise Invalid("policies.wrong", place=place)
