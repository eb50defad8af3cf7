"""REST of the log. What is bytes or text by a standard (tiles, checkpoints, proofs) is answered as just that."""

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET, require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import export as files
from audit import filters, keys, proof, protections, readings, rotation, selectors, services, witness
from audit.actor import Actor, require
from audit.doors import actor_of, now_of, page
from audit.models import Entry
from audit.offline import verify
from audit.refusals import Invalid, Malformed, NotSeen
from audit.retention import selectors as retention
from audit.tiles import FULL, read_path

BYTES = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"


def filter_parameters() -> list[OpenApiParameter]:
    """The filters and the page, as OpenAPI tells them."""
    about = {
        "q": "words that must all be in the entry; `credit*` for all that begin so; names and free text are not in it",
        "actor": "id, or a part of a name or e-mail",
        "action": "beginning of the action, such as `promotion.`",
        "subject": "whole subject, such as `promotion:<uuid>`",
        "outcome": "success, failure, denied or error",
        "since": "date or moment, UTC",
        "until": "date or moment, UTC; a date includes that day",
        "cursor": "where the page begins, from `next`",
        "limit": "rows on a page, 1 to 500",
    }
    return [OpenApiParameter(name, str, description=text) for name, text in about.items()]


class OpeningBody(serializers.Serializer[Any]):
    """A personal value behind a commitment: `HMAC-SHA256(salt, value)` is what the entry holds."""

    field = serializers.CharField()
    value = serializers.CharField()
    salt = serializers.CharField(help_text="hex")


class EntryBody(serializers.Serializer[Any]):
    """An entry as the outside sees it; `leaf` are the exact bytes that were hashed, empty while it has no number."""

    id = serializers.IntegerField()
    seq = serializers.IntegerField(allow_null=True, help_text="number from 0; null while it waits for one")
    state = serializers.ChoiceField(["offered", "sequenced", "published"])
    at = serializers.DateTimeField()
    action = serializers.CharField()
    outcome = serializers.CharField()
    actor = serializers.DictField()
    scope = serializers.UUIDField(allow_null=True)
    subjects = serializers.ListField(child=serializers.CharField())
    about = serializers.DictField()
    private = serializers.DictField(help_text="salted commitments")
    leaf = serializers.CharField()
    leaf_hash = serializers.CharField(help_text="hex")
    openings = OpeningBody(many=True, help_text="on a single entry, for those who may read personal values")
    removed = serializers.DictField(
        allow_null=True, help_text="when its content is gone: `at`, `policy`, and `seq` of the entry that says so"
    )


class EntriesBody(serializers.Serializer[Any]):
    """One page of entries, newest first."""

    results = EntryBody(many=True)
    next = serializers.CharField(allow_null=True)


def told(entry: Entry, published: int) -> dict[str, Any]:
    """The entry as `EntryBody` says; of one whose content was removed, what columns and trails still tell."""
    removed = None if bytes(entry.body) else retention.removed(entry)
    said = json.loads(bytes(entry.body)) if removed is None else retention.left_of(entry)
    leaf = getattr(entry, "leaf", None)
    state = "offered" if leaf is None else "published" if leaf.seq < published else "sequenced"
    return {
        "id": entry.pk,
        "seq": leaf.seq if leaf else None,
        "state": state,
        **{each: said[each] for each in ("at", "action", "outcome", "actor", "scope", "subjects", "about", "private")},
        "leaf": bytes(leaf.body).decode() if leaf else "",
        "leaf_hash": bytes(leaf.hash).hex() if leaf else "",
        "openings": [],
        "removed": removed,
    }


def opened(request: HttpRequest | Request, entry: Entry) -> list[dict[str, str]]:
    """The openings of an entry that whoever asks may read; what they read is recorded first."""
    actor, now = actor_of(request), now_of(request)
    found = list(selectors.openings(entry)) if selectors.may_open(actor, entry) else []
    if found:
        services.note_opening(actor=actor, entry=entry, fields=[each.field for each in found], now=now)
    else:
        leaf = getattr(entry, "leaf", None)
        services.note_read(actor=actor, read=readings.of_entry(leaf.seq if leaf else None), now=now)
    return [{"field": each.field, "value": each.value, "salt": bytes(each.salt).hex()} for each in found]


