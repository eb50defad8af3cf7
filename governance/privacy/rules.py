"""Who is named by a text, and what remains of somebody who was erased."""

import re
from collections.abc import Iterable
from uuid import UUID

from audit.refusals import Forbidden
from governance.access.rules import ERASED as NOWHERE

ERASED = "Erased person"


def address(person_id: UUID) -> str:
    """The address that takes the place of an erased person's own; nothing can be sent there."""
    return f"{person_id}{NOWHERE}"


def is_erased(email: str) -> bool:
    """Whether an address is such a one."""
    return email.endswith(NOWHERE)


def tellable(values: Iterable[str]) -> list[str]:
    """The names and addresses that can be looked for, each once, without those that Attestry itself put there."""
    found = {each.strip() for each in values}
    return sorted(each for each in found if each and each != ERASED and not is_erased(each))


def named_by(text: str, value: str) -> bool:
    """Whether a text names somebody by `value`, however it is capitalised.

    An address or a name of several words may stand anywhere in it, as whole words; a single word must be all of it,
    because it may be a word of its own (`Will`, `May`).
    """
    text, value = text.strip().casefold(), value.strip().casefold()
    if text == value:
        return True
    whole = rf"(?<![\w@.-]){re.escape(value)}(?![\w@-]|\.\w)"
    return ("@" in value or " " in value) and re.search(whole, text) is not None


def check_not_oneself(person_id: UUID | None, confirming: frozenset[UUID]) -> None:
    """Refuse to let somebody confirm their own erasure."""
    if person_id in confirming:
        raise Forbidden("privacy.oneself")
