"""Refusals about retention, legal holds and erasure, in words; `sentences` has the others."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

RETENTION: Mapping[str, object] = {
    "retention.removed": _(
        "The content of entry %(seq)s was removed under the retention policy. Its proof can still be had."
    ),
    "retention.bad_prefix": _(
        "A retention policy names at most %(most)s beginnings of actions, such as “promotion.” or “signin.failed”."
    ),
    "retention.months": _("Content is kept for %(least)s to %(most)s months."),
    "retention.approvals": _(
        "What approvals rest on (policy., promotion., waiver.) is kept for at least %(least)s months."
    ),
    "retention.same_policy": _("This is the retention policy in force already."),
    "retention.shorter": _(
        "A retention policy can only keep longer. “%(prefix)s” is kept for %(months)s months now, so it cannot be less."
    ),
    "retention.bad_span": _("A hold over a time needs a beginning, and must end after it."),
    "retention.one_of_three": _(
        "Name one thing to hold: a subject of the log, a person, or a time with its beginning."
    ),
    "retention.same_person": _("You asked for this, so somebody else has to confirm it."),
    "retention.held": _(
        "A legal hold covers some of this (hold %(holds)s), so it stays until two people lift the hold."
    ),
    "retention.already_decided": _("This was decided already. Look at it again."),
    "retention.asked_already": _("Exactly this was asked for already, and waits for somebody else to confirm it."),
    "retention.not_by_hand": _(
        "Content is removed by Attestry itself, under the published policy, and by nobody else."
    ),
    "privacy.oneself": _("Nobody confirms their own erasure. Another compliance officer or administrator can."),
}
