"""Refusals in words. Codes are stable; the sentences are for people: what happened, why, what to do next."""

from collections.abc import Mapping

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.refusals import Refused
from portal.sentences_of_retention import RETENTION
from portal.sentences_of_scans import PII

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
    "request.no_files": _("Attestry takes no files. Send the form without one."),
    "request.charset": _("Attestry reads text in UTF-8. Send it so, or leave the charset out."),
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
    "access.allowed": _("Yes: a grant gives this, and nothing forbids it."),
    "access.no_grant": _("No grant gives this here."),
    "access.inactive": _("This account is shut out, or the person who answers for it is."),
    "access.people_only": _("Only people approve and waive; a service account never does."),
    "access.admin_apart": _("Administrators never approve, waive or read personal detail where they administer."),
    "access.self_granted": _(
        "The only grants that give this were given by the same person. Somebody else must give it."
    ),
    "access.purpose_needed": _(
        "This is labelled as personal data. It takes a grant that ends and says what the data is needed for."
    ),
    "access.scope_frozen": _("This place is frozen: it can be read, and nothing in it can be changed or decided."),
    "access.guard_broken": _("A protection could not be worked out, so the answer is no. The server's log says why."),
    "access.email_taken": _("Somebody with this e-mail address is here already."),
    "access.bad_email": _("This is not an e-mail address that Attestry can use."),
    "access.bad_name": _("A name has 1 to 150 visible characters; the name of a place has no slash."),
    "access.name_taken": _("“%(name)s” is taken already. Choose another name."),
    "access.reason_needed": _("Say why, in at most %(most)s characters: whoever reviews this later will ask."),
    "access.attestry_itself": _("This is Attestry itself. It cannot be changed, shut out or given roles."),
    "identities.name": _("Write the name as the registry or the commit has it, with at most %(most)s characters."),
    "identities.taken": _("“%(name)s” is noted as somebody already. Take that back first."),
    "identities.gone": _("Somebody took this name back meanwhile. Load the page again."),
    "access.already_inactive": _("This account is shut out already."),
    "access.erased": _("This person was erased and cannot be let back in. Add them as somebody new."),
    "access.already_active": _("This account is active already."),
    "access.last_admin": _("This is the last administrator. Make somebody else an administrator first."),
    "access.members_are_people": _("Only active people can be in a group."),
    "access.scope_kind": _("A %(kind)s cannot stand below a %(parent)s. Below a project there is nothing."),
    "access.too_deep": _("Scopes can be at most %(deepest)s levels deep."),
    "access.already_frozen": _("This place is frozen already."),
    "access.not_frozen": _("This place is not frozen."),
    "access.no_such_scope": _("There is no place called “%(path)s” in the tree of scopes."),
    "access.no_such_role": _("“%(role)s” is not a role that can be given."),
    "access.role_not_for_services": _("A service account cannot hold “%(role)s”: machines decide nothing."),
    "access.holder_inactive": _("This account is shut out, so it cannot be given anything."),
    "access.own_grant": _("Nobody gives themselves a role that decides or shows personal data, nor through a group."),
    "access.ends_before_it_starts": _("The grant must end after it begins, and in the future."),
    "access.already_granted": _("They hold exactly this already."),
    "access.already_withdrawn": _("This grant was withdrawn already."),
    "access.bad_resource": _("Name the thing as kind:id, such as scope:, model:, dataset: or promotion: and its id."),
    "access.bad_action": _("“%(action)s” is not something Attestry knows."),
    "access.bad_query": _("Search for at least two characters."),
    "access.too_many_tries": _("Too many wrong passwords. Wait %(minutes)s minutes and try again."),
    "access.wrong_password": _("This is not your present password."),
    "access.cannot_sign_in": _("Only active people sign in; service accounts use tokens."),
    "access.password_short": _("A password has at least %(least)s characters. Length matters more than odd signs."),
    "access.password_long": _("A password has at most %(most)s characters."),
    "access.password_common": _("This password is among the first that anybody would try."),
    "access.password_known": _("The password contains your name or address. Choose one without them."),
    "access.password_same": _("The new password is the old one."),
    "access.password_moved": _("Your password was changed elsewhere in the meantime. Nothing was changed now."),
    "access.link_used_or_old": _("This sign-in link was used, or is older than ten minutes. Ask for a new one."),
    "access.link_elsewhere": _("This sign-in link was made for another address of Attestry."),
    "access.link_prefetched": _("A sign-in link opens only when somebody follows it."),
    "access.token_too_long": _("A token lives for 1 to %(longest)s days."),
    "access.token_outlives": _("A token made with another token cannot outlive it. Choose fewer days, or sign in."),
    "access.token_ended": _("This token is ended already."),
    "access.owner_needed": _("A service account needs an active person who answers for it."),
}

