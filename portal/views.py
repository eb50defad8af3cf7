"""Home, and whether we are well."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from audit import selectors as audit
from audit.actor import require
from audit.doors import actor_of, now_of, say
from governance.registries import selectors as registries
from governance.reports import past
from jobs import selectors as jobs
from portal import services
from portal.context import THEMES

YEAR = 365 * 24 * 60 * 60
PARTS = {
    "database": gettext_lazy("Database"),
    "migrations": gettext_lazy("Migrations"),
    "log": gettext_lazy("Audit log"),
    "worker": gettext_lazy("Worker"),
    "registries": gettext_lazy("Registries"),
    "verification": gettext_lazy("Verification"),
    "replay": gettext_lazy("The log against the tables"),
}
STATES = {
    "ok": gettext_lazy("ok"),
    "away": gettext_lazy("does not answer"),
    "behind": gettext_lazy("older than this version of Attestry: attestry migrate"),
}
"""The words for what `ready` says in one; its sentences are said as they are."""

SETTINGS: tuple[tuple[str, str | Promise, str | Promise], ...] = (
    (
        "/settings/policies",
        gettext_lazy("Policies"),
        gettext_lazy("What evidence and whose approval each environment asks for."),
    ),
    ("/settings/environments", gettext_lazy("Environments"), gettext_lazy("Where models run, and under which alias.")),
    (
        "/settings/registries",
        gettext_lazy("Registries"),
        gettext_lazy("The registries Attestry watches and moves aliases in."),
    ),
    ("/settings/jobs", gettext_lazy("Jobs"), gettext_lazy("Work that waits, runs, was done or was given up.")),
    ("/settings/health", gettext_lazy("Health"), gettext_lazy("Whether everything Attestry rests on is well.")),
)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Send the reader to what needs them."""
    return HttpResponseRedirect("/approvals")


@login_not_required
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Remember the reader's theme and language in this browser, and go back to where they were."""
    back = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    response = HttpResponseRedirect(back if ours else "/")
    chosen = {
        "theme": (request.POST.get("theme", ""), THEMES),
        settings.LANGUAGE_COOKIE_NAME: (request.POST.get("language", ""), dict(settings.LANGUAGES)),
    }
    for cookie, (value, allowed) in chosen.items():
        if value in allowed:
            response.set_cookie(cookie, value, max_age=YEAR, secure=settings.HTTPS, httponly=True, samesite="Lax")
    return response


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that this process is alive."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 exactly when the database, its migrations and the log accept writes and a worker is alive."""
    checks = ready()
    good = all(value == "ok" for value in checks.values())
    body = {"status": "ok" if good else "not ready", "checks": checks, "degraded": degraded(checks)}
    response = JsonResponse(body, status=200 if good else 503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # being asked too early is no error of ours
    return response


def ready() -> dict[str, str]:
    """Return each thing readiness rests on: `ok`, or what is wrong."""
    try:
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
        now = jobs.now()
        alive = jobs.workers_alive(now)
        log = log_state(now) if not behind else _("waits for migrations")
    except DatabaseError:
        return {"database": "away"}
    return {
        "database": "ok",
        "migrations": "behind" if behind else "ok",
        "log": log,
        "worker": "ok" if alive else _("no worker has given a sign of life for 30 seconds"),
    }


def degraded(checks: dict[str, str]) -> dict[str, str]:
    """Return what is not as it should be; Attestry works on and says so, for readiness does not rest on it."""
    if checks.get("migrations") != "ok":
        return {}
    found = {}
    if away := registries.away():
        found["registries"] = _("%(n)s not reachable: see the registries in the settings") % {"n": away}
    if (last := audit.last_verification()) and last.faults:
        said = _("the log's last verification found %(n)s faults: attestry audit verify --database")
        found["verification"] = said % {"n": last.faults}
    if differing := past.differing():
        said = _("%(n)s differences between the log and the tables: attestry audit replay")
        found["replay"] = said % {"n": differing}
    return found


def log_state(now: datetime) -> str:
    """Return `ok` while entries get their numbers in time, or what keeps them from it."""
    health = audit.health(now)
    if health.hindrance is not None:
        return say(health.hindrance)
    return _("entries have waited for a number for over a minute") if health.late else "ok"


def _named(checks: dict[str, str]) -> list[tuple[str | Promise, str, str | Promise]]:
    """Each part in the reader's words: its name, its state as readiness tells it, and what that state says."""
    return [(PARTS.get(name, name), state, STATES.get(state, state)) for name, state in checks.items()]


@require_safe
def settings_hub(request: HttpRequest) -> HttpResponse:
    """Show where each setting lives."""
    return render(request, "portal/settings.html", {"settings": SETTINGS})


@require_safe
def jobs_page(request: HttpRequest) -> HttpResponse:
    """Show owed work: what waits, runs, was done and was given up."""
    require(actor_of(request), "admin", None)
    rows = jobs.newest()
    dead = [job for job in rows if job.state == "dead"]
    return render(request, "portal/jobs.html", {"jobs": rows, "dead": dead, "counts": jobs.counts()})


@require_POST
def retry_job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Queue a job that was given up again."""
    services.retry_job(actor=actor_of(request), pk=pk, now=now_of(request))
    messages.success(request, _("The job is queued again."))
    return HttpResponseRedirect(reverse("jobs"))


@require_safe
def health_page(request: HttpRequest) -> HttpResponse:
    """Show what readiness rests on, in words."""
    require(actor_of(request), "browse", None)
    checks = ready()
    context = {"checks": _named(checks), "degraded": _named(degraded(checks))}
    return render(request, "portal/health.html", context)
