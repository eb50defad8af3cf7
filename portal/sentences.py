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

POLICIES: Mapping[str, object] = {}

PROMOTIONS: Mapping[str, object] = {}

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
