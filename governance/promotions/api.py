"""Requests for machines, and for people with a token of their own."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actor import Actor, Malformed
from audit.doors import Body, NoBody, actor_of, idempotent, now_of, page, read, read_nothing
from governance.catalog import selectors as catalog
from governance.promotions import rules, selectors, services
from governance.promotions.models import EvidenceItem, Promotion
from governance.promotions.rules import Ballot
from governance.promotions.selectors import Standing
from governance.promotions.services import Signed, Wish
from governance.promotions.words import statement
from governance.signin.allauth import limited


class AskBody(Body):
    """Which version should run where: the model by name or id with the version's label, or the version's id."""

    model = serializers.CharField(max_length=500, required=False)
    version = serializers.CharField(max_length=100, required=False)
    version_id = serializers.UUIDField(required=False)
    environment = serializers.CharField(max_length=60)
    purpose = serializers.CharField(max_length=rules.LONGEST_TEXT, required=False, allow_blank=True, default="")


class SignBody(Body):
    """The password again, and the verdict it is for."""

    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    verdict = serializers.ChoiceField(rules.SIGNED)


class DecideBody(Body):
    """A verdict, the grant that signs it, and the revision it was made on (or `If-Match`)."""

    verdict = serializers.ChoiceField(rules.VERDICTS)
    grant = serializers.CharField(max_length=200)
    revision = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    reason = serializers.CharField(max_length=rules.LONGEST_TEXT, required=False, allow_blank=True, default="")


class MoveBody(Body):
    """The revision that was looked at (or `If-Match`), and why."""

    revision = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    reason = serializers.CharField(max_length=rules.LONGEST_TEXT, required=False, allow_blank=True, default="")


class ResubmitBody(Body):
    """The revision that was looked at (or `If-Match`), and the purpose when it changed."""

    revision = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    purpose = serializers.CharField(max_length=rules.LONGEST_TEXT, required=False, allow_blank=True, default="")


class RollBackBody(MoveBody):
    """The revision, the reason, and the grant that signs the roll-back."""

    grant = serializers.CharField(max_length=200)


def revision_of(request: Request, wanted: dict[str, Any]) -> int:
    """Return the revision from the body or `If-Match`; refused when neither has one, or they disagree."""
    given = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if given and not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Malformed("promotions.revision_needed")
    known: set[int] = {int(given)} if given else set()
    known |= {wanted["revision"]} if "revision" in wanted else set()
    if len(known) != 1:
        raise Malformed("promotions.revision_needed")
    return known.pop()


def item_shape(item: EvidenceItem) -> dict[str, Any]:
    """Return one piece of evidence as JSON."""
    return {
        "name": item.check_name,
        "class": item.klass,
        "result": item.result,
        "blocks": item.blocks,
        "digest": item.digest,
        "detail": item.detail,
        "source": item.source,
        "produced_by": item.produced_by or None,
        "told_by": [{"id": each.id, "own": each.own} for each in selectors.tellers(item)],
        "produced_at": item.produced_at and item.produced_at.isoformat(),
        "valid_until": item.valid_until and item.valid_until.isoformat(),
        "gathered_at": item.gathered_at.isoformat(),
        "replaced_at": item.replaced_at and item.replaced_at.isoformat(),
    }


def rules_shape(found: Standing) -> list[dict[str, Any]]:
    """Return each approval rule with how many it needs, has, and could have."""
    given = rules.given(found.case)
    rows = []
    for rule in found.case.rules:
        able = rules.eligible(found.case, rule)
        rows.append(
            {
                "name": rule.name,
                "role": rule.role,
                "needed": rule.needed,
                "given": len(given[rule.name]),
                "eligible": len(able),
                "remaining": len(rules.still_can(found.case, rule)),
                "reviews": list(rule.reviews),
            }
        )
    return rows


def shape(promotion: Promotion, found: Standing) -> dict[str, Any]:
    """Return a request as JSON."""
    return {
        "id": str(promotion.pk),
        "key": promotion.key,
        "kind": promotion.kind,
        "state": promotion.state,
        "revision": promotion.revision,
        "submission": promotion.submission,
        "model": promotion.asset.name,
        "model_id": str(promotion.asset_id),
        "version": promotion.version.label,
        "version_id": str(promotion.version_id),
        "environment": promotion.environment.name,
        "alias": promotion.alias,
        "purpose": promotion.purpose,
        "manifest_digest": promotion.manifest_digest,
        "subject_digest": promotion.subject_digest,
        "subject": promotion.subject,
        "policy": {
            "id": str(promotion.policy_id),
            "number": promotion.policy.number,
            "digest": promotion.policy_digest,
        },
        "baseline": {"version": promotion.baseline.label, "manifest_digest": promotion.baseline.manifest_digest}
        if promotion.baseline
        else None,
        "requester": {"id": str(promotion.requester_id), "name": promotion.requester.name},
        "checks": [
            {"name": item.check_name, "class": item.klass, "result": item.result, "blocks": item.blocks}
            for item in selectors.items_of(promotion)
        ],
        "rules": rules_shape(found),
        "decisions": _decisions(promotion, found),
        "failure": promotion.failure,
        "alias_before": promotion.alias_before,
        "unknown_contributors": list(found.unknown),
        **{name: _moment(promotion, name) for name in ("created_at", "submitted_at", "expires_at")},
        **{name: _moment(promotion, name) for name in ("decided_at", "applied_at", "ended_at")},
    }


def _moment(promotion: Promotion, name: str) -> str | None:
    value = getattr(promotion, name)
    return value.isoformat() if value else None


def _decisions(promotion: Promotion, found: Standing) -> list[dict[str, Any]]:
    decisions = list(promotion.decisions.all())
    reasons = selectors.reasons_of(decisions)
    return [
        {
            "id": str(decision.pk),
            "person": {"id": str(decision.person_id), "name": decision.person.name},
            "verdict": decision.verdict,
            "subject_digest": decision.subject_digest,
            "counts": rules.stands(found.case, selectors.vote(decision)),
            "reason": reasons.get(decision.entry_id, ""),
            "entry": decision.entry_id,
            "at": decision.at.isoformat(),
        }
        for decision in decisions
    ]


def answer(request: Request, actor: Actor, key: str, status: int = 200) -> Response:
    """Return the request as it is now, read again after whatever was done to it."""
    promotion = selectors.seen_by(actor, key)
    body = shape(promotion, selectors.standing(promotion, now_of(request)))
    return Response(body, status=status, headers={"ETag": f'"{promotion.revision}"'})


class Promotions(APIView):
    """The requests one may see; ask for another."""

    @extend_schema(operation_id="promotions_list", responses={200: dict})
    def get(self, request: Request) -> Response:
        rows = selectors.matching(actor_of(request), request.GET)
        found, cursor = page(request, rows)
        now, circle = now_of(request), selectors.Circle()
        shapes = [shape(row, selectors.standing(row, now, circle)) for row in found]
        return Response({"results": shapes, "next": cursor})

    @extend_schema(operation_id="promotions_request", request=AskBody, responses={201: dict})
    def post(self, request: Request) -> Response:
        wanted = read(AskBody, request)
        actor = actor_of(request)

        def ask() -> Response:
            version = wanted.get("version_id") or _version(actor, wanted)
            wish = Wish(version, wanted["environment"], wanted["purpose"])
            made = services.request(actor=actor, wish=wish, now=now_of(request))
            return answer(request, actor, made.key, 201)

        return idempotent(request, ask)


def _version(actor: Actor, wanted: dict[str, Any]) -> UUID:
    if not wanted.get("model") or not wanted.get("version"):
        raise Malformed("promotions.version_needed")
    return catalog.find_version(actor, wanted["model"], wanted["version"]).pk


class OnePromotion(APIView):
    """One request with its checks, rules and decisions."""

    @extend_schema(operation_id="promotions_show", responses={200: dict})
    def get(self, request: Request, key: str) -> Response:
        return answer(request, actor_of(request), key)


class Evidence(APIView):
    """The evidence of a request, with what it replaced."""

    @extend_schema(operation_id="promotions_evidence", responses={200: dict})
    def get(self, request: Request, key: str) -> Response:
        promotion = selectors.seen_by(actor_of(request), key)
        rows = promotion.evidence.order_by("position", "-gathered_at")
        return Response({"subject_digest": promotion.subject_digest, "items": [item_shape(row) for row in rows]})


class Signatures(APIView):
    """Re-enter the password for one verdict; the answer's `grant` signs the decision within 120 seconds."""

    @extend_schema(operation_id="promotions_sign", request=SignBody, responses={201: dict})
    def post(self, request: Request, key: str) -> Response:
        wanted = read(SignBody, request)
        actor = actor_of(request)
        with limited(request._request, "promotions.password_wrong"):
            promotion, secret, until = services.sign(actor=actor, key=key, now=now_of(request), **wanted)
        words = statement(wanted["verdict"], selectors.statement_of(promotion, actor.principal_id))
        return Response(
            {
                "grant": secret,
                "verdict": wanted["verdict"],
                "subject_digest": promotion.subject_digest,
                "revision": promotion.revision,
                "statement": " ".join(each.text.format(**each.params) for each in words),
                "expires_at": until.isoformat(),
            },
            status=201,
        )


