"""Addresses of people, groups, scopes and grants."""

from typing import Any

from django.urls import path

from governance.access import api as rest
from governance.access import views

api: list[Any] = [
    path("people", rest.People.as_view(), name="access.people"),
    path("people/<uuid:pk>", rest.OnePerson.as_view(), name="access.person"),
    path("groups", rest.Groups.as_view(), name="access.groups"),
    path("groups/<uuid:pk>", rest.OneGroup.as_view(), name="access.group"),
    path("scopes", rest.Scopes.as_view(), name="access.scopes"),
    path("scopes/<uuid:pk>", rest.OneScope.as_view(), name="access.scope"),
    path("grants", rest.Grants.as_view(), name="access.grants"),
    path("grants/<uuid:pk>", rest.OneGrant.as_view(), name="access.grant"),
    path("grants/<uuid:pk>/withdraw", rest.GrantWithdrawal.as_view(), name="access.grant.withdraw"),
    path("explain", rest.Explain.as_view(), name="access.explain"),
]
pages: list[Any] = [
    path("access", views.people, name="access"),
    path("access/people/new", views.add_person, name="access.people.new"),
    path("access/people/<uuid:pk>", views.person, name="access.people.show"),
    path("access/people/<uuid:pk>/deactivate", views.deactivate, name="access.people.deactivate"),
    path("access/people/<uuid:pk>/reactivate", views.reactivate, name="access.people.reactivate"),
    path("access/groups", views.groups, name="access.groups.page"),
    path("access/groups/<uuid:pk>", views.group, name="access.groups.show"),
    path("access/scopes", views.scopes, name="access.scopes.page"),
    path("access/scopes/<uuid:pk>/frozen", views.set_frozen, name="access.scopes.frozen"),
    path("access/grants", views.grants, name="access.grants.page"),
    path("access/grants/new", views.give, name="access.grants.new"),
    path("access/grants/<uuid:pk>/withdraw", views.withdraw, name="access.grants.withdraw"),
    path("access/why", views.why, name="access.why"),
]
