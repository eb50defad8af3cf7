"""Home, and whether we are well."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from jobs import selectors as jobs
from portal.context import THEMES

YEAR = 365 * 24 * 60 * 60


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
    return JsonResponse({"status": "ok" if good else "not ready", "checks": checks}, status=200 if good else 503)


def ready() -> dict[str, str]:
    """Return each thing readiness rests on: `ok`, or what is wrong."""
    try:
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
        alive = jobs.workers_alive(jobs.now())
    except DatabaseError:
        return {"database": "away"}
    return {
        "database": "ok",
        "migrations": "behind" if behind else "ok",
        "worker": "ok" if alive else "no worker has given a sign of life for 30 seconds",
    }
