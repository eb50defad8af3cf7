"""Which entries somebody wants to see: the filters of the page and of REST, read and applied in one way."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, time
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext

from audit import search, selectors, words
from audit.leaf import OUTCOMES
from audit.models import Entry
from audit.refusals import Malformed


@dataclass(frozen=True)
class Wanted:
    """The filters as they were asked for; empty ones do not filter.

    `q` are words that must all be in the entry, in any order, a `*` behind one for all that begin so.
    `actor` is an id or a part of a name or e-mail, `action` a beginning (`promotion.`), `subject` a whole id
    (`promotion:<uuid>`), `since` and `until` a date or a moment in UTC (`until` a date includes that day).
    """

    q: str = ""
    actor: str = ""
    action: str = ""
    subject: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""


def asked(query: QueryDict) -> Wanted:
    """The filters of a query string; names it does not know are left alone, unprintable values refused."""
    found = {each.name: query.get(each.name, "").strip() for each in fields(Wanted)}
    for name, value in found.items():
        if not value.isprintable() or len(value) > 300:
            raise Malformed("audit.bad_filter", name=name, why=gettext("at most 300 printable characters"))
    return Wanted(**found)


def apply(rows: QuerySet[Entry], wanted: Wanted) -> QuerySet[Entry]:
    """Keep what was asked for; refused with the name of the filter that cannot be understood."""
    for asked_for, condition in ((wanted.q, _saying), (wanted.actor, _by), (wanted.subject, selectors.about)):
        if asked_for:
            rows = rows.filter(condition(asked_for))
    if wanted.action:
        rows = rows.filter(action__startswith=wanted.action)
    if wanted.outcome:
        if wanted.outcome not in OUTCOMES:
            raise Malformed("audit.bad_filter", name="outcome", why=", ".join(OUTCOMES))
        rows = rows.filter(outcome=wanted.outcome)
    if wanted.since:
        rows = rows.filter(at__gte=_moment("since", wanted.since, time.min))
    if wanted.until:
        rows = rows.filter(at__lte=_moment("until", wanted.until, time.max))
    return rows


def _saying(text: str) -> Q:
    found = words.sought(text)
    if not found:
        raise Malformed("audit.bad_filter", name="q", why="promotion, PR-42, credit*")
    return search.saying(found)


def _by(actor: str) -> Q:
    try:
        return Q(actor_id=UUID(actor))
    except ValueError:
        named = get_user_model()._default_manager.filter(Q(name__icontains=actor) | Q(email__icontains=actor))
        return Q(actor_id__in=named.values("pk"))


def _moment(name: str, text: str, of_day: time) -> datetime:
    try:
        moment = parse_datetime(text) if "T" in text else None
        day = parse_date(text) if moment is None else None
        moment = moment.astimezone(UTC) if moment and moment.tzinfo else moment
    except (ValueError, OverflowError):
        moment = day = None
    if day:
        moment = datetime.combine(day, of_day)
    if moment is None:
        raise Malformed("audit.bad_filter", name=name, why="2026-11-20, 2026-11-20T09:30:00Z")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
