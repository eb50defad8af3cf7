"""Addresses of retention, legal holds and erasure."""

from typing import Any

from django.urls import path

from governance.privacy import api as rest
from governance.privacy import views

api: list[Any] = [
    path("privacy/requests", rest.Requests.as_view(), name="privacy.api.requests"),
    path("privacy/requests/<uuid:pk>", rest.OneRequest.as_view(), name="privacy.api.request"),
    path("privacy/requests/<uuid:pk>/confirm", rest.Confirmation.as_view(), name="privacy.api.confirm"),
    path("privacy/requests/<uuid:pk>/decline", rest.Refusal.as_view(), name="privacy.api.decline"),
    path("privacy/erasures", rest.Erasures.as_view(), name="privacy.api.erasures"),
    path("audit/retention", rest.Retention.as_view(), name="privacy.api.retention"),
    path("audit/retention/policies", rest.Policies.as_view(), name="privacy.api.policies"),
    path("audit/holds", rest.Holds.as_view(), name="privacy.api.holds"),
    path("audit/holds/<int:number>/lift", rest.Lifting.as_view(), name="privacy.api.lift"),
]
pages: list[Any] = [
    path("audit/retention", views.retention, name="privacy.retention"),
    path("audit/retention/erase", views.erase, name="privacy.erase"),
    path("audit/retention/hold", views.hold, name="privacy.hold"),
    path("audit/retention/policy", views.policy, name="privacy.policy"),
    path("audit/retention/holds/<int:number>/lift", views.lift, name="privacy.lift"),
    path("audit/retention/requests/<uuid:pk>", views.asked, name="privacy.asked"),
    path("audit/retention/requests/<uuid:pk>/decline", views.decline, name="privacy.decline"),
]
