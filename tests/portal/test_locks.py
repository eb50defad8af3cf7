"""Every address, on every method: closed to nobody-in-particular, and empty for somebody who was granted nothing.

The addresses come from the resolver, never from a list kept by hand; only the few public ones are named here.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, include, path
from django.urls.converters import IntConverter, UUIDConverter

import portal.urls

PUBLIC = {
    "account_login",
    "account_logout",
    "account_link",
    "registries.hook",
    "preferences",
    "healthz",
    "readyz",
    "schema",
}
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
OURS = ("jobs", "audit", "lineage", "governance")
MACHINES = ("/api/", "/access/v1/", "/.well-known/", "/metrics")
MEANT = {
    "aliases": ("governance.Asset",),
    "approvals": ("governance.Promotion",),
    "assets": ("governance.Asset",),
    "audit": ("audit.Entry",),
    "by-lineage": ("lineage.Dataset",),
    "datasets": ("governance.Asset",),
    "entries": ("audit.Entry",),
    "findings": ("governance.Finding",),
    "flags": ("governance.Flag",),
    "grants": ("governance.Grant",),
    "groups": ("governance.Group",),
    "jobs": ("jobs.Job",),
    "link": ("governance.SigninLink",),
    "models": ("governance.Asset",),
    "offered": ("audit.Entry",),
    "people": ("governance.User",),
    "policies": ("governance.Policy",),
    "promotions": ("governance.Promotion",),
    "receipt": ("governance.Decision",),
    "registries": ("governance.Registry",),
    "holds": ("audit.Hold",),
    "requests": ("audit.Proposal",),
    "reports": ("governance.Report",),
    "scans": ("governance.Scan",),
    "scopes": ("governance.Scope",),
    "sessions": ("governance.Session",),
    "tile": ("audit.Tile",),
    "tokens": ("governance.Token",),
    "versions": ("governance.Version",),
    "waivers": ("governance.Waiver",),
}
"""Whose ids mean something after a word of an address; after any other word a row of every table is tried."""
Ids = Callable[[str], list[Any]]
NOTHING = uuid4()
SECRETS = ("zebra", "Olga", "olga@example.org", "ann@example.org", "org/payments")
LOGIN = "/account/login"
PLACE = re.compile(r"<(?:[^:>]+:)?([^>]+)>")


def routes(patterns: Any = None, above: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, route with {places}, and the converters of the places, of every address there is."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        route = above + str(one.pattern).removeprefix("^")
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, route)
        elif isinstance(one, URLPattern):
            yield one.name or "", "/" + PLACE.sub(r"{\1}", route), _converters(one, route)


def _converters(one: URLPattern, route: str) -> dict[str, Any]:
    known = one.pattern.converters
    return {name: known.get(name) for name in PLACE.findall(route)}


def filled(route: str, places: dict[str, Any], ids: Ids) -> Iterator[str]:
    """The path with every combination of what belongs in its places, and of ids of nothing."""
    parts = route.strip("/").split("/")
    before = [parts[at - 1] for at, part in enumerate(parts) if part.startswith("{")]
    choices = [_fitting(converter, ids(word)) for word, converter in zip(before, places.values(), strict=True)]
    for values in product(*choices):
        yield route.format(**dict(zip(places, values, strict=True)))


def _fitting(converter: Any, known: list[Any]) -> list[str]:
    """What a place takes: ids or numbers of rows, one of nothing last; elsewhere words."""
    if isinstance(converter, UUIDConverter):
        return [str(one) for one in (*known, NOTHING) if isinstance(one, UUID)]
    if isinstance(converter, IntConverter):
        return [str(one) for one in {*known, 1} if isinstance(one, int)] + ["0"]
    return [one for one in known if isinstance(one, str)] + ["zebra-model"]


def ask(client: Client, method: str, path: str) -> Any:
    body = {} if method in ("get", "head", "options") else {"data": "{}", "content_type": "application/json"}
    if method in ("post",) and not path.startswith(MACHINES):
        body = {"data": {}}
    return getattr(client, method)(path, **body)


def said(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode("utf-8", "replace")


@pytest.fixture
def world(people: Any, person: Any, payments: Any, now: Any, run_jobs: Any) -> Any:
    """Rows of every room whose names nobody but their people may read."""
    from governance.access import records as access
    from governance.access.models import Group
    from governance.catalog import records as catalog
    from governance.catalog.models import Version

    group = Group.objects.create(name="zebra group")
    group.members.add(people.ann.user)
    access.grant(group.pk, "viewer", payments, people.adam.id, now)
    access.place(payments, "project", "zebra project")
    with transaction.atomic():
        model, _new = catalog.discover_model(catalog.Named("mlflow://h:5000", "zebra-model", payments.pk), now)
    Version.objects.create(
        asset=model,
        label="1",
        number=1,
        state="sealed",
        manifest_digest="sha256:" + "0" * 64,
        seen_at=now,
        created_at=now,
    )
    asked = {"model": "zebra-model", "version": "1", "environment": "production", "purpose": "zebra crossing"}
    assert people.ann.api.post("/api/v1/promotions", asked, "application/json").status_code == 201
    robot = person("Robot", "ingest", payments, kind="service", owner=people.ann.user)
    event = {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-20T10:00:00Z",
        "producer": "https://example.org/zebra",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid4())},
        "job": {"namespace": "zebra", "name": "zebra.train"},
        "inputs": [{"namespace": "file", "name": "/zebra/raw.csv"}],
        "outputs": [{"namespace": "file", "name": "/zebra/clean.csv"}],
    }
    assert robot.api.post("/api/v1/lineage", event, "application/json").status_code == 201
    run_jobs()
    _the_other_rooms(people, model, payments, now)
    return people


def _the_other_rooms(people: Any, model: Any, payments: Any, now: Any) -> None:
    """A row each of what a story would need outside systems for."""
    from audit.models import Entry
    from audit.retention.models import Hold, Proposal
    from governance.access.models import SigninLink
    from governance.catalog.models import Version
    from governance.pii.models import Finding, Scan, Waiver
    from governance.promotions.models import Decision, Promotion
    from governance.registries.models import AliasExpected, Drift, Registry
    from governance.reports.models import Report

    by, later = people.ann.user, now + timedelta(days=1)
    SigninLink.objects.create(user=by, digest="0" * 64, expires_at=later)
    scan = Scan.objects.create(
        scope_id=payments.pk, dataset_id=1, path="/zebra", seed="1", requested_by=by.pk, state="done", verdict="pii"
    )
    finding = Finding.objects.create(
        scope_id=payments.pk, dataset_id=1, column="zebra", entity="EMAIL_ADDRESS", scan=scan, share=1, low=1, high=1,
        hits=1, shape="zebra", created_at=now,
    )  # fmt: skip
    Waiver.objects.create(
        scope_id=payments.pk, finding=finding, reason="zebra", proposer_id=by.pk, expires_at=later, created_at=now
    )
    asked = Promotion.objects.get()
    Decision.objects.create(
        promotion=asked, person=people.olga.user, verdict="reject", submission=1, revision=1, at=now,
        subject_digest=asked.subject_digest, reviewed={}, entry_id=Entry.objects.values_list("pk", flat=True)[0],
    )  # fmt: skip
    hold = Hold.objects.create(kind="subject", subject="model:zebra", set_by=by.pk, at=now)
    Proposal.objects.create(kind="lift", target=str(hold.pk), asked_by=by.pk, created_at=now)
    registry = Registry.objects.create(name="zebra", uri="http://127.0.0.1:9/zebra", namespace="zebra", scope=payments)
    expected = AliasExpected.objects.create(
        registry=registry, asset=model, alias="zebra", version=Version.objects.get(), since=now
    )
    Drift.objects.create(registry=registry, asset=model, alias="zebra", expected=expected, first_seen_at=now)
    Report.objects.create(
        kind="approvals", subject=asked.pk, title="zebra", format="html", as_of=now, scope_id=payments.pk,
        principal_id=by.pk, principal_kind="person",
    )  # fmt: skip
    people.ann.client.get("/")


def ids_of_others(stranger: Any) -> Ids:
    """By the word before a place: the ids, numbers and keys of rows that are not the stranger's own."""
    found = {model._meta.label: _rows(model, stranger) for model in apps.get_models() if model._meta.app_label in OURS}
    return lambda word: [one for label in MEANT.get(word, tuple(found)) for one in found[label]]


