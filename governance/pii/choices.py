"""What was chosen of the rules of scans: the latest choices, which may wait to be accepted, and those that count."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.pii.chosen import Chosen, chosen_of
from governance.pii.models import Choices, Ruleset

USUAL = Chosen()


@dataclass(frozen=True)
class Choice:
    """What was chosen, by its number (0: nothing ever was), with who did it and when."""

    number: int = 0
    chosen: Chosen = USUAL
    made_by: UUID | None = None
    made_at: datetime | None = None


def today() -> Choice:
    """Return the latest choices."""
    return _choice(Choices.objects.order_by("-number").first())


def accepted() -> Ruleset | None:
    """Return the rules that were let count last."""
    rows = Ruleset.objects.filter(accepted_at__isnull=False)
    return rows.order_by("-accepted_at", "-seen_at").first()


def counting() -> Choice:
    """Return the choices that count: those of the rules accepted last, or the latest before there are any."""
    rules = accepted()
    return _choice(Choices.objects.filter(number=rules.choices).first()) if rules is not None else today()


def pending() -> bool:
    """Whether the latest choices are others than those that count."""
    return today().chosen != counting().chosen


def names_for(digest: str) -> str:
    """Return the language model that scans by the rules of that digest look for names with; empty for none."""
    rules = Ruleset.objects.filter(digest=digest, choices__gt=0).first() if digest else None
    return _choice(Choices.objects.filter(number=rules.choices).first()).chosen.names if rules is not None else ""


def labels() -> dict[str, str]:
    """Return what each entity of one's own is called, also of those that are looked for no more."""
    row = Choices.objects.order_by("-number").first()
    return dict(row.chosen.get("labels", {})) if row is not None else {}


def history(limit: int = 50) -> list[Choice]:
    """Return all choices, the latest first."""
    return [_choice(row) for row in Choices.objects.order_by("-number")[:limit]]


def _choice(row: Choices | None) -> Choice:
    return Choice(row.number, chosen_of(row.chosen), row.made_by, row.made_at) if row is not None else Choice()
