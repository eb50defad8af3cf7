"""Refusals in words. Codes are stable; the sentences are for people: what happened, why, what to do next."""

from collections.abc import Mapping

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.refusals import Refused

REQUEST: Mapping[str, object] = {
    "request.unknown_fields": _("The request has fields that Attestry does not know: %(fields)s."),
    "request.bad_limit": _("`limit` must be a whole number from 1 to %(longest)s."),
    "request.bad_cursor": _("This page's cursor is not one that Attestry gave out. Start again from the first page."),
    "request.bad_idempotency_key": _("`Idempotency-Key` may have at most 200 characters."),
    "request.idempotency_key_reused": _(
        "This `Idempotency-Key` was used for a different request. Use a new key for a new request."
    ),
    "request.still_running": _(
        "The first request with this `Idempotency-Key` is still being answered. Try again soon."
    ),
    "request.csrf": _("The form's protection has expired. Reload the page and send it again."),
    "request.fields": _("Some fields need attention."),
    "request.malformed": _("The request could not be read: %(detail)s"),
    "request.method": _("This address does not answer %(method)s."),
    "request.media_type": _("This address reads application/json."),
    "request.too_large": _("The request is larger than this address accepts."),
    "request.busy": _("Attestry cannot answer this right now. Nothing was changed; try again in a few seconds."),
    "not_seen": _("There is nothing here that you can see. Check the address, or ask its owner for access."),
    "jobs.not_dead": _("This job was not given up (it is %(state)s), so there is nothing to retry."),
    "broken": _("Something went wrong on our side. Nothing was half-written; the log has the details."),
}

ACCESS: Mapping[str, object] = {
    "access.not_signed_in": _("Sign in, or send a bearer token, to see this."),
    "access.bad_token": _("This token is not valid any more, or never was. Create a new one on your account page."),
    "access.not_allowed": _(
        "Your roles here do not include “%(action)s”. Ask whoever manages access to this scope, or see the Access page."
    ),
}

LINEAGE: Mapping[str, object] = {}

CATALOG: Mapping[str, object] = {}

REGISTRIES: Mapping[str, object] = {}

PII: Mapping[str, object] = {}

POLICIES: Mapping[str, object] = {
    "policies.wrong": _("The policy makes no sense at “%(place)s”. Compare it with the published ones."),
    "policies.no_rules": _("A policy needs at least one approval rule: no rule never means that nobody approves."),
    "policies.artifact_needed": _("A policy must ask for the digest of the model's files, and block without it."),
    "policies.no_environment": _("There is no environment called “%(name)s”."),
    "policies.none_published": _("No policy has been published for “%(name)s” yet."),
    "policies.published_meanwhile": _(
        "Another policy was published for “%(name)s” since you looked. Read it first, then publish yours after it."
    ),
}

PROMOTIONS: Mapping[str, object] = {
    "promotions.wrong_state": _("This request is %(state)s now, so it cannot become %(wanted)s."),
    "promotions.moved": _("%(key)s has changed since you looked. Look at what changed, then decide."),
    "promotions.not_in_review": _("This request is not in review any more; it is %(state)s."),
    "promotions.still_checking": _("Evidence is still being gathered. Approve once the files' digest is known."),
    "promotions.own_request": _(
        "You asked for this promotion, so someone else must approve it. People who can: %(eligible)s."
    ),
    "promotions.conflicted": _(
        "You had a hand in this version or its evidence (%(reasons)s), so someone else must decide. "
        "People who can: %(eligible)s."
    ),
    "promotions.not_eligible": _("To decide on this request you need the role %(role)s here."),
    "promotions.not_a_person": _("Only a person can do this, signed in or with a token of their own."),
    "promotions.already_decided": _("You have decided on this already, and your decision counts."),
    "promotions.unknown_verdict": _("A decision is one of: approve, request_changes, reject."),
    "promotions.reason_needed": _("Say why, so that the people who asked know what to do next."),
    "promotions.too_long": _("This text is too long; keep it below %(most)s characters."),
    "promotions.purpose_needed": _("Say what the model will be used for there."),
    "promotions.checks_failing": _("%(count)s checks stand in the way: %(checks)s. Settle or waive them first."),
    "promotions.nobody_can_approve": _(
        "Nobody could approve this: rule “%(rule)s” needs %(needed)s people who hold the role %(role)s and had no hand "
        "in the version, and there are %(eligible)s (%(excluded)s more are excluded). Ask for the role to be granted "
        "to someone else."
    ),
    "promotions.already_open": _("There is an open request for this model and %(environment)s already."),
    "promotions.already_there": _("This version is what %(environment)s runs already."),
    "promotions.evidence_moved": _(
        "The evidence for %(key)s has changed: %(changed)s. Nothing was recorded; look at it again, then decide."
    ),
    "promotions.password_wrong": _("That is not your password. Nothing was signed."),
    "promotions.signature_unknown": _("This signature is not yours for this request and verdict. Sign again."),
    "promotions.signature_used": _("This signature was used already. Sign again to decide again."),
    "promotions.signature_late": _("A signature is good for %(seconds)s seconds. Sign again."),
    "promotions.signature_stale": _("What you signed has changed since. Look at it again, then sign again."),
    "promotions.nothing_to_roll_back_to": _("No version was approved for this environment before this one."),
    "promotions.nothing_to_put_back": _("The alias points where it should; there is nothing to put back."),
    "promotions.not_live": _("%(key)s is not what runs there now."),
    "promotions.files_changed": _("The model's files in the registry are not the ones that were approved."),
    "promotions.alias_not_kept": _("The registry did not keep the alias after it was set."),
    "promotions.no_longer_approved": _("The approvals no longer hold for what would be applied."),
    "promotions.alias_moved": _("Somebody moved the alias while the request was being applied."),
}

