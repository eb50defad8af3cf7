"""Retention, legal holds and erasure for machines."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actor import Actor, Invalid
from audit.doors import Body, actor_of, idempotent, now_of, page, read
from audit.retention import selectors as kept
from audit.retention import services as keeping
from audit.retention.models import Hold, Proposal
from audit.retention.services import Held
from governance.access.models import User
from governance.privacy import selectors, services
from governance.privacy.services import Erased
from governance.signin.allauth import check_password


class ErasureBody(Body):
    """Whom or what to erase: a person's id or e-mail address, or a subject of the log such as `promotion:<id>`."""

    subject = serializers.CharField(max_length=255)
    reason = serializers.CharField(max_length=500)


class ConfirmBody(Body):
    """The password of whoever confirms."""

    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class ReasonBody(Body):
    """Why; kept as a personal value."""

    reason = serializers.CharField(max_length=500)


class HoldBody(Body):
    """What to hold, one of three: a `subject` of the log, a `person`, or a time from `since`, perhaps to `until`."""

    subject = serializers.CharField(max_length=255, required=False, default="")
    person = serializers.CharField(max_length=255, required=False, default="")
    since = serializers.DateTimeField(required=False, allow_null=True, default=None)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=500)


class PolicyBody(Body):
    """Months to keep content: by beginning of the action, and for the rest."""

    classes = serializers.DictField(child=serializers.IntegerField())
    rest = serializers.IntegerField()
    reason = serializers.CharField(max_length=500)


def asked_shape(asked: Proposal) -> dict[str, Any]:
    """Return something that was asked for as its JSON."""
    return {
        "id": str(asked.pk),
        "kind": asked.kind,
        "target": asked.target,
        "state": asked.state,
        "asked_by": str(asked.asked_by),
        "created_at": asked.created_at.isoformat(),
        "decided_by": str(asked.decided_by) if asked.decided_by else None,
        "decided_at": asked.decided_at.isoformat() if asked.decided_at else None,
    }


def hold_shape(hold: Hold) -> dict[str, Any]:
    """Return a hold as its JSON; its reason is a personal value of the entry that set it."""
    return {
        "id": hold.pk,
        "kind": hold.kind,
        "subject": hold.subject or None,
        "person": str(hold.actor_id) if hold.actor_id else None,
        "since": hold.since.isoformat() if hold.since else None,
        "until": hold.until.isoformat() if hold.until else None,
        "set_by": str(hold.set_by),
        "at": hold.at.isoformat(),
        "lifted_at": hold.lifted_at.isoformat() if hold.lifted_at else None,
    }


def held(actor: Actor, given: dict[str, Any]) -> Held:
    """Return what shall be held; refused unless it is exactly one of the three."""
    chosen = [each for each in ("subject", "person", "since") if given.get(each)]
    if len(chosen) != 1:
        raise Invalid("retention.one_of_three")
    if chosen == ["since"]:
        return Held(since=given["since"], until=given.get("until"))
    target = selectors.target(actor, given[chosen[0]])
    return Held(actor_id=target.person.pk) if target.person else Held(subject=target.subject)


def confirm(request: Any, pk: UUID, password: str) -> Erased | None:
    """Confirm what somebody else asked for, once the password fits; returns what was erased, if that was it."""
    actor, now = actor_of(request), now_of(request)
    kept.require_keeper(actor)
    asked = kept.proposal(pk)
    user = request.user if isinstance(request.user, User) else None
    if user is None or not check_password(getattr(request, "_request", request), user, user.email, password):
        raise Invalid("access.wrong_password")
    if asked.kind == Proposal.Kind.ERASE:
        return services.erase(actor=actor, request_id=pk, now=now)
    (keeping.lift if asked.kind == Proposal.Kind.LIFT else keeping.publish_policy)(actor=actor, request_id=pk, now=now)
    return None


def erased_shape(done: Erased | None) -> dict[str, Any] | None:
    """Return what an erasure did, and where names still occur, as JSON."""
    if done is None:
        return None
    left = [vars(each) for each in selectors.remains(done.names)]
    return {"subject": done.subject, "values": done.openings, "entries": done.entries, "remains": left}


