from typing import Any

from django.urls import path

from governance.catalog import api as rest
from governance.catalog import views

api: list[Any] = [
    path("models", rest.Models.as_view(), name="catalog.models"),
    path("models/<uuid:pk>", rest.OneModel.as_view(), name="catalog.model"),
    path("models/<uuid:pk>/versions", rest.Versions.as_view(), name="catalog.versions"),
    path("models/<uuid:pk>/card", rest.OneCard.as_view(), name="catalog.card"),
    path("datasets", rest.Datasets.as_view(), name="catalog.datasets"),
    path("datasets/<uuid:pk>", rest.OneDataset.as_view(), name="catalog.dataset"),
    path("assets/<uuid:pk>", rest.OneAsset.as_view(), name="catalog.asset"),
    path("assets/<uuid:pk>/adopt", rest.Adopt.as_view(), name="catalog.adopt"),
]
pages: list[Any] = [
    path("models", views.models, name="catalog.models_page"),
    path("models/by-name", views.by_name, name="catalog.by_name"),
    path("models/<uuid:pk>/card", views.card, name="catalog.card_page"),
    path("datasets", views.datasets, name="catalog.datasets_page"),
    path("datasets/by-lineage/<int:pk>", views.by_lineage, name="catalog.by_lineage"),
    path("assets/<uuid:pk>/edit", views.edit, name="catalog.edit_page"),
    path("assets/<uuid:pk>/adopt", views.adopt, name="catalog.adopt_page"),
]
