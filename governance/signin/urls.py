"""Addresses of sign-in: allauth's own views where it has them, without sign-up, e-mail or reset by e-mail."""

from typing import Any

from allauth.account import views as allauth
from django.urls import path

from governance.signin import api as rest
from governance.signin import views

api: list[Any] = [
    path("account", rest.Me.as_view(), name="signin.me"),
    path("account/password", rest.Password.as_view(), name="signin.password"),
    path("account/sessions", rest.Sessions.as_view(), name="signin.sessions"),
    path("account/sessions/<uuid:pk>", rest.OneSession.as_view(), name="signin.session"),
    path("tokens", rest.Tokens.as_view(), name="signin.tokens"),
    path("tokens/<uuid:pk>", rest.OneToken.as_view(), name="signin.token"),
]
pages: list[Any] = [
    path("account", views.account, name="account"),
    path("account/login", allauth.login, name="account_login"),
    path("account/logout", allauth.logout, name="account_logout"),
    path("account/reauthenticate", allauth.reauthenticate, name="account_reauthenticate"),
    path("account/password", views.password, name="account_change_password"),
    path("account/link/<str:secret>", views.link, name="account_link"),
    path("access/people/<uuid:pk>/link", views.give_link, name="account_give_link"),
    path("account/tokens", views.create_token, name="account_tokens"),
    path("account/tokens/<uuid:pk>/revoke", views.revoke_token, name="account_token_revoke"),
    path("account/sessions/end-others", views.end_other_sessions, name="account_sessions_end"),
    path("account/sessions/<uuid:pk>/end", views.end_session, name="account_session_end"),
]
