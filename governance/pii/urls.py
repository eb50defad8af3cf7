from typing import Any

from django.urls import path

from governance.pii import anonymity, changing, choosingdoors, copydoors, owndoors, views
from governance.pii import api as rest

api: list[Any] = [
    path("scans", rest.Scans.as_view(), name="pii.scans"),
    path("scans/<uuid:pk>", rest.OneScan.as_view(), name="pii.scan"),
    path("scans/<uuid:pk>/changes", changing.ScanChanges.as_view(), name="pii.scan_changes"),
    path("scan-rules", changing.ScanRules.as_view(), name="pii.rules"),
    path("scan-rules/accept", changing.AcceptRules.as_view(), name="pii.accept_rules"),
    path("scan-rules/countries", choosingdoors.PhoneCountries.as_view(), name="pii.countries"),
    path("scan-rules/names", choosingdoors.NamesModel.as_view(), name="pii.names_model"),
    path("scan-rules/recognisers", owndoors.Recognisers.as_view(), name="pii.recognisers"),
    path("scan-rules/recognisers/try", owndoors.TryRecogniser.as_view(), name="pii.try_recogniser"),
    path("scan-rules/recognisers/<slug:entity>", owndoors.Recogniser.as_view(), name="pii.recogniser"),
    path("scan-rules/trials", owndoors.Trials.as_view(), name="pii.trials"),
    path("datasets/<uuid:pk>/scans", rest.DatasetScans.as_view(), name="pii.dataset_scans"),
    path("datasets/<uuid:pk>/findings", rest.DatasetFindings.as_view(), name="pii.dataset_findings"),
    path("datasets/<uuid:pk>/copies", copydoors.DatasetCopies.as_view(), name="pii.copies"),
    path("versions/<uuid:pk>/scans", rest.VersionScans.as_view(), name="pii.version_scans"),
    path("datasets/<uuid:pk>/anonymity", anonymity.DatasetAnonymity.as_view(), name="pii.anonymity"),
    path("datasets/<uuid:pk>/labels", rest.DatasetLabels.as_view(), name="pii.dataset_labels"),
    path("models/<uuid:pk>/labels", rest.ModelLabels.as_view(), name="pii.model_labels"),
    path("flags", rest.Flags.as_view(), name="pii.flags"),
    path("findings/<uuid:pk>/judge", rest.JudgeFinding.as_view(), name="pii.judge"),
    path("waivers", rest.Waivers.as_view(), name="pii.waivers"),
    path("waivers/<uuid:pk>", rest.OneWaiver.as_view(), name="pii.waiver"),
    path("waivers/<uuid:pk>/decide", rest.DecideWaiver.as_view(), name="pii.decide"),
    path("waivers/<uuid:pk>/withdraw", rest.WithdrawWaiver.as_view(), name="pii.withdraw"),
]
pages: list[Any] = [
    path("datasets/<uuid:pk>", views.dataset, name="pii.dataset_page"),
    path("datasets/<uuid:pk>/scan", views.ask, name="pii.ask_page"),
    path("datasets/<uuid:pk>/anonymity", anonymity.anonymity_page, name="pii.anonymity_page"),
    path("datasets/<uuid:pk>/copies", copydoors.copies_page, name="pii.copies_page"),
    path("versions/<uuid:pk>/scan", views.ask_version, name="pii.ask_version"),
    path("models/<uuid:pk>/data", views.model_data, name="pii.model_page"),
    path("flags", views.flags, name="pii.flags_page"),
    path("scans", views.scans, name="pii.scans_page"),
    path("scans/rules", changing.scan_rules, name="pii.rules_page"),
    path("scans/rules/countries", choosingdoors.countries_page, name="pii.countries_page"),
    path("scans/rules/names", choosingdoors.names_page, name="pii.names_page"),
    path("scans/rules/recognisers/new", owndoors.own_page, name="pii.new_own_page"),
    path("scans/rules/recognisers/<slug:entity>", owndoors.own_page, name="pii.own_page"),
    path("scans/rules/try", owndoors.try_page, name="pii.try_page"),
    path("scans/<uuid:pk>", views.scan, name="pii.scan_page"),
    path("findings/<uuid:pk>/waive", views.waive, name="pii.waive_page"),
    path("findings/<uuid:pk>/dispute", views.dispute, name="pii.dispute_page"),
    path("findings/<uuid:pk>/confirm", views.confirm, name="pii.confirm_page"),
    path("waivers", views.waivers, name="pii.waivers_page"),
    path("waivers/<uuid:pk>", views.waiver, name="pii.waiver_page"),
]