def only_the_first(ids: Ids) -> Ids:
    """One row after each word is enough where the answer cannot depend on which."""
    return lambda word: ids(word)[:1]


def _rows(model: Any, stranger: Any) -> list[Any]:
    """One row of each kind that the table tells apart, or two."""
    fields = {field.name for field in model._meta.fields}
    rows = model._default_manager.exclude(pk=stranger.id) if "email" in fields else model._default_manager.all()
    rows = rows.exclude(user=stranger.id) if "user" in fields else rows
    kinds = set(rows.values_list("kind", flat=True)) if "kind" in fields else set()
    chosen = [rows.filter(kind=kind).first() for kind in sorted(kinds)] or list(rows[:2])
    return [getattr(row, name) for row in chosen for name in ("id", "key", "path") if hasattr(row, name)]


def counts(stranger: Any) -> dict[str, int]:
    """How many rows each of our tables has that are not the stranger's own."""
    kept = ("session", "repeat", "try", "sweep")
    found = {}
    for model in apps.get_models():
        if model._meta.app_label in OURS and model._meta.model_name not in kept:
            theirs = any(field.name == "user" for field in model._meta.fields)
            rows = model._default_manager.exclude(user=stranger.id) if theirs else model._default_manager
            found[model._meta.label] = rows.count()
    return found


