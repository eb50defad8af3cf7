"""Pages of people, groups, scopes and grants."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actor import Actor
from audit.doors import actor_of, met, now_of, page, say
from audit.refusals import Refused
from governance.access import selectors, services
from governance.access.models import Group, Scope, User
from governance.access.rules import HELD_BY_ATTESTRY, ROLES, Action, Gift, NewPerson
from governance.access.words import role_name

GET_POST = require_http_methods(["GET", "HEAD", "POST"])
BY_NAME = ("name", "pk")


class NewPersonForm(forms.Form):
    """Somebody to add."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=150)
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"), help_text=gettext_lazy("They sign in with it."), max_length=254
    )


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        max_length=500,
        help_text=gettext_lazy("Kept with the record, for whoever reviews this later."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class GroupForm(forms.Form):
    """A group to make."""

    name = forms.CharField(label=gettext_lazy("Name of the new group"), max_length=100)


class ScopeForm(forms.Form):
    """A place to make."""

    parent = forms.ModelChoiceField(label=gettext_lazy("Below"), queryset=Scope.objects.none())
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=[("team", gettext_lazy("team")), ("project", gettext_lazy("project"))]
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=90)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = selectors.scopes_for(actor).exclude(kind=Scope.Kind.PROJECT).order_by("path")
        self.fields["parent"].queryset = places  # type: ignore[attr-defined]


class MembersForm(forms.Form):
    """Exactly the people who shall be in a group."""

    members = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Members"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = selectors.people_for(actor).filter(is_active=True, kind=User.Kind.PERSON).order_by(*BY_NAME)
        self.fields["members"].queryset = people  # type: ignore[attr-defined]


