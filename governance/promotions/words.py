"""Sentences about a request, before translation: the statement that is signed, and what blocks."""

from collections.abc import Mapping

from governance.policies.rules import Words, gettext_noop

_ = gettext_noop

STATEMENTS: Mapping[str, str] = {
    "approve": _("I, {name}, approve that {model} version {version} runs in {environment} (alias {alias})."),
    "request_changes": _(
        "I, {name}, ask for changes before {model} version {version} may run in {environment} (alias {alias})."
    ),
    "reject": _("I, {name}, reject that {model} version {version} runs in {environment} (alias {alias})."),
    "roll_back": _(
        "I, {name}, take {model} version {version} out of {environment} (alias {alias}) and bring back the version "
        "approved there before."
    ),
    "bring_back": _(
        "I, {name}, bring {model} version {version}, approved there before, back to {environment} (alias {alias})."
    ),
}
REVIEWED = _("I have reviewed the evidence with the subject digest {subject}, under the policy {policy}.")


def statement(verdict: str, about: Mapping[str, object]) -> list[Words]:
    """Return what somebody signs with that verdict, sentence by sentence; `about` fills every place."""
    name = "bring_back" if verdict == "roll_back" and about.get("past") else verdict
    return [Words(STATEMENTS[name], about), Words(REVIEWED, about)]


NEXT: Mapping[str, str] = {
    "draft": _("The request has not been submitted yet."),
    "checking": _("Evidence is being gathered; the files' digest is not known yet."),
    "in_review": _("People review it now."),
    "changes_requested": _("Changes were asked for. Make them, then submit it again."),
    "rejected": _("It was rejected. A new request can be made for another version, or for this one with new evidence."),
    "withdrawn": _("It was withdrawn."),
    "expired": _("It ran out of time. Make a new request."),
    "approved": _("It is approved. A worker verifies everything once more and then moves the alias."),
    "waiting": _("It is approved and waits for its time."),
    "applying": _("The alias is being moved."),
    "applied": _("It runs there now."),
    "apply_failed": _("It is approved but could not be applied."),
    "superseded": _("Another version runs there now."),
    "rolled_back": _("It was rolled back to the version approved before."),
    "revoked": _("The approval was revoked."),
    "review_due": _("Its approval is due for review."),
    "compromised": _("It runs there, and its files are not those that were approved. Roll back, or replace it."),
}
