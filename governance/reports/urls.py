from typing import Any

from django.urls import path

from governance.reports import api as rest
from governance.reports import live, views

api: list[Any] = [
    path("live", live.Live.as_view(), name="reports.api.live"),
    path("reports", rest.Reports.as_view(), name="reports.api"),
    path("reports/<uuid:pk>", rest.OneReport.as_view(), name="reports.api.show"),
    path("reports/<uuid:pk>/content", rest.Content.as_view(), name="reports.api.content"),
]
pages: list[Any] = [
    path("reports/live", live.page, name="reports.live"),
    path("reports", views.index, name="reports.index"),
    path("reports/<uuid:pk>", views.show, name="reports.show"),
    path("reports/<uuid:pk>/file", views.download, name="reports.file"),
]
