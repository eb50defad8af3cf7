"""Every address, on every method: closed to nobody-in-particular, and empty for somebody who was granted nothing.

The addresses come from the resolver, never from a list kept by hand; only the few public ones are named here.
"""

import json
import re
import sys
from collections.abc import Iterator
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
MACHINES = ("/api/", "/access/v1/", "/.well-known/")
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


def filled(route: str, places: dict[str, Any], ids: list[UUID], words: list[str]) -> Iterator[str]:
    """The path with every combination of ids and words in its places."""
    choices = []
    for converter in places.values():
        if isinstance(converter, UUIDConverter):
            choices.append([str(pk) for pk in ids])
        elif isinstance(converter, IntConverter):
            choices.append(["0", "1"])
        else:
            choices.append(words)
    for values in product(*choices):
        yield route.format(**dict(zip(places, values, strict=True)))


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
    return people


def ids_of_others(stranger: Any) -> list[UUID]:
    """The UUIDs of a row of each of our tables that is not the stranger's own, and one of nothing."""
    found = {uuid4()}
    for model in apps.get_models():
        if model._meta.app_label in OURS and model._meta.pk is not None:
            rows = model._default_manager.exclude(pk=stranger.id) if model._meta.model_name == "user" else model
            rows = rows if rows is not model else model._default_manager.all()
            if any(field.name == "user" for field in model._meta.fields):
                rows = rows.exclude(user=stranger.id)
            found |= {row.pk for row in rows[:1] if isinstance(row.pk, UUID)}
    return sorted(found)


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


def open_doors(ids: list[UUID], patterns: Any = None) -> list[tuple[str, str, int]]:
    """Every address that does something other than turn an anonymous caller away, on any method."""
    client, wrong = Client(raise_request_exception=False), []
    for name, route, places in routes(patterns):
        if name in PUBLIC:
            continue
        for method, address in product(METHODS, filled(route, places, ids, ["zebra-model", "PR-1"])):
            response = ask(client, method, address)
            if address.startswith(MACHINES):
                locked = response.status_code == 401 and response["Content-Type"] == "application/problem+json"
            else:
                locked = response.status_code == 302 and response["Location"].startswith(LOGIN)
            if not locked:
                wrong.append((method, address, response.status_code))
    return wrong


def test_nobody_in_particular_gets_nowhere(world: Any) -> None:
    wrong = open_doors(ids_of_others(world.eve)[:3])
    assert wrong == [], "\n".join(map(str, wrong))


def test_the_public_addresses_tell_nobody_anything(world: Any) -> None:
    client, wrong = Client(raise_request_exception=False), []
    for name, route, places in routes():
        if name not in PUBLIC:
            continue
        for method, address in product(METHODS, filled(route, places, [], ["zebra"])):
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
    browser = door == "client"
    ids = ids_of_others(world.eve)[: None if browser else 3]  # the same views behind both: one walk knows every row
    for method, address in every_way_in(client, ids, pages=browser):
        response = ask(client, method, address)
        text = said(response) if method != "head" else ""
        told = [secret for secret in SECRETS if secret in text and secret not in address]
        failed = response.status_code >= 500 and "readyz" not in address
        if failed or told or _listed(response, world.eve, text):
            wrong.append((method, address, response.status_code, told))
    after = counts(world.eve)
    changed = {label for label in before if after[label] != before[label]}
    assert wrong == [], "\n".join(map(str, wrong))
    assert changed <= {"audit.Entry", "audit.Pending", "audit.Opening", "jobs.Worker"}


def every_way_in(client: Client, ids: list[UUID], *, pages: bool) -> Iterator[tuple[str, str]]:
    """Each method and address a signed-in caller can try; a method that a view has not is tried on two addresses.

    Without `pages`, as for a token, whose callers come for the machines' addresses, pages are only read.
    """
    for name, route, places in routes():
        if name in PUBLIC:
            continue
        for method in METHODS if pages or route.startswith(MACHINES) else ("get",):
            addresses = list(filled(route, places, ids, ["zebra-model", "PR-1"]))
            first = ask(client, method, addresses[0])
            few = first.status_code == 405 or method in ("head", "options")
            yield from ((method, address) for address in addresses[: 2 if few else None])


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
    assert {address for _method, address, _status in open_doors([pk])} >= {f"/x/y/hole/{pk}"}