class Requests(APIView):
    """What takes two people."""

    @extend_schema(operation_id="privacy_requests", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """List erasures, policies and lifted holds that were asked for, newest first."""
        kept.require_reader(actor_of(request))
        rows, cursor = page(request, kept.proposals())
        return Response({"results": [asked_shape(row) for row in rows], "next": cursor})


class OneRequest(APIView):
    """Something that was asked for."""

    @extend_schema(operation_id="privacy_request", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return what was asked for, and how it was decided."""
        kept.require_reader(actor_of(request))
        return Response(asked_shape(kept.proposal(pk)))


class Confirmation(APIView):
    """The second person's yes."""

    @extend_schema(operation_id="privacy_confirm", request=ConfirmBody, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, pk: UUID) -> Response:
        """Do what somebody else asked for, with one's own password; of an erasure, say what names remain where."""
        kept.require_keeper(actor_of(request))
        done = confirm(request, pk, read(ConfirmBody, request)["password"])
        return Response(asked_shape(kept.proposal(pk)) | {"erased": erased_shape(done)})


class Refusal(APIView):
    """A no, or a change of mind."""

    @extend_schema(operation_id="privacy_decline", request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, pk: UUID) -> Response:
        """Decline what was asked for; whoever asked takes it back this way."""
        return Response(asked_shape(keeping.decline(actor=actor_of(request), request_id=pk, now=now_of(request))))


class Erasures(APIView):
    """Erasures."""

    @extend_schema(operation_id="privacy_erase", request=ErasureBody, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        """Ask for the personal values about a person or subject to be erased; somebody else confirms."""
        kept.require_keeper(actor_of(request))

        def do() -> Response:
            given = read(ErasureBody, request)
            asked = services.ask(actor=actor_of(request), now=now_of(request), **given)
            return Response(asked_shape(asked), status=201)

        return idempotent(request, do)


class Retention(APIView):
    """How long content is kept."""

    @extend_schema(operation_id="audit_retention", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Return the policy in force, and how many entries are past their time."""
        kept.require_reader(actor_of(request))
        standing = kept.policy()
        policy = {
            "digest": standing.digest,
            "document": standing.document,
            "since": standing.since.isoformat() if standing.since else None,
        }
        due, _oldest = kept.next_pruning(now_of(request))
        return Response({"policy": policy, "due": due})


class Policies(APIView):
    """Retention policies."""

    @extend_schema(operation_id="audit_retention_ask", request=PolicyBody, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        """Ask for another retention policy, which may only keep longer; somebody else confirms."""
        kept.require_keeper(actor_of(request))

        def do() -> Response:
            given = read(PolicyBody, request)
            asked = keeping.ask_policy(actor=actor_of(request), now=now_of(request), **given)
            return Response(asked_shape(asked), status=201)

        return idempotent(request, do)


class Holds(APIView):
    """Legal holds."""

    @extend_schema(operation_id="audit_holds", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """List legal holds, newest first."""
        kept.require_reader(actor_of(request))
        rows, cursor = page(request, kept.all_holds(), order=("-id",))
        return Response({"results": [hold_shape(row) for row in rows], "next": cursor})

    @extend_schema(operation_id="audit_hold", request=HoldBody, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        """Set a legal hold: nothing it covers is removed or erased until two people lift it."""
        kept.require_keeper(actor_of(request))

        def do() -> Response:
            given, actor = read(HoldBody, request), actor_of(request)
            made = keeping.set_hold(actor=actor, held=held(actor, given), reason=given["reason"], now=now_of(request))
            return Response(hold_shape(made), status=201)

        return idempotent(request, do)


class Lifting(APIView):
    """The end of a hold."""

    @extend_schema(operation_id="audit_hold_lift", request=ReasonBody, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, number: int) -> Response:
        """Ask for a hold to be lifted; somebody else confirms."""
        kept.require_keeper(actor_of(request))

        def do() -> Response:
            given = read(ReasonBody, request)
            asked = keeping.ask_lift(actor=actor_of(request), number=number, now=now_of(request), **given)
            return Response(asked_shape(asked), status=201)

        return idempotent(request, do)
