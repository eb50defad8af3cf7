"""What every page knows about its reader: who they are, where they can go, what waits for them."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit import selectors as log
from audit.actor import ANONYMOUS, Forbidden, home_scope
from audit.refusals import Unavailable
from governance.promotions import selectors as promotions
from governance.reports import past
from jobs import selectors as jobs

THEMES = ("system", "light", "dark")


class Place(NamedTuple):
    """One entry of the navigation."""

    path: str
    icon: str
    name: str | Promise


PLACES = (
    Place("/approvals", "inbox", _("Inbox")),
    Place("/models", "model", _("Models")),
    Place("/datasets", "dataset", _("Datasets")),
    Place("/lineage", "lineage", _("Lineage")),
    Place("/access", "access", _("Access")),
    Place("/audit", "audit", _("Audit")),
    Place("/reports", "report", _("Reports")),
    Place("/settings", "settings", _("Settings")),
)


def theme_of(request: HttpRequest) -> str:
    """The theme this browser asked for; anything unknown follows the system."""
    chosen = request.COOKIES.get("theme", "")
    return chosen if chosen in THEMES else "system"


def dead_jobs(request: HttpRequest) -> int:
    """How many jobs gave up, for those who may do something about it."""
    actor = getattr(request, "actor", ANONYMOUS)
    try:
        home_scope(actor, "admin")
    except Forbidden:
        return 0
    return jobs.counts().get("dead", 0)


@dataclass(frozen=True)
class LogState:
    """What the foot of every page says about the log: how much is sealed, since when, and whether it lags.

    `differing` counts the differences that the last comparison of the tables with the log found.
    """

    size: int
    at: datetime
    late: bool
    differing: int


def log_state(request: HttpRequest) -> LogState | None:
    """The log under its newest checkpoint; nothing before there is one, or before anybody asks as somebody."""
    now = getattr(request, "now", None)
    if now is None:
        return None
    try:
        newest = log.latest()
    except Unavailable:
        return None
    return LogState(newest.size, newest.at, log.late(now), past.differing())


def everywhere(request: HttpRequest) -> dict[str, object]:
    """Names for base.html. Counts are lazy: a page that does not show them does not pay for them."""
    return {
        "places": PLACES,
        "theme": theme_of(request),
        "log_state": cache(lambda: log_state(request)),
        "needs_me": cache(lambda: promotions.needs_decision_count(getattr(request, "actor", ANONYMOUS))),
        "dead_jobs": cache(lambda: dead_jobs(request)),
    }