class Decisions(APIView):
    """Decide on a request."""

    @extend_schema(operation_id="promotions_decide", request=DecideBody, responses={201: dict})
    def post(self, request: Request, key: str) -> Response:
        wanted = read(DecideBody, request)
        ballot = Ballot(wanted["verdict"], wanted["reason"])
        signed = Signed(ballot, revision_of(request, wanted), wanted["grant"])
        services.decide(actor=actor_of(request), key=key, signed=signed, now=now_of(request))
        return answer(request, actor_of(request), key, 201)


class Withdraw(APIView):
    """End a request before it is applied."""

    @extend_schema(operation_id="promotions_withdraw", request=MoveBody, responses={200: dict})
    def post(self, request: Request, key: str) -> Response:
        wanted = read(MoveBody, request)
        revision = revision_of(request, wanted)
        services.withdraw(
            actor=actor_of(request), key=key, revision=revision, reason=wanted["reason"], now=now_of(request)
        )
        return answer(request, actor_of(request), key)


class Resubmit(APIView):
    """Put a request back in review after changes were asked for."""

    @extend_schema(operation_id="promotions_resubmit", request=ResubmitBody, responses={200: dict})
    def post(self, request: Request, key: str) -> Response:
        wanted = read(ResubmitBody, request)
        revision = revision_of(request, wanted)
        services.resubmit(
            actor=actor_of(request), key=key, revision=revision, purpose=wanted["purpose"], now=now_of(request)
        )
        return answer(request, actor_of(request), key)