class EntriesView(APIView):
    """The entries of the log."""

    @extend_schema(parameters=filter_parameters(), responses=EntriesBody)
    def get(self, request: Request) -> Response:
        """Return the entries you may read, newest first: all of them, or those of the scopes you audit."""
        actor, wanted = actor_of(request), filters.asked(request.GET)
        found, cursor = page(request, filters.apply(selectors.entries_for(actor), wanted), order=("-id",))
        if selectors.audits_somewhere(actor):
            services.note_read(actor=actor, read=readings.of_page(wanted, found), now=now_of(request))
        published = selectors.published()
        return Response({"results": [told(each, published) for each in found], "next": cursor})


class EntryView(APIView):
    """One entry by its number."""

    @extend_schema(responses=EntryBody)
    def get(self, request: Request, seq: int) -> Response:
        """Return the entry, its exact bytes, and the openings you may read."""
        entry = selectors.leaf_seen_by(actor_of(request), seq).entry
        return Response(told(entry, selectors.published()) | {"openings": opened(request, entry)})


class ConsistencyBody(serializers.Serializer[Any]):
    """That the log at `to` extends the log at `from`: RFC 6962 hashes in base64."""

    proof = serializers.ListField(child=serializers.CharField())

    def get_fields(self) -> dict[str, Any]:
        """`from` is a keyword of Python, so the sizes are named here."""
        sizes = {"from": serializers.IntegerField(), "to": serializers.IntegerField()}
        return sizes | super().get_fields()


class ConsistencyView(APIView):
    """Consistency of two sizes."""

    @extend_schema(
        parameters=[OpenApiParameter("from", OpenApiTypes.INT), OpenApiParameter("to", OpenApiTypes.INT)],
        responses=ConsistencyBody,
    )
    def get(self, request: Request) -> Response:
        """Return the proof that the log only grew between two sizes."""
        selectors.reader(actor_of(request))
        old, new = (_size(request, name) for name in ("from", "to"))
        hashes = [b64encode(each).decode() for each in selectors.consistency(old, new)]
        return Response({"from": old, "to": new, "proof": hashes})


class ProtectionBody(serializers.Serializer[Any]):
    """One protection of the log, and whether it is in force at this moment."""

    code = serializers.CharField()
    active = serializers.BooleanField()
    detail = serializers.CharField()


class ProtectionsView(APIView):
    """What protects the log here."""

    @extend_schema(responses=ProtectionBody(many=True))
    def get(self, request: Request) -> Response:
        """Return which protections are in force, checked as this is answered."""
        selectors.reader(actor_of(request))
        return Response([vars(each) for each in protections.now_in_force(now_of(request))])


class VerdictBody(serializers.Serializer[Any]):
    """What becomes of an attack, and the protections that make it so."""

    result = serializers.ChoiceField(["resisted", "detected", "not"])
    by = serializers.ListField(child=serializers.CharField())


class AttackBody(serializers.Serializer[Any]):
    """One attack: by somebody with the portal's rights, and by whoever owns the database or the server."""

    letter = serializers.CharField()
    name = serializers.CharField()
    through = VerdictBody()
    above = VerdictBody()


class StrengthBody(serializers.Serializer[Any]):
    """What the protections in force are worth."""

    prevention = serializers.ChoiceField(["database", "application", "nobody"])
    detection = serializers.ChoiceField(["full", "partial", "none"])
    protections = ProtectionBody(many=True)
    attacks = AttackBody(many=True)


class StrengthView(APIView):
    """How strong the log's protection is."""

    @extend_schema(responses=StrengthBody)
    def get(self, request: Request) -> Response:
        """Return which attacks are resisted, which would show, and which would not, as of this moment."""
        selectors.reader(actor_of(request))
        return Response(protections.strength_told(now_of(request)))


def _size(request: Request, name: str) -> int:
    text = request.GET.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Invalid("audit.bad_sizes", size=selectors.published())
    return int(text)


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """Return the newest checkpoint, a signed note, with the lines of witnesses who co-signed it already."""
    selectors.reader(actor_of(request))
    return _fresh(witness.cosigned(selectors.latest().size))


@require_safe
def witnessed(request: HttpRequest) -> HttpResponse:
    """Return the newest checkpoint that a witness co-signed, with the lines of all who did."""
    selectors.reader(actor_of(request))
    newest = witness.newest()
    if newest is None:
        raise NotSeen("not_seen", what="checkpoint")
    return _fresh(witness.cosigned(newest.size))


@require_safe
def key(request: HttpRequest) -> HttpResponse:
    """Return the log's verifier key. Note it down elsewhere: it is what exports are checked with."""
    selectors.reader(actor_of(request))
    return HttpResponse(f"{keys.verifier()}\n", content_type=TEXT)