LINEAGE: Mapping[str, object] = {
    "lineage.not_json": _("The body is not JSON."),
    "lineage.bad_gzip": _("The body says it is compressed with gzip, but it cannot be unpacked."),
    "lineage.not_an_object": _("An OpenLineage event is a JSON object."),
    "lineage.not_a_list": _("A batch is a JSON array of OpenLineage events."),
    "lineage.nothing_identified": _(
        "The event names neither a job nor a dataset, so there is nothing to keep it under."
    ),
    "lineage.not_replayed": _("Events came that name new things. Make the tables again."),
    "lineage.busy": _("Many events are being taken in at once. Send these again in a moment."),
    "lineage.behind": _("Events are still being taken in. Ask again in a moment."),
    "lineage.namespace_needed": _("Several things are called %(name)s. Say in `namespace` which one you mean."),
    "lineage.bad_parameter": _("`%(name)s` is missing or not understood. Possible: %(allowed)s."),
}

CATALOG: Mapping[str, object] = {
    "catalog.moved": _("Somebody changed this since you opened it. Nothing was saved; look again, then decide."),
    "catalog.card_shape": _("The card's field “%(field)s” does not have the shape a card asks for."),
    "catalog.card_too_long": _("The card's field “%(field)s” is longer than %(most)s characters."),
    "catalog.card_unchanged": _("The card says exactly this already, so there is nothing to save."),
    "catalog.risk_tier": _("A risk tier is one of: %(tiers)s."),
    "catalog.slice_twice": _("The same metric of the same slice is given twice."),
    "catalog.slice_value": _("“%(value)s” is not a number. Each slice needs a name, a metric and a number."),
    "catalog.slice_line": _("The line “%(line)s” needs three parts: slice | metric | value."),
    "catalog.bad_label": _(
        "A label has up to 62 of a-z, 0-9 and . _ : / -, starting and ending with a letter or digit; at most %(most)s "
        "labels. Look at: %(label)s"
    ),
    "catalog.bad_owner": _("Owners are active people, at most %(most)s of them."),
    "catalog.needs_owner": _("Somebody must answer for this: name at least one owner."),
    "catalog.adopted_already": _("This was adopted already. Its owners can change where it belongs."),
    "catalog.ambiguous_name": _("More than one model is called “%(name)s”. Give the model's id instead."),
    "catalog.needs_revision": _("Say which revision you saw, as `revision` or in If-Match."),
    "catalog.labels_or_owners": _("Send either labels or owners."),
    "catalog.bad_date": _("“%(value)s” is not a date and time. Write it like 2026-11-21 or 2026-11-21T14:00."),
}

REGISTRIES: Mapping[str, object] = {
    "registries.unsafe_path": _("A file's path could point outside the model's folder: %(path)s."),
    "registries.duplicate_path": _("Two files would lie in the same place: %(path)s."),
    "registries.bad_file_digest": _("The size or digest given for %(path)s is not one."),
    "registries.file_count": _("A model version has 1 to %(most)s files; this one has %(count)s or nests too deeply."),
    "registries.not_a_file": _("%(path)s is a link or a device. Only plain files can be bound by a digest."),
    "registries.too_large": _("The files are larger than the %(most_gb)s GB that are read for one version."),
    "registries.files_elsewhere": _(
        "MLflow does not serve these files itself (they lie in “%(where)s”), so their digest cannot be computed. "
        "Start MLflow with --serve-artifacts and register the version again."
    ),
    "registries.bad_address": _("A registry's address starts with http:// or https:// and ends with host and path."),
    "registries.password_in_address": _(
        "Leave the password out of the address. Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD instead."
    ),
    "registries.bad_name": _("A registry's name has 1 to %(most)s characters."),
    "registries.known_already": _("A registry with this name or address is connected already."),
    "registries.off_already": _("This registry is disconnected already."),
    "registries.off": _(
        "The registry %(name)s was disconnected, so nothing is written to it. Connect it again, then try again."
    ),
    "registries.no_registry": _("No registry is known to hold this version."),
    "registries.away": _("The registry does not answer. Work that needs it waits and goes on when it returns."),
    "registries.not_let_in": _(
        "The registry does not let Attestry in. Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
    ),
    "registries.not_mlflow": _("What answers at this address is not an MLflow server."),
    "registries.refused": _("The registry refused: %(answer)s."),
    "registries.hook_headers": _("A webhook needs X-MLflow-Delivery-Id, X-MLflow-Timestamp and X-MLflow-Signature."),
    "registries.hook_signature": _("The webhook is not signed with the secret Attestry knows."),
    "registries.hook_skew": _("The webhook is more than five minutes old or ahead of time."),
    "registries.hook_replayed": _("This webhook was taken before."),
}

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
    "promotions.revision_needed": _("Say which revision you looked at, once: in `revision` or in `If-Match`."),
    "promotions.version_needed": _("Say which version: `model` and `version`, or `version_id`."),
    "promotions.checks_failing": _("%(count)s checks stand in the way: %(checks)s. Settle or waive them first."),
    "promotions.unmatched": _(
        "The policy asks that everybody who contributed is known here, and nobody matches: %(names)s. Have them added "
        "with that name or e-mail address."
    ),
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
    "promotions.alias_busy": _("Another request is moving this alias now. This one waits its turn."),
    "promotions.alias_unknown": _(
        "The alias points at a version that is not in the catalog yet, so what would be replaced cannot be compared. "
        "Let the registry be looked at, then try again."
    ),
    "promotions.gone": _(
        "The registry has no such version any more: it, or its model, was deleted there. Once it is there again, try "
        "again; else withdraw this request."
    ),
    "promotions.compromised": _(
        "Its files in the registry are not those that were approved, so it is not put back. Roll back to an earlier "
        "version instead."
    ),
    "promotions.not_live_now": _("Another decision holds there now, so this one was not put back."),
    "promotions.alias_moved": _("Somebody moved the alias while the request was being applied."),
}