class RollBack(APIView):
    """Bring back the version approved before; the answer is the new request."""

    @extend_schema(operation_id="promotions_roll_back", request=RollBackBody, responses={201: dict})
    def post(self, request: Request, key: str) -> Response:
        wanted = read(RollBackBody, request)
        signed = Signed(Ballot("roll_back", wanted["reason"]), revision_of(request, wanted), wanted["grant"])
        made = services.roll_back(actor=actor_of(request), key=key, signed=signed, now=now_of(request))
        return answer(request, actor_of(request), made.key, 201)


class PutBack(APIView):
    """Point the alias where the live request put it."""

    @extend_schema(operation_id="promotions_put_back", request=NoBody, responses={202: dict})
    def post(self, request: Request, key: str) -> Response:
        read_nothing(request)
        services.put_back(actor=actor_of(request), key=key, now=now_of(request))
        return answer(request, actor_of(request), key, 202)


class Retry(APIView):
    """Try again to apply an approved request that could not be applied."""

    @extend_schema(operation_id="promotions_retry", request=MoveBody, responses={202: dict})
    def post(self, request: Request, key: str) -> Response:
        revision = revision_of(request, read(MoveBody, request))
        services.retry(actor=actor_of(request), key=key, revision=revision, now=now_of(request))
        return answer(request, actor_of(request), key, 202)
