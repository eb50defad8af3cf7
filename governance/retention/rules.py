"""What a legal hold covers of lineage. Values in, values out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Held:
    """A hold as far as lineage goes: on a subject of the log, on what somebody told, or on a time."""

    subject: str = ""
    principal_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def covers(self, subjects: Iterable[str], principal_id: UUID | None, first: datetime, last: datetime) -> bool:
        """Say whether it covers what has these subjects, was told by somebody, and is of `first` to `last`."""
        if self.subject:
            return self.subject in subjects
        if self.principal_id:
            return self.principal_id == principal_id
        return self.since is not None and last >= self.since and (self.until is None or first < self.until)


def named(holds: Iterable[Held], kind: str) -> list[UUID]:
    """Return the ids of the things of a kind that holds are on, such as `run` or `model_version`."""
    found = []
    for each in holds:
        of, _, text = each.subject.partition(":")
        try:
            found += [UUID(text)] if of == kind else []
        except ValueError:
            continue
    return found