REPORTS: Mapping[str, object] = {
    "reports.kind_unavailable": _("Attestry cannot make a report of kind “%(kind)s” yet. It can make: %(possible)s."),
    "reports.format_unavailable": _("This report does not come as %(form)s. Choose one of: %(possible)s."),
    "reports.as_of_future": _("A report can be made as of now or an earlier time, not of one that has not come."),
    "reports.already_made": _("This report was made already."),
    "reports.not_ready": _("This report is %(state)s, so there is nothing to take away. Look again when it is ready."),
}

AUDIT: Mapping[str, object] = {
    "audit.bad_sink": _(
        "The setting ATTESTRY_AUDIT_SINKS cannot be understood at “%(part)s”. Each part is a name, “=”, and an address "
        "that begins with https, http, syslog+tls, syslog+tcp or syslog+udp and may end in #ocsf or #ecs."
    ),
    "audit.sink_away": _("The collector “%(name)s” did not take the entries: %(why)s. They are kept and sent again."),
    "audit.bad_dialect": _("Entries can be had in these words only: %(known)s."),
    "audit.not_canonical": _("The log cannot record this: %(why)s (at %(where)s)."),
    "audit.bad_entry": _("The log cannot record this: %(why)s."),
    "audit.too_large": _("This is too much for one entry of the log, which holds at most %(longest)s bytes."),
    "audit.bad_origin": _("“%(origin)s” cannot name a log: it must have no spaces and no plus sign."),
    "audit.bad_vkey": _("This is not a verifier key: it must be a name, an id and an Ed25519 key with “+” between."),
    "audit.bad_checkpoint": _("The checkpoint cannot be relied on: %(why)s."),
    "audit.bad_witnesses": _("ATTESTRY_WITNESSES must be addresses and verifier keys in turn, with spaces between."),
    "audit.bad_timestamp": _("The time-stamp authority answered something that is no stamp of this checkpoint."),
    "audit.no_timestamp": _("The time-stamp authority does not answer as RFC 3161 says. Nothing was kept; try again."),
    "audit.no_openssl": _("This needs the program openssl, which is not installed here."),
    "audit.rotation_waits": _(
        "The log has no checkpoint over the new keys yet, so the old ones stay in use. Run the command again; "
        "if that does not help, `attestry doctor` says what keeps the log from going on."
    ),
    "audit.bad_tile": _("The log's export has nothing at “%(path)s”."),
    "audit.bad_sizes": _(
        "`from` and `to` must be sizes of the log: at least 1, `from` not above `to`, `to` at most %(size)s."
    ),
    "audit.bad_filter": _("The filter “%(name)s” cannot be understood. Use one of these: %(why)s."),
    "audit.roles_unfit": _("This cannot be set up here: %(why)s."),
    "audit.not_owner": _(
        "Tables have to change, and they belong to “%(owner)s”, which “%(role)s” may not become. "
        "Run this with the DATABASE_URL of an administrator of the database."
    ),
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
    "audit.beside_exported": _(
        "The log does not continue the export at size %(size)s, so no other is made. Check the database with "
        "`attestry audit verify --database` and compare with that export."
    ),
    "audit.refusal_unrecorded": _(
        "This was refused, and the refusal could not be recorded in the log. Nothing was changed; try again later."
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
    **RETENTION,
}


def say(refusal: Refused) -> str:
    """Return the refusal's sentence in the reader's language; its code where no sentence is known."""
    template = SENTENCES.get(refusal.code)
    if template is None:
        return gettext("This was refused (%(code)s).") % {"code": refusal.code}
    return str(template) % {"action": "", **refusal.params} if refusal.params else str(template).replace("%%", "%")
