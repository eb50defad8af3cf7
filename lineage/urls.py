from typing import Any

from django.urls import path

from lineage import api as rest
from lineage import views

api: list[Any] = [
    path("lineage", rest.Lineage.as_view(), name="lineage.api"),
    path("lineage/details", rest.Details.as_view(), name="lineage.details"),
    path("lineage/event", rest.OneEvent.as_view(), name="lineage.api.event"),
    path("lineage/changes", rest.Changes.as_view(), name="lineage.changes"),
    path("lineage/gaps", rest.Gaps.as_view(), name="lineage.gaps"),
    path("lineage/batch", rest.LineageBatch.as_view(), name="lineage.batch"),
]
pages: list[Any] = [
    path("lineage", views.show, name="lineage.show"),
    path("lineage/event", views.event, name="lineage.event"),
    path("lineage/changes", views.compare, name="lineage.changes_page"),
    path("lineage/gaps", views.missing, name="lineage.gaps_page"),
    path("lineage/file", views.download, name="lineage.file"),
]
