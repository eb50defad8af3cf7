"""What ran where before, and what may run there again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

LEFT = ("rolled_back", "revoked", "compromised")


@dataclass(frozen=True)
class Application:
    """One time a request's version was put where it was wanted; `back` says that it was a roll-back.

    `usable` is false once the version's files were changed or the registry lost it.
    """

    request: UUID
    version: UUID
    state: str
    back: bool
    usable: bool


def chain(history: Sequence[Application]) -> list[Application]:
    """Return what led to what runs now, oldest first: a roll-back takes what it left off the end."""
    found: list[Application] = []
    for each in history:
        if each.back:
            at = [known.version for known in found]
            found = found[: at.index(each.version)] if each.version in at else found[:-1]
        found.append(each)
    return found


def may_return(history: Sequence[Application], request: UUID) -> bool:
    """Whether that request's version may run there again: superseded, intact, and not rolled back from since."""
    places = [at for at, each in enumerate(history) if each.request == request]
    if not places:
        return False
    asked, later = history[places[-1]], history[places[-1] + 1 :]
    left = {each.version for each in later if each.state in LEFT}
    return asked.state == "superseded" and asked.usable and asked.version not in left


def previous(history: Sequence[Application]) -> UUID | None:
    """Return the request to go back to from what runs now, if there is one: always further back, never in a circle."""
    led = chain(history)
    earlier = [each for each in led[:-1] if each.version != led[-1].version and may_return(history, each.request)]
    return earlier[-1].request if earlier else None
