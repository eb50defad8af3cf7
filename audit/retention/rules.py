"""How long what is kept, and who may change that: values in, value or refusal out.

A policy is a canonical document `{"v": 1, "rest": 13, "classes": [{"prefix": "promotion.", "months": 120}, ...]}`. The
longest prefix that begins an action says how many months its entries keep their content.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from audit.refusals import Forbidden, Invalid

FLOOR, LONGEST = 13, 1200
"""Months that everything is kept at least, and the most that can be asked for."""
APPROVALS = 120
"""Months that what approvals rest on is kept at least."""
APPROVING = ("policy.", "promotion.", "waiver.")
LASTING = ("alias.", "asset.", "card.", "environment.", "finding.", "grant.", "registry.", "scan.", "version.")
"""Beginnings of actions that the default policy keeps as long as approvals, though it need not."""
FOR_EVER = ("audit.", "hold.", "portal.", "privacy.", "retention.")
"""Beginnings of actions whose entries are never emptied: they say what was done to the log and to the portal."""
MOST_CLASSES, MOST_RANGES, REASON = 200, 500, 500
_PREFIX = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9_.]{0,80}", re.ASCII)
DEFAULT: dict[str, Any] = {
    "v": 1,
    "rest": FLOOR,
    "classes": [{"prefix": each, "months": APPROVALS} for each in sorted((*APPROVING, *LASTING))],
}
"""The policy in force until another is published."""


def document(classes: Mapping[str, int], rest: int) -> dict[str, Any]:
    """The document of these months by beginning of action; refused when it is none or keeps too little."""
    if len(classes) > MOST_CLASSES or not all(_PREFIX.fullmatch(each) for each in classes):
        raise Invalid("retention.bad_prefix", most=MOST_CLASSES)
    if not all(FLOOR <= each <= LONGEST for each in (rest, *classes.values())):
        raise Invalid("retention.months", least=FLOOR, most=LONGEST)
    found = {
        "v": 1, "rest": rest, "classes": [{"prefix": each, "months": classes[each]} for each in sorted(classes)]
    }  # fmt: skip
    approving = [each for each in classes if each.startswith(APPROVING)]
    if any(months(found, each) < APPROVALS for each in (*APPROVING, *approving)):
        raise Invalid("retention.approvals", least=APPROVALS)
    return found


def months(policy: Mapping[str, Any], action: str) -> int:
    """How many months a policy keeps the content of an action's entries."""
    fitting = [each for each in policy["classes"] if action.startswith(each["prefix"])]
    return int(max(fitting, key=lambda each: len(each["prefix"]))["months"] if fitting else policy["rest"])


def check_lengthens(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Refuse a policy that keeps anything for less long than the one in force, or is the same."""
    if old == new:
        raise Invalid("retention.same_policy")
    # between two neighbouring prefixes nothing changes, so comparing at each of them compares everywhere
    for prefix in sorted({"", *(each["prefix"] for each in (*old["classes"], *new["classes"]))}):
        if months(new, prefix) < months(old, prefix):
            raise Invalid("retention.shorter", prefix=prefix or "*", months=months(old, prefix))


def months_before(now: datetime, count: int) -> datetime:
    """The same day and time so many months earlier; the last day of a shorter month."""
    year, month = divmod(now.year * 12 + now.month - 1 - count, 12)
    if year < 1:
        return now.replace(year=1, month=1, day=1)
    return now.replace(year=year, month=month + 1, day=min(now.day, monthrange(year, month + 1)[1]))


def ranges(seqs: Iterable[int]) -> list[list[int]]:
    """Numbers in order, as `[first, last]` of each stretch without a gap."""
    found: list[list[int]] = []
    for seq in seqs:
        if found and seq == found[-1][1] + 1:
            found[-1][1] = seq
        else:
            found.append([seq, seq])
    return found


def clean_reason(reason: str) -> str:
    """A reason without outer spaces; refused when there is none, or it is too long."""
    clean = reason.strip()
    if not clean or len(clean) > REASON:
        raise Invalid("access.reason_needed", most=REASON)
    return clean


def check_span(since: datetime | None, until: datetime | None) -> None:
    """Refuse a hold over time that has no beginning, or ends before it."""
    if since is None or (until is not None and until <= since):
        raise Invalid("retention.bad_span")


def check_two_people(asking: frozenset[UUID], confirming: frozenset[UUID]) -> None:
    """Refuse when whoever asked, or the person behind them, also confirms."""
    if asking & confirming:
        raise Forbidden("retention.same_person")


def check_free(holds: Sequence[int]) -> None:
    """Refuse while a hold stands on what would be removed, and say which."""
    if holds:
        raise Invalid("retention.held", holds=", ".join(str(each) for each in holds))
