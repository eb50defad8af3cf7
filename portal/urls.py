"""Every room's addresses, wired once."""

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularJSONAPIView

from audit import urls as audit
from governance.access import urls as access
from governance.catalog import urls as catalog
from governance.identities import urls as identities
from governance.pii import urls as pii
from governance.policies import urls as policies
from governance.privacy import urls as privacy
from governance.promotions import urls as promotions
from governance.registries import urls as registries
from governance.reports import urls as reports
from governance.signin import urls as signin
from lineage import urls as lineage
from portal import api, metrics, schema, search, views

ROOMS = (audit, lineage, access, identities, signin, catalog, pii, policies, registries, promotions, reports, privacy)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("preferences", views.preferences, name="preferences"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", metrics.page, name="metrics"),
    path("api/schema", login_not_required(SpectacularJSONAPIView.as_view()), name="schema"),
    path("api/docs", schema.docs_page, name="api.docs"),
    path("api/v1/jobs/<uuid:pk>", api.JobView.as_view(), name="api.job"),
    path("api/v1/jobs/<uuid:pk>/retry", api.JobRetryView.as_view(), name="api.job.retry"),
    path("search", search.page, name="search"),
    path("api/v1/search", search.Search.as_view(), name="api.search"),
    path("settings", views.settings_hub, name="settings"),
    path("settings/jobs", views.jobs_page, name="jobs"),
    path("settings/jobs/<uuid:pk>/retry", views.retry_job, name="jobs.retry"),
    path("settings/health", views.health_page, name="health"),
    *(path("api/v1/", include(room.api)) for room in ROOMS),
    *(path("", include(room.pages)) for room in ROOMS),
]

handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.forbidden"
handler404 = "portal.errors.not_found"
handler500 = "portal.errors.broken"