REPORTS: Mapping[str, object] = {}

AUDIT: Mapping[str, object] = {
    "audit.not_canonical": _("The log cannot record this: %(why)s (at %(where)s)."),
    "audit.bad_entry": _("The log cannot record this: %(why)s."),
    "audit.too_large": _("This is too much for one entry of the log, which holds at most %(longest)s bytes."),
    "audit.bad_origin": _("“%(origin)s” cannot name a log: it must have no spaces and no plus sign."),
    "audit.bad_vkey": _("This is not a verifier key: it must be a name, an id and an Ed25519 key with “+” between."),
    "audit.bad_checkpoint": _("The checkpoint cannot be relied on: %(why)s."),
    "audit.bad_tile": _("The log's export has nothing at “%(path)s”."),
    "audit.bad_sizes": _(
        "`from` and `to` must be sizes of the log: at least 1, `from` not above `to`, `to` at most %(size)s."
    ),
    "audit.bad_filter": _("The filter “%(name)s” cannot be understood: %(why)s."),
    "audit.no_key": _(
        "The log's signing key is missing or cannot be read. Put it back from its backup, or run `attestry migrate` "
        "on a server that never had one."
    ),
    "audit.key_changed": _(
        "The log's signing key is not the one that signed the log so far. Put the earlier key back; "
        "until then entries are kept but not numbered."
    ),
    "audit.sidecar_unreadable": _(
        "The file that remembers what was signed last cannot be read. Put it back from its backup; "
        "until then entries are kept but not numbered."
    ),
    "audit.signed_elsewhere": _("Another worker signed the log at the same moment. It goes on by itself."),
    "audit.shorter_than_signed": _(
        "The log in the database has %(found)s numbered entries, but %(signed)s were signed. The database was restored "
        "from an older backup or cut. Entries are kept but not numbered until the missing ones are back."
    ),
    "audit.beside_signed": _(
        "The first %(signed)s entries in the database are not the ones that were signed. "
        "Entries are kept but not numbered until they are put right."
    ),
    "audit.nothing_published": _(
        "The log has no signed checkpoint yet. One follows within seconds of the first entry."
    ),
    "audit.not_published": _("Entry %(seq)s is not under a signed checkpoint yet. Try again in a few seconds."),
}

SENTENCES: dict[str, object] = {
    **REQUEST,
    **ACCESS,
    **LINEAGE,
    **CATALOG,
    **REGISTRIES,
    **PII,
    **POLICIES,
    **PROMOTIONS,
    **REPORTS,
    **AUDIT,
}


def say(refusal: Refused) -> str:
    """Return the refusal's sentence in the reader's language; its code where no sentence is known."""
    template = SENTENCES.get(refusal.code)
    if template is None:
        return gettext("This was refused (%(code)s).") % {"code": refusal.code}
    return str(template) % {"action": "", **refusal.params} if refusal.params else str(template).replace("%%", "%")
