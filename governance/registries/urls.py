from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from governance.registries import api as rest
from governance.registries import views

api: list[Any] = [
    path("registries", rest.Registries.as_view(), name="registries.list"),
    path("registries/<uuid:pk>", rest.OneRegistry.as_view(), name="registries.show"),
    path("registries/<uuid:pk>/sync", rest.Sync.as_view(), name="registries.sync"),
    path("registries/<uuid:pk>/probe", rest.Probe.as_view(), name="registries.probe"),
    path("models/<uuid:pk>/aliases", rest.Aliases.as_view(), name="registries.aliases"),
    path("drifts", rest.Drifts.as_view(), name="registries.drifts"),
    path("hooks/mlflow", login_not_required(rest.MlflowHook.as_view()), name="registries.hook"),
]
pages: list[Any] = [
    path("models/<uuid:pk>", views.model, name="registries.model"),
    path("models/<uuid:pk>/versions/<uuid:version_pk>", views.version, name="registries.version"),
    path("settings/registries", views.registries, name="registries.registries"),
    path("settings/registries/<uuid:pk>/test", views.test, name="registries.test_page"),
    path("settings/registries/<uuid:pk>/sync", views.sync, name="registries.sync_page"),
    path("settings/registries/<uuid:pk>/disconnect", views.disconnect, name="registries.disconnect_page"),
]
