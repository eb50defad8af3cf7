"""Addresses of identities."""

from typing import Any

from django.urls import path

from governance.identities import api as rest
from governance.identities import views

api: list[Any] = [
    path("identities", rest.Identities.as_view(), name="identities.list"),
    path("identities/<uuid:pk>", rest.OneIdentity.as_view(), name="identities.one"),
    path("identities/<uuid:pk>/withdraw", rest.IdentityWithdrawal.as_view(), name="identities.one.withdraw"),
]
pages: list[Any] = [
    path("access/identities", views.identities, name="identities"),
    path("access/identities/<uuid:pk>/withdraw", views.withdraw, name="identities.withdraw"),
]
