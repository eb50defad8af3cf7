from typing import Any

from django.urls import path

from governance.reports import api as rest
from governance.reports import live, questions, views

api: list[Any] = [
    path("lineage/trained", questions.Trained.as_view(), name="reports.api.trained"),
    path("lineage/reaches", questions.Reaches.as_view(), name="reports.api.reaches"),
    path("lineage/tell", questions.Tell.as_view(), name="reports.api.tell"),
    path("live", live.Live.as_view(), name="reports.api.live"),
    path("reports", rest.Reports.as_view(), name="reports.api"),
    path("reports/<uuid:pk>", rest.OneReport.as_view(), name="reports.api.show"),
    path("reports/<uuid:pk>/content", rest.Content.as_view(), name="reports.api.content"),
]
pages: list[Any] = [
    path("lineage/trained", questions.trained_page, name="reports.trained"),
    path("lineage/reaches", questions.reaches_page, name="reports.reaches"),
    path("lineage/tell", questions.tell_page, name="reports.tell"),
    path("reports/live", live.page, name="reports.live"),
    path("reports", views.index, name="reports.index"),
    path("reports/<uuid:pk>", views.show, name="reports.show"),
    path("reports/<uuid:pk>/file", views.download, name="reports.file"),
]