def test_the_walk_finds_the_addresses_there_are() -> None:
    found = {name for name, _route, _places in routes()}
    assert {"access.people", "account_login", "home", "readyz"} <= found
    assert len(found) > 50


def test_no_place_goes_without_a_row_of_somebody_elses(world: Any) -> None:
    """Or the walk past it would prove nothing; a route that means a new kind of row must have one here."""
    ids, bare = ids_of_others(world.eve), []
    for name, route, places in routes():
        parts = route.strip("/").split("/")
        words = [parts[at - 1] for at, part in enumerate(parts) if part.startswith("{")]
        for word, converter in zip(words, places.values(), strict=True):
            if name not in PUBLIC and word != "tile" and len(_fitting(converter, ids(word))) < 2:
                bare.append(route)
    assert bare == []


def open_doors(ids: Ids, patterns: Any = None) -> list[tuple[str, str, int]]:
    """Every address that does something other than turn an anonymous caller away, on any method."""
    client, wrong = Client(raise_request_exception=False), []
    for name, route, places in routes(patterns):
        if name in PUBLIC:
            continue
        for method, address in product(METHODS, filled(route, places, ids)):
            response = ask(client, method, address)
            if address.startswith(MACHINES):
                locked = response.status_code == 401 and response["Content-Type"] == "application/problem+json"
            else:
                locked = response.status_code == 302 and response["Location"].startswith(LOGIN)
            if not locked:
                wrong.append((method, address, response.status_code))
    return wrong


def test_nobody_in_particular_gets_nowhere(world: Any) -> None:
    wrong = open_doors(only_the_first(ids_of_others(world.eve)))
    assert wrong == [], "\n".join(map(str, wrong))


def test_the_public_addresses_tell_nobody_anything(world: Any) -> None:
    client, wrong = Client(raise_request_exception=False), []
    for name, route, places in routes():
        if name not in PUBLIC:
            continue
        for method, address in product(METHODS, filled(route, places, lambda word: ["zebra"])):
            response = ask(client, method, address)
            text = said(response)
            told = [secret for secret in SECRETS if secret in text and secret not in address]
            if response.status_code == 500 or told:
                wrong.append((method, address, response.status_code, told))
    assert wrong == []


@pytest.mark.parametrize("door", ["client", "api"])
def test_somebody_granted_nothing_sees_and_changes_nothing(world: Any, door: str) -> None:
    client, before, wrong = getattr(world.eve, door), counts(world.eve), []
    client.raise_request_exception = False
    for method, address, response in every_way_in(client, ids_of_others(world.eve), pages=door == "client"):
        text = said(response) if method != "head" else ""
        told = [secret for secret in SECRETS if secret in text and secret not in address]
        failed = response.status_code >= 500 and "readyz" not in address
        if failed or told or _listed(response, world.eve, text):
            wrong.append((method, address, response.status_code, told))
    after = counts(world.eve)
    changed = {label for label in before if after[label] != before[label]}
    assert wrong == [], "\n".join(map(str, wrong))
    assert changed <= {"audit.Entry", "audit.Pending", "audit.Opening", "jobs.Worker"}


def every_way_in(client: Client, ids: Ids, *, pages: bool) -> Iterator[tuple[str, str, Any]]:
    """Each method and address a signed-in caller can try, and the answer; what a view has not is tried once.

    A session tries every row. A token meets the same views, so it tries one row, and pages are only read.
    """
    for name, route, places in routes():
        if name in PUBLIC:
            continue
        for method in METHODS if pages or route.startswith(MACHINES) else ("get",):
            for address in filled(route, places, ids if pages else only_the_first(ids)):
                response = ask(client, method, address)
                yield method, address, response
                if response.status_code == 405 or method in ("head", "options"):
                    break


def _listed(response: Any, stranger: Any, text: str) -> bool:
    """Whether a list over REST names anything but the stranger's own."""
    if not text or response.status_code != 200 or not response.get("Content-Type", "").startswith("application/json"):
        return False
    body = json.loads(text)
    rows = body.get("results", []) if isinstance(body, dict) else body
    return any(str(stranger.id) not in json.dumps(row) for row in rows if isinstance(row, dict) and "id" in row)


def test_a_hole_in_the_wall_is_noticed(founded: Any, settings: Any, monkeypatch: Any) -> None:
    """The walk is fed an address that is open, deep in an include, and must find it."""
    hole = path("hole/<uuid:pk>", login_not_required(lambda request, pk: HttpResponse("zebra")), name="hole")
    conf = ModuleType("tests.portal.holed")
    conf.urlpatterns = [path("x/", include([path("y/", include([hole]))])), *portal.urls.urlpatterns]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, conf.__name__, conf)
    settings.ROOT_URLCONF = conf.__name__
    pk = uuid4()
    assert {address for _method, address, _status in open_doors(lambda word: [pk])} >= {f"/x/y/hole/{pk}"}
