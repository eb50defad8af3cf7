from typing import Any

from django.urls import path

from governance.pii import api as rest
from governance.pii import views

api: list[Any] = [
    path("scans", rest.Scans.as_view(), name="pii.scans"),
    path("scans/<uuid:pk>", rest.OneScan.as_view(), name="pii.scan"),
    path("datasets/<uuid:pk>/scans", rest.DatasetScans.as_view(), name="pii.dataset_scans"),
    path("datasets/<uuid:pk>/findings", rest.DatasetFindings.as_view(), name="pii.dataset_findings"),
    path("findings/<uuid:pk>/judge", rest.JudgeFinding.as_view(), name="pii.judge"),
    path("waivers", rest.Waivers.as_view(), name="pii.waivers"),
    path("waivers/<uuid:pk>", rest.OneWaiver.as_view(), name="pii.waiver"),
    path("waivers/<uuid:pk>/decide", rest.DecideWaiver.as_view(), name="pii.decide"),
    path("waivers/<uuid:pk>/withdraw", rest.WithdrawWaiver.as_view(), name="pii.withdraw"),
]
pages: list[Any] = [
    path("datasets/<uuid:pk>", views.dataset, name="pii.dataset_page"),
    path("datasets/<uuid:pk>/scan", views.ask, name="pii.ask_page"),
    path("scans", views.scans, name="pii.scans_page"),
    path("scans/<uuid:pk>", views.scan, name="pii.scan_page"),
    path("findings/<uuid:pk>/waive", views.waive, name="pii.waive_page"),
    path("findings/<uuid:pk>/dispute", views.dispute, name="pii.dispute_page"),
    path("findings/<uuid:pk>/confirm", views.confirm, name="pii.confirm_page"),
    path("waivers", views.waivers, name="pii.waivers_page"),
    path("waivers/<uuid:pk>", views.waiver, name="pii.waiver_page"),
]
