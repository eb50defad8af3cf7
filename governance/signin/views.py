"""One's own page: password, tokens, sessions; and the doors in."""

from typing import Any
from uuid import UUID

from allauth.account.forms import LoginForm, ReauthenticateForm
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actor import ANONYMOUS
from audit.doors import actor_of, met, now_of
from audit.refusals import Invalid, Malformed, NotSeen, Refused
from governance.access import selectors as access
from governance.access.models import SigninLink, User
from governance.signin import passwords, rules, selectors, services
from governance.signin.allauth import begin, check_password

RESET = "_reset_link"


class SignInForm(LoginForm):  # type: ignore[misc]
    """allauth's form, in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = gettext_lazy("E-mail address")
        self.fields["login"].widget.attrs = {"type": "email", "autocomplete": "username", "autofocus": True}
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs = {"autocomplete": "current-password"}


class AgainForm(ReauthenticateForm):  # type: ignore[misc]
    """allauth's re-authentication form, in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs = {"autocomplete": "current-password", "autofocus": True}


class FirstPasswordForm(forms.Form):
    """A new password, for somebody who came by a link."""

    password = forms.CharField(
        label=gettext_lazy("New password"),
        help_text=gettext_lazy("At least 12 characters. A few unrelated words are easy to keep and hard to guess."),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("New password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Both must be the same."""
        if self.cleaned_data.get("password") != self.cleaned_data.get("again") and not self.errors:
            self.add_error("again", _("The two are not the same."))
        return self.cleaned_data


class PasswordForm(FirstPasswordForm):
    """A new password and the present one."""

    old = forms.CharField(
        label=gettext_lazy("Present password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ["old", "password", "again"]


class TokenForm(forms.Form):
    """A token to make."""

    name = forms.CharField(
        label=gettext_lazy("What is it for?"), max_length=100, help_text=gettext_lazy("A name you will recognise.")
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days until it ends"),
        min_value=1,
        max_value=rules.LONGEST_TOKEN.days,
        initial=90,
        help_text=gettext_lazy("At most 365."),
    )


def reader(request: HttpRequest) -> User:
    """Return the signed-in person whose page this is; machines have none."""
    if not isinstance(request.user, User) or request.user.kind != User.Kind.PERSON:
        raise NotSeen("not_seen", what="account")
    return request.user


def key_of(request: HttpRequest) -> str | None:
    """Return the key of the reader's own session, if they come by one."""
    return request.session.session_key if actor_of(request).via == "session" else None


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Show one's own page."""
    return _account(request, TokenForm(auto_id="token_%s"), 200)


def _account(request: HttpRequest, form: TokenForm, status: int) -> HttpResponse:
    person, now = reader(request), now_of(request)
    return render(
        request,
        "governance/signin/account.html",
        {
            "person": person,
            "form": form,
            "now": now,
            "tokens": person.tokens.filter(revoked_at=None, expires_at__gt=now).order_by("expires_at"),
            "sessions": selectors.sessions_of(person.pk, now),
            "here": key_of(request),
            "grants": access.held_by(person.pk)
            .filter(access.in_force())
            .select_related("scope")
            .order_by("scope__path"),
        },
        status=status,
    )


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; whoever just came by a reset link need not know the old one."""
    person = reader(request)
    if actor_of(request).via != "session":
        raise NotSeen("not_seen", what="account")
    by_link = _fresh_reset(request, person) or not person.has_usable_password()
    form = (FirstPasswordForm if by_link else PasswordForm)(request.POST or None)
    if form.is_valid():
        try:
            _set_password(request, person, form.cleaned_data, by_link=by_link)
        except Refused as refusal:
            form.add_error("old" if refusal.code == "access.wrong_password" else "password", met(request, refusal))
        else:
            messages.success(request, _("Your password is changed. Your other browsers are signed out."))
            return HttpResponseRedirect(reverse("account"))
    status = 422 if form.errors else 200
    return render(request, "governance/signin/password.html", {"form": form, "by_link": by_link}, status=status)


def _fresh_reset(request: HttpRequest, person: User) -> bool:
    came_by = request.session.get(RESET)
    link = SigninLink.objects.filter(pk=came_by, user=person).first() if came_by else None
    return link is not None and link.used_at is not None and now_of(request) - link.used_at < rules.FRESH_LINK


def _set_password(request: HttpRequest, person: User, given: dict[str, str], *, by_link: bool) -> None:
    if by_link:
        change = passwords.first(person, given["password"])
    else:
        if not check_password(request, person, person.email, given["old"]):
            raise Invalid("access.wrong_password")
        change = passwords.changed(person, given["old"], given["password"])
    services.set_password(actor=actor_of(request), change=change, keep=key_of(request), now=now_of(request))
    request.session.pop(RESET, None)
    person.refresh_from_db()
    begin(request, person)


@sensitive_post_parameters()
@login_not_required
@require_http_methods(["GET"])
def link(request: HttpRequest, secret: str) -> HttpResponse:
    """Sign somebody in by a one-time link. A browser that only looks ahead does not use it up."""
    if "prefetch" in request.headers.get("Sec-Purpose", "") or "prefetch" in request.headers.get("Purpose", ""):
        raise Malformed("access.link_prefetched")
    host = request.get_host()
    used = services.redeem_signin_link(actor=ANONYMOUS, secret=secret, host=host, now=now_of(request))
    begin(request, used.user)
    if used.purpose == SigninLink.Purpose.RESET:
        request.session[RESET] = str(used.pk)
        return HttpResponseRedirect(reverse("account_change_password"))
    return HttpResponseRedirect("/")


@require_POST
def create_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it, this once."""
    reader(request)
    form = TokenForm(request.POST, auto_id="token_%s")
    if form.is_valid():
        try:
            token, text = services.create_token(actor=actor_of(request), now=now_of(request), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            return render(request, "governance/signin/token.html", {"token": token, "text": text}, status=201)
    return _account(request, form, 422)


@require_POST
def revoke_token(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a token."""
    services.revoke_token(actor=actor_of(request), token_id=pk, now=now_of(request))
    messages.success(request, _("The token is ended. Whatever uses it is refused from now on."))
    return HttpResponseRedirect(reverse("account"))


@require_POST
def end_session(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Sign one of one's own browsers out."""
    services.end_session(actor=actor_of(request), session_id=pk, now=now_of(request))
    messages.success(request, _("That browser is signed out."))
    return HttpResponseRedirect(reverse("account"))


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Sign all of one's own other browsers out."""
    services.end_other_sessions(actor=actor_of(request), keep=key_of(request) or "", now=now_of(request))
    messages.success(request, _("Your other browsers are signed out."))
    return HttpResponseRedirect(reverse("account"))


@require_POST
def give_link(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make a one-time sign-in link for somebody and show it, this once."""
    purpose = SigninLink.Purpose.RESET if request.POST.get("purpose") == "reset" else SigninLink.Purpose.SIGNIN
    issued, secret = services.issue_signin_link(
        actor=actor_of(request), person_id=pk, purpose=purpose, host=request.get_host(), now=now_of(request)
    )
    address = request.build_absolute_uri(reverse("account_link", args=[secret]))
    return render(request, "governance/signin/link.html", {"link": issued, "address": address}, status=201)
