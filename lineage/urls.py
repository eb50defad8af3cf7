from typing import Any

from django.urls import path

from lineage import api as rest

api: list[Any] = [
    path("lineage", rest.Lineage.as_view(), name="lineage.api"),
    path("lineage/batch", rest.LineageBatch.as_view(), name="lineage.batch"),
]
pages: list[Any] = []