@require_safe
def all_keys(request: HttpRequest) -> HttpResponse:
    """Return every verifier key of the log, one a line: the Ed25519 key first, then the ML-DSA-44 key."""
    selectors.reader(actor_of(request))
    return HttpResponse("".join(f"{each}\n" for each in keys.verifiers()), content_type=TEXT)


class ChangeBody(serializers.Serializer[Any]):
    """A change of the log's keys: the entry that names them, in its exact bytes, and its proof under old and new."""

    seq = serializers.IntegerField()
    entry = serializers.CharField()
    proof = serializers.CharField(help_text="tlog-proof@v1")


class ChangesBody(serializers.Serializer[Any]):
    """Every change of keys, oldest first."""

    results = ChangeBody(many=True)
    next = serializers.CharField(allow_null=True)


class ChangesView(APIView):
    """How the log's keys followed each other."""

    @extend_schema(responses=ChangesBody)
    def get(self, request: Request) -> Response:
        """Return what leads from an old verifier key to the one of today."""
        selectors.reader(actor_of(request))
        found = rotation.changes(selectors.published())
        told = [{"seq": seq, "entry": entry.decode(), "proof": text} for seq, entry, text in found]
        return Response({"results": told, "next": None})


def read_number(request: HttpRequest, name: str, *, default: int, most: int) -> int:
    """A whole number from the query, from 0 to `most`; refused otherwise."""
    text = request.GET.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 16 or int(text) > most:
        raise Malformed("audit.bad_filter", name=name, why=f"0 - {most}")
    return int(text)


@require_safe
def verifier(request: HttpRequest) -> HttpResponse:
    """Return the offline verifier, one Python file."""
    selectors.reader(actor_of(request))
    return _download(Path(verify.__file__).read_bytes(), "text/x-python; charset=utf-8", "verify.py")


@require_safe
def tile(request: HttpRequest, path: str) -> HttpResponse:
    """Return a tile of the newest checkpoint; those that hold entries are for organisation-wide auditors."""
    actor = actor_of(request)
    selectors.reader(actor)
    if path.startswith("entries/"):
        require(actor, "audit", None)
    data = selectors.published_tile(path)
    tag = f'"{sha256(data).hexdigest()}"'
    headers = {"Cache-Control": "private, max-age=31536000, immutable", "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers=headers)
    if path.startswith("entries/"):
        of = read_path(path)
        services.note_read(actor=actor, read=readings.of_span("tiles", of.number * FULL, of.width), now=now_of(request))
    return HttpResponse(data, content_type=BYTES, headers=headers)


@require_safe
def leaf(request: HttpRequest, seq: int) -> HttpResponse:
    """Return the exact bytes of an entry's leaf, the ones that were hashed."""
    actor = actor_of(request)
    found = selectors.leaf_seen_by(actor, seq)
    services.note_read(actor=actor, read=readings.of_entry(seq), now=now_of(request))
    if not bytes(found.body):
        raise Invalid("retention.removed", seq=seq)
    return _download(bytes(found.body), "application/json", f"{seq}.json")


@require_safe
def proof_file(request: HttpRequest, seq: int) -> HttpResponse:
    """Return the proof that an entry stands in the log, as tlog-proof@v1."""
    found = selectors.proof_of(selectors.leaf_seen_by(actor_of(request), seq).seq)
    text = proof.write(found.seq, found.hashes, found.checkpoint)
    return _download(text.encode(), TEXT, f"{seq}.tlog-proof")


@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Return the whole log as one archive that verifies offline; recorded in the log before the first byte.

    With `openings=1` it holds the personal values that are still kept, for those who may read them.
    """
    return archive(actor_of(request), request)


def archive(actor: Actor, request: HttpRequest) -> HttpResponseBase:
    """The export as an answer, for both doors."""
    openings = read_number(request, "openings", default=0, most=1) == 1
    taken = services.export(actor=actor, now=now_of(request), openings=openings)
    response = StreamingHttpResponse(files.archive(taken, openings=openings), content_type="application/x-tar")
    if not openings:
        response.headers["Content-Length"] = str(files.archive_length(taken))
    response.headers["Content-Disposition"] = f'attachment; filename="{files.archive_name(taken)}.tar"'
    return response


def _fresh(note: str) -> HttpResponse:
    """What moves on every second: kept by nobody."""
    return HttpResponse(note, content_type=TEXT, headers={"Cache-Control": "no-store"})


def _download(data: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(data, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
