from typing import Any

from django.urls import path

from governance.policies import api as rest
from governance.policies import views

api: list[Any] = [
    path("environments", rest.Environments.as_view(), name="environments.list"),
    path("policies", rest.Policies.as_view(), name="policies.list"),
    path("policies/<uuid:pk>", rest.OnePolicy.as_view(), name="policies.show"),
]
pages: list[Any] = [
    path("settings/policies", views.policies, name="policies.policies"),
    path("settings/policies/<uuid:pk>", views.policy, name="policies.policy"),
    path("settings/environments", views.environments, name="policies.environments"),
]
