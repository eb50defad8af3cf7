"""One tone, one icon and one word for every state and result the portal shows."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Look(NamedTuple):
    """How a state is shown: the tone of its chip, its icon, and the word beside it."""

    tone: str
    icon: str
    word: str | Promise


LOOKS: dict[str, Look] = {
    # checks
    "pass": Look("pass", "pass", _("Pass")),
    "warn": Look("warn", "warn", _("Warning")),
    "fail": Look("fail", "fail", _("Fail")),
    "waived": Look("waived", "waived", _("Waived")),
    "missing": Look("missing", "missing", _("Missing")),
    # verdicts of a scan or a column
    "clean_full": Look("pass", "pass", _("Clean, all values read")),
    "clean_sampled": Look("pass", "pass", _("Clean in the sample")),
    "findings": Look("fail", "flag", _("Personal data found")),
    "incomplete": Look("warn", "warn", _("Incomplete")),
    "unreadable": Look("fail", "fail", _("Unreadable")),
    "unscanned": Look("missing", "missing", _("Not scanned")),
    # promotion requests
    "draft": Look("neutral", "edit", _("Draft")),
    "checking": Look("info", "running", _("Checking")),
    "in_review": Look("info", "clock", _("In review")),
    "changes_requested": Look("warn", "edit", _("Changes requested")),
    "rejected": Look("fail", "fail", _("Rejected")),
    "withdrawn": Look("neutral", "minus", _("Withdrawn")),
    "approved": Look("pass", "pass", _("Approved")),
    "waiting": Look("info", "clock", _("Waiting")),
    "applying": Look("info", "running", _("Applying")),
    "applied": Look("pass", "seal", _("Applied")),
    "apply_failed": Look("fail", "fail", _("Not applied")),
    "superseded": Look("neutral", "minus", _("Superseded")),
    "rolled_back": Look("warn", "undo", _("Rolled back")),
    "review_due": Look("warn", "clock", _("Review due")),
    "compromised": Look("fail", "warn", _("Compromised")),
    # verdicts of a decision
    "approve": Look("pass", "pass", _("Approved")),
    "reject": Look("fail", "fail", _("Rejected")),
    "request_changes": Look("warn", "edit", _("Changes requested")),
    "stale": Look("warn", "clock", _("No longer counts")),
    # jobs and scans in progress
    "queued": Look("info", "clock", _("Queued")),
    "running": Look("info", "running", _("Running")),
    "done": Look("pass", "pass", _("Done")),
    "failed": Look("fail", "fail", _("Failed")),
    "dead": Look("fail", "fail", _("Gave up")),
    # people, grants, tokens, registries
    "active": Look("pass", "pass", _("Active")),
    "inactive": Look("neutral", "minus", _("Deactivated")),
    "expired": Look("neutral", "clock", _("Expired")),
    "expiring": Look("warn", "clock", _("Expires soon")),
    "revoked": Look("neutral", "minus", _("Revoked")),
    "available": Look("pass", "pass", _("Available")),
    "away": Look("warn", "warn", _("Not reachable")),
    "drift": Look("fail", "warn", _("Moved elsewhere")),
    "new": Look("info", "dot", pgettext_lazy("state", "New")),
    # outcomes in the log
    "success": Look("pass", "pass", _("Done")),
    "refused": Look("warn", "fail", _("Refused")),
    "failure": Look("fail", "fail", _("Failed")),
    # risk tiers
    "low": Look("neutral", "dot", _("Low risk")),
    "limited": Look("info", "dot", _("Limited risk")),
    "medium": Look("warn", "dot", _("Medium risk")),
    "high": Look("fail", "warn", _("High risk")),
}


def look_of(state: str) -> Look:
    """The look of `state`; one that nobody drew yet is shown in its own words, in a neutral tone."""
    return LOOKS.get(state) or Look("neutral", "dot", state.replace("_", " ").capitalize())
