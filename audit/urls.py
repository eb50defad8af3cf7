"""The log's addresses."""

from django.urls import path

from audit import api as rest
from audit import collector_api, trail_api, views

api = [
    path("audit/checkpoint", rest.checkpoint, name="audit.api.checkpoint"),
    path("audit/checkpoint/witnessed", rest.witnessed, name="audit.api.witnessed"),
    path("audit/key", rest.key, name="audit.api.key"),
    path("audit/keys", rest.all_keys, name="audit.api.keys"),
    path("audit/keys/changes", rest.ChangesView.as_view(), name="audit.api.key_changes"),
    path("audit/verify.py", rest.verifier, name="audit.api.verifier"),
    path("audit/tile/<path:path>", rest.tile, name="audit.api.tile"),
    path("audit/entries", rest.EntriesView.as_view(), name="audit.api.entries"),
    path("audit/entries/<int:seq>", rest.EntryView.as_view(), name="audit.api.entry"),
    path("audit/entries/<int:seq>/leaf", rest.leaf, name="audit.api.leaf"),
    path("audit/entries/<int:seq>/proof", rest.proof_file, name="audit.api.proof"),
    path("audit/subjects/<path:subject>", trail_api.TrailView.as_view(), name="audit.api.trail"),
    path("audit/consistency", rest.ConsistencyView.as_view(), name="audit.api.consistency"),
    path("audit/protections", rest.ProtectionsView.as_view(), name="audit.api.protections"),
    path("audit/lines", collector_api.lines, name="audit.api.lines"),
    path("audit/sinks", collector_api.SinksView.as_view(), name="audit.api.sinks"),
    path("audit/strength", rest.StrengthView.as_view(), name="audit.api.strength"),
    path("audit/export", rest.export, name="audit.api.export"),
]
pages = [
    path("audit", views.entries, name="audit.entries"),
    path("audit/strength", views.strength, name="audit.strength"),
    path("audit/export", views.export, name="audit.export"),
    path("audit/<int:seq>", views.entry, name="audit.entry"),
    path("audit/offered/<int:pk>", views.by_id, name="audit.by_id"),
]
