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

AUDIT: Mapping[str, object] = {}

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
