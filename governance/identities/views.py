"""The page of identities."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from audit.actor import Actor
from audit.doors import actor_of, met, now_of, page
from audit.refusals import Refused
from governance.access.models import User
from governance.access.rules import Action
from governance.access.selectors import may, names, people_for
from governance.identities import rules, selectors, services


class IdentityForm(forms.Form):
    """A name, and who that is."""

    name = forms.CharField(
        label=gettext_lazy("Name in the registry or in commits"),
        max_length=rules.LONGEST,
        help_text=gettext_lazy("As it is written there, for example “asilva” or “ana@old-company.example”."),
    )
    person = forms.ModelChoiceField(label=gettext_lazy("Who is that?"), queryset=User.objects.none())

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = people_for(actor).order_by("name", "pk")  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
def identities(request: HttpRequest) -> HttpResponse:
    """List the names and whose they are, and say whose another is; `?name=` fills it in."""
    actor = actor_of(request)
    form = IdentityForm(request.POST or None, actor=actor, initial={"name": request.GET.get("name", "")})
    if request.method == "POST" and form.is_valid():
        name, person = form.cleaned_data["name"], form.cleaned_data["person"]
        try:
            services.give(actor=actor, name=name, person_id=person.pk, now=now_of(request))
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            messages.success(request, _("%(name)s is now known to be %(person)s.") % {"name": name, "person": person})
            return HttpResponseRedirect(reverse("identities"))
    rows, following = page(request, selectors.identities_for(actor), ("key", "pk"))
    context = {
        "identities": rows,
        "next_cursor": following,
        "form": form,
        "manages": may(actor.principal_id, Action.MANAGE_ACCESS, None),
        "given_by": {str(pk): name for pk, name in names({row.given_by for row in rows}).items()},
    }
    return render(request, "governance/identities/list.html", context, status=422 if form.errors else 200)


@require_POST
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let a name be nobody's again."""
    gone = services.withdraw(actor=actor_of(request), identity_id=pk, now=now_of(request))
    messages.success(request, _("%(name)s is nobody here from now on.") % {"name": gone.name})
    return HttpResponseRedirect(reverse("identities"))