class GrantForm(forms.Form):
    """A role to give."""

    holder = forms.ChoiceField(label=gettext_lazy("To whom?"))
    role = forms.ChoiceField(
        label=gettext_lazy("Which role?"),
        choices=[(role, role_name(role)) for role in ROLES if role not in HELD_BY_ATTESTRY],
    )
    scope = forms.ModelChoiceField(
        label=gettext_lazy("Where?"),
        help_text=gettext_lazy("It also holds for everything below."),
        queryset=Scope.objects.none(),
    )
    expires_at = forms.DateTimeField(
        label=gettext_lazy("Until when?"),
        required=False,
        help_text=gettext_lazy("UTC. Without a date it has no end; what shows personal data should have one."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(label=gettext_lazy("Why?"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = selectors.people_for(actor).filter(is_active=True).order_by(*BY_NAME)
        groups = selectors.groups_for(actor).order_by(*BY_NAME)
        self.fields["holder"].choices = [  # type: ignore[attr-defined]
            (_("People and service accounts"), [(str(one.pk), one.name) for one in people]),
            (_("Groups"), [(str(one.pk), one.name) for one in groups]),
        ]
        self.fields["scope"].queryset = selectors.scopes_for(actor).order_by("path")  # type: ignore[attr-defined]

    def gift(self) -> Gift:
        """Return what the form says."""
        given = self.cleaned_data
        holder, scope = UUID(given["holder"]), given["scope"].pk
        return Gift(holder, given["role"], scope, given["reason"], expires_at=given["expires_at"])


class WhyForm(forms.Form):
    """A question: may they?"""

    subject = forms.ModelChoiceField(label=gettext_lazy("Who?"), queryset=User.objects.none())
    action = forms.ChoiceField(
        label=gettext_lazy("May do what?"), choices=[(one.value, one.value.replace("_", " ")) for one in Action]
    )
    scope = forms.ModelChoiceField(label=gettext_lazy("Where?"), queryset=Scope.objects.none())

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subject"].queryset = selectors.people_for(actor).order_by(*BY_NAME)  # type: ignore[attr-defined]
        self.fields["scope"].queryset = selectors.scopes_for(actor).order_by("path")  # type: ignore[attr-defined]


def _named(ids: Iterable[UUID]) -> dict[str, str]:
    return {str(pk): name for pk, name in selectors.names(ids).items()}


def manages(actor: Actor) -> bool:
    """Return whether to offer what only managers of the whole organisation can do."""
    user = selectors.user(actor.principal_id)
    return user is not None and selectors.may(user.pk, Action.MANAGE_ACCESS, None)


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """List the people the reader may know of."""
    actor = actor_of(request)
    rows, following = page(request, selectors.people_for(actor), BY_NAME)
    context = {"people": rows, "next_cursor": following, "manages": manages(actor)}
    return render(request, "governance/access/people.html", context)


@GET_POST
def add_person(request: HttpRequest) -> HttpResponse:
    """Add somebody."""
    form = NewPersonForm(request.POST or None)
    if form.is_valid():
        try:
            wanted = NewPerson(form.cleaned_data["name"], form.cleaned_data["email"])
            user = services.add_person(actor=actor_of(request), person=wanted, now=now_of(request))
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            messages.success(request, _("Added. They can do nothing yet: give them a role, and a sign-in link."))
            return HttpResponseRedirect(reverse("access.people.show", args=[user.pk]))
    return render(request, "governance/access/add_person.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def person(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show somebody and what they hold."""
    return _person(request, pk, ReasonForm(), 200)


def _person(request: HttpRequest, pk: UUID, form: forms.Form, status: int) -> HttpResponse:
    actor = actor_of(request)
    user = selectors.person_seen_by(actor, pk)
    held = selectors.held_by(user.pk).filter(pk__in=selectors.grants_for(actor).values("pk"))
    grants = list(held.select_related("scope").order_by("revoked_at", "scope__path", "role"))
    context = {
        "person": user,
        "grants": grants,
        "names": _named([one.granted_by for one in grants] + [one.principal_id for one in grants]),
        "groups": selectors.groups_for(actor).filter(members=user).order_by("name"),
        "now": now_of(request),
        "form": form,
        "manages": manages(actor),
    }
    return render(request, "governance/access/person.html", context, status=status)


@require_POST
def deactivate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Shut somebody out."""
    return _switch(request, pk, services.deactivate, _("Shut out. Their sessions and tokens ended at this moment."))


@require_POST
def reactivate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let somebody back in."""
    return _switch(request, pk, services.reactivate, _("Back in. What they hold counts again."))


def _switch(request: HttpRequest, pk: UUID, service: Any, said: str) -> HttpResponse:
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            service(actor=actor_of(request), person_id=pk, reason=form.cleaned_data["reason"], now=now_of(request))
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            messages.success(request, said)
            return HttpResponseRedirect(reverse("access.people.show", args=[pk]))
    return _person(request, pk, form, 422)


@GET_POST
def groups(request: HttpRequest) -> HttpResponse:
    """List the groups the reader may know of, and make one."""
    actor = actor_of(request)
    form = GroupForm(request.POST or None)
    if form.is_valid():
        try:
            group = services.create_group(actor=actor, name=form.cleaned_data["name"], now=now_of(request))
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            return HttpResponseRedirect(reverse("access.groups.show", args=[group.pk]))
    rows, following = page(request, selectors.groups_for(actor).prefetch_related("members"), BY_NAME)
    context = {"groups": rows, "next_cursor": following, "form": form, "manages": manages(actor)}
    return render(request, "governance/access/groups.html", context, status=422 if form.errors else 200)


@GET_POST
def group(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a group and set its members."""
    actor = actor_of(request)
    shown: Group = selectors.group_seen_by(actor, pk)
    form = MembersForm(request.POST or None, actor=actor, initial={"members": shown.members.all()})
    if request.method == "POST" and form.is_valid():
        members = [one.pk for one in form.cleaned_data["members"]]
        try:
            services.set_members(actor=actor, group_id=pk, members=members, now=now_of(request))
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            messages.success(request, _("The members are set."))
            return HttpResponseRedirect(reverse("access.groups.show", args=[pk]))
    context = {"group": shown, "form": form, "manages": manages(actor), "members": shown.members.order_by(*BY_NAME)}
    return render(request, "governance/access/group.html", context, status=422 if form.errors else 200)


@GET_POST
def scopes(request: HttpRequest) -> HttpResponse:
    """List the places the reader can browse, and make one."""
    actor = actor_of(request)
    form = ScopeForm(request.POST or None, actor=actor)
    if form.is_valid():
        given = form.cleaned_data
        try:
            services.create_scope(
                actor=actor, parent_id=given["parent"].pk, kind=given["kind"], name=given["name"], now=now_of(request)
            )
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            messages.success(request, _("The place is made."))
            return HttpResponseRedirect(reverse("access.scopes.page"))
    rows, following = page(request, selectors.scopes_for(actor), ("path", "pk"))
    context = {"scopes": rows, "next_cursor": following, "form": form, "manages": manages(actor)}
    return render(request, "governance/access/scopes.html", context, status=422 if form.errors else 200)


@require_POST
def set_frozen(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Freeze a place, or thaw it."""
    frozen = request.POST.get("frozen") == "yes"
    reason = request.POST.get("reason", "")
    services.set_frozen(actor=actor_of(request), scope_id=pk, frozen=frozen, reason=reason, now=now_of(request))
    return HttpResponseRedirect(reverse("access.scopes.page"))


@require_safe
def grants(request: HttpRequest) -> HttpResponse:
    """List the grants the reader may know of, and answer *why?*"""
    rows, following = page(request, selectors.grants_for(actor_of(request)))
    context = {
        "grants": rows,
        "names": _named([one.granted_by for one in rows] + [one.principal_id for one in rows]),
        "next_cursor": following,
        "now": now_of(request),
        "why": WhyForm(actor=actor_of(request)),
    }
    return render(request, "governance/access/grants.html", context)


@GET_POST
def give(request: HttpRequest) -> HttpResponse:
    """Give a role."""
    actor = actor_of(request)
    wanted = {name: request.GET[name] for name in ("holder", "role", "scope") if name in request.GET}
    form = GrantForm(request.POST or None, actor=actor, initial=wanted)
    if form.is_valid():
        try:
            services.give_grant(actor=actor, gift=form.gift(), now=now_of(request))
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            messages.success(request, _("Given. It counts from this moment."))
            return HttpResponseRedirect(reverse("access.grants.page"))
    return render(request, "governance/access/give.html", {"form": form}, status=422 if form.errors else 200)


@GET_POST
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Withdraw a grant."""
    actor = actor_of(request)
    grant = selectors.grant_seen_by(actor, pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            services.withdraw_grant(actor=actor, grant_id=pk, reason=form.cleaned_data["reason"], now=now_of(request))
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            messages.success(request, _("Withdrawn. It stopped counting at this moment."))
            return HttpResponseRedirect(reverse("access.grants.page"))
    holder = _named([grant.principal_id]).get(str(grant.principal_id), "")
    context = {"form": form, "grant": grant, "holder": holder}
    return render(request, "governance/access/withdraw.html", context, status=422 if form.errors else 200)


@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """Say why somebody may or may not, by the same code that decides."""
    actor = actor_of(request)
    form = WhyForm(request.GET or None, actor=actor)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        given = form.cleaned_data
        subject, decision = selectors.explained(actor, given["subject"].pk, given["action"], given["scope"])
        ids = [claim.via for claim, _how in decision.considered if claim.via]
        places = dict(Scope.objects.in_bulk([claim.scope_id for claim, _how in decision.considered]))
        context |= {
            "subject": subject,
            "decision": decision,
            "sentence": say(Refused(decision.reason_code)),
            "forbidden": [say(Refused(guard.value)) for guard in decision.guards],
            "names": _named(ids),
            "where": {str(pk): place.path for pk, place in places.items()},
            "scope": given["scope"],
            "enough": selectors.people_who_may(given["action"], given["scope"].pk),
        }
    return render(request, "governance/access/why.html", context, status=422 if form.errors else 200)
