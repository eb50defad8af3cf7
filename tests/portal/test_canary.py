"""A personal value sent through every door comes out at none that the log, its copies and its lines have.

Where such a value may lie is named in `HOMES`: what can be erased. Everything else is searched, row by row and byte by
byte, after the log was numbered, signed, exported and turned into lines for collectors.
"""

import io
import json
import tarfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from tests.conftest import PASSWORD

NAME = "Quirina Zwetschkenbaum"
EMAIL = "quirina.zwetschkenbaum@canary.example"
WORD = "quirina.zwetschkenbaum"
CPF = "390.533.447-05"
PHONE = "+55 11 97654-3210"
SECRET = "AKIAQ7WZCANARY77QQ3X"
TEXT = f"{NAME} <{EMAIL}> {CPF} {PHONE} {SECRET}"
TRACES = [each.encode() for each in ("zwetschkenbaum", "canary.example", CPF, "97654-3210", SECRET.lower())]
HOMES = {
    "audit.Opening",
    "governance.AliasSeen",
    "governance.Asset",
    "governance.Card",
    "governance.ColumnVerdict",
    "governance.DigestSeen",
    "governance.EvidenceItem",
    "governance.Finding",
    "governance.Grant",
    "governance.Group",
    "governance.Promotion",
    "governance.Registry",
    "governance.Report",
    "governance.Scan",
    "governance.Scope",
    "governance.Token",
    "governance.User",
    "governance.Version",
    "governance.Waiver",
    "lineage.Dataset",
    "lineage.FacetBody",
    "lineage.Job",
    "lineage.RawEvent",
}
"""Tables of which a personal value is the content; the rows can be changed or erased without touching the log.

A blob may hold one as well when it is a report, which quotes what it is about and is what its reader asked for.
"""
COME_IN = {
    "access.refused", "alias.moved", "asset.adopted", "asset.discovered", "asset.labelled", "asset.owners_set",
    "card.edited", "finding.disputed", "grant.changed", "grant.given", "grant.withdrawn", "group.created",
    "lineage.event_accepted",
    "person.added", "person.changed", "person.deactivated", "person.reactivated", "promotion.decided",
    "promotion.requested", "promotion.resubmitted", "promotion.withdrawn", "registry.connected", "registry.tested",
    "report.exported", "report.made", "scan.concluded", "scan.requested", "scope.created", "scope.frozen",
    "scope.thawed", "signin.failed", "token.created", "version.facts_noted", "version.gone", "version.noted",
    "version.sealed", "waiver.decided", "waiver.proposed", "waiver.withdrawn",
}  # fmt: skip
"""What the canary's ways in must have left in the log, or it never came in."""
HEADERS = {
    "user-agent": TEXT,
    "x-forwarded-for": f"203.0.113.9, {WORD}",
    "referer": f"http://testserver/{WORD}",
    "cookie": f"seen={WORD}; other={SECRET}",
    "x-request-id": SECRET,
    "accept-language": "en",
}


def traces(data: bytes) -> list[str]:
    """The canary's parts that are in `data`."""
    low = data.lower()
    return [each.decode() for each in TRACES if each in low]


def rows_with_traces() -> Iterator[tuple[str, list[str]]]:
    """Every table of ours that holds a part of the canary, whichever column it is in."""
    for model in apps.get_models():
        for values in model._default_manager.values():
            text = b" ".join(_bytes(value) for value in values.values())
            if found := traces(text):
                yield model._meta.label, found


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    return json.dumps(value, default=str, ensure_ascii=False).encode()


def tokens_in_order(one: Client) -> None:
    """Send the headers with every request of `one`."""
    one.defaults.update({f"HTTP_{name.upper().replace('-', '_')}": value for name, value in HEADERS.items()})


@pytest.fixture
def house(people: Any, person: Any, payments: Any, founded: Any, tmp_path: Path, settings: Any) -> Any:
    """People whose every request carries the canary in its headers, and a log of this test's own."""
    from audit import keys
    from governance.access import records
    from jobs import selectors

    settings.DATA_DIR, settings.SCAN_ROOTS = tmp_path, [tmp_path]
    settings.AUDIT_KEY_FILE = tmp_path / "audit.key"
    keys.ensure_key(settings.AUDIT_KEY_FILE)
    clients = {}
    for name, one in vars(people).items():
        clients[name] = one.api
        tokens_in_order(clients[name])
    clients["robot"] = person("Robot", "ingest", payments, kind="service", owner=people.ann.user).api
    tokens_in_order(clients["robot"])
    records.grant(people.ann.id, "viewer", founded, people.adam.id, selectors.now())
    return SimpleNamespace(people=people, payments=payments, tmp=tmp_path, root=founded, said=[], **clients)


def done(answer: Any, *allowed: int) -> Any:
    """The answer's JSON; the door must have opened, or the canary never came in."""
    assert answer.status_code in (allowed or (200, 201, 202, 204)), (answer.status_code, answer.content)
    return answer.json() if answer.content and "json" in answer["Content-Type"] else None


def through_sign_in(house: Any) -> None:
    client = Client()
    tokens_in_order(client)
    for password in (SECRET, PASSWORD):
        client.post("/account/login", {"login": EMAIL, "password": password})
    client.post("/account/login", {"login": f"nobody.{EMAIL}", "password": SECRET})
    client.get(f"/account/link/{SECRET}")
    Client(headers={"authorization": f"Bearer {SECRET}", **HEADERS}).get("/api/v1/people")


def through_access(house: Any) -> None:
    adam, root = house.adam, str(house.root.pk)

    def post(path: str, **body: Any) -> Any:
        return done(adam.post(f"/api/v1/{path}", body, "application/json"))

    quirina = post("people", name=NAME, email=EMAIL)["id"]
    done(adam.patch(f"/api/v1/people/{quirina}", {"name": f"{NAME} II"}, "application/json"))
    group = post("groups", name=NAME)["id"]
    done(adam.patch(f"/api/v1/groups/{group}", {"members": [quirina]}, "application/json"))
    scope = post("scopes", parent=root, kind="team", name=WORD)["id"]
    grant = post("grants", principal=quirina, role="viewer", scope=scope, reason=TEXT)["id"]
    changed = adam.patch(f"/api/v1/grants/{grant}", {"role": "contributor", "reason": TEXT}, "application/json")
    post(f"grants/{done(changed)['id']}/withdraw", reason=TEXT)
    post("grants", principal=group, role="viewer", scope=scope, reason=TEXT)
    for frozen in (True, False):
        done(adam.patch(f"/api/v1/scopes/{scope}", {"frozen": frozen, "reason": TEXT}, "application/json"))
    session = house.people.adam.client
    account = {"name": NAME, "roles": ["viewer"], "scope": scope}
    for wanted in ({"name": NAME, "days": 5}, {"days": 5, "account": account}):
        done(session.post("/api/v1/tokens", wanted, "application/json"))
    for active in (False, True):
        done(adam.patch(f"/api/v1/people/{quirina}", {"active": active, "reason": TEXT}, "application/json"))
    house.quirina, house.scope, house.group = quirina, scope, group


def through_lineage(house: Any) -> None:
    facet = {"_producer": f"https://example.org/{WORD}", "_schemaURL": "https://example.org/f.json"}
    event = {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-20T10:00:00Z",
        "producer": f"https://{WORD}:{SECRET}@example.org/zebra",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {
            "runId": "00000000-0000-4000-8000-000000000001",
            "facets": {"errorMessage": {**facet, "message": TEXT, "programmingLanguage": "x", "stackTrace": TEXT}},
        },
        "job": {
            "namespace": f"jobs/{WORD}",
            "name": f"train for {NAME}",
            "facets": {"sql": {**facet, "query": f"select * from t where mail = '{EMAIL}' or cpf = '{CPF}'"}},
        },
        "inputs": [{"namespace": "file", "name": str(house.tmp / f"{WORD}.csv")}],
        "outputs": [
            {"namespace": f"s3://{WORD}", "name": NAME, "facets": {"documentation": {**facet, "description": TEXT}}}
        ],
    }  # fmt: skip
    done(house.robot.post("/api/v1/lineage", event, "application/json"))
    done(house.robot.post("/api/v1/lineage/batch", [event, {"job": TEXT}], "application/json"))


def through_the_registry(house: Any, now: Any) -> None:
    """What a sync brings, handed to the same services that a sync hands it to."""
    from audit.actor import system
    from governance.catalog.records import Observed
    from governance.registries import services
    from governance.registries.models import Registry
    from governance.registries.rules import FileDigest, FoundModel

    body = {"name": NAME, "uri": f"http://127.0.0.1:9/{WORD}", "scope": str(house.payments.pk)}
    done(house.adam.post("/api/v1/registries", body, "application/json"))
    registry = Registry.objects.get()
    told = {"actor": system(), "registry_id": registry.pk, "now": now}
    found = Observed(
        label="1", source_uri=f"s3://{WORD}", run_id=WORD, run_user=NAME, authors=[EMAIL], code_commit=SECRET + EMAIL,
        metrics={NAME: "0.5"}, params={"owner": TEXT, WORD: CPF}, inputs=[{"name": WORD, "digest": SECRET}],
    )  # fmt: skip
    model = services.note_model(**told, sighting=services.Sighting(WORD, fresh=[found]))
    later = Observed(label="1", run_user=EMAIL, code_commit=WORD, params={"phone": PHONE})
    services.note_model(**told, sighting=services.Sighting(WORD, known=[later]))
    look = services.Look([FoundModel(WORD, {WORD: "1"}, 1)], now + timedelta(seconds=1))
    services.note_look(**told, look=look)
    services.note_probe(**told, answer={"version": WORD, "open_to_strangers": "no"})
    version = model.versions.get()
    files = services.Digested([FileDigest(f"{WORD}.bin", 9, "0" * 64)], {"inputs": [{"name": EMAIL}]})
    services.note_digest(actor=system(), version_id=version.pk, found=files, now=now)
    services.note_gone(actor=system(), version_id=version.pk, now=now)
    services.note_digest(actor=system(), version_id=version.pk, found=files, now=now)
    house.model, house.version = model, version


def through_the_catalog(house: Any) -> None:
    path = f"/api/v1/assets/{house.model.pk}"
    done(house.ann.post(f"{path}/adopt", {"revision": 0}, "application/json"))
    labels = {"labels": [WORD], "revision": 1}
    done(house.ann.patch(path, labels, "application/json"))
    done(house.ann.patch(path, {"owners": [house.quirina], "revision": 2}, "application/json"), 200, 422)
    card = {"fields": {"purpose": TEXT, "limits": TEXT, "risk_tier": "low"}, "revision": 0}
    done(house.ann.put(f"/api/v1/models/{house.model.pk}/card", card, "application/json"), 200, 201, 422)


def through_scans(house: Any, run_jobs: Any) -> None:
    table = house.tmp / f"{WORD}.csv"
    lines = [f"{WORD}{at}@canary.example,{CPF},{PHONE},{SECRET},{NAME}" for at in range(60)]
    table.write_text(f"{EMAIL},cpf,{PHONE},secret,name\n" + "\n".join(lines) + "\n")
    scan = done(house.ann.post("/api/v1/scans", {"path": str(table)}, "application/json"))
    run_jobs()
    from governance.pii.models import Finding

    assert Finding.objects.exists(), house.ann.get(f"/api/v1/scans/{scan['id']}").json()
    later = (house.now + timedelta(days=20)).isoformat()
    for at, finding in enumerate(Finding.objects.order_by("column")):
        waiver = {"finding": str(finding.pk), "reason": TEXT, "expires_at": later}
        asked = done(house.ann.post("/api/v1/waivers", waiver, "application/json"))
        ruling = {"verdict": "refuse" if at else "approve", "revision": asked["revision"], "reason": TEXT}
        decided = done(house.olga.post(f"/api/v1/waivers/{asked['id']}/decide", ruling, "application/json"))
        if not at:
            revision = {"revision": decided["revision"]}
            done(house.ann.post(f"/api/v1/waivers/{asked['id']}/withdraw", revision, "application/json"))
        judged = {"state": "disputed", "revision": finding.revision, "reason": TEXT}
        done(house.olga.post(f"/api/v1/findings/{finding.pk}/judge", judged, "application/json"))


def through_promotions(house: Any, run_jobs: Any) -> None:
    run_jobs()
    asked = {"version_id": str(house.version.pk), "environment": "staging", "purpose": TEXT}
    key = done(house.ann.post("/api/v1/promotions", asked, "application/json"))["key"]

    def decide(verdict: str) -> None:
        signing = {"password": PASSWORD, "verdict": verdict}
        grant = done(house.olga.post(f"/api/v1/promotions/{key}/signatures", signing, "application/json"))["grant"]
        seen = house.olga.get(f"/api/v1/promotions/{key}").json()["revision"]
        body = {"grant": grant, "verdict": verdict, "revision": seen, "reason": TEXT}
        done(house.olga.post(f"/api/v1/promotions/{key}/decisions", body, "application/json"))

    decide("request_changes")
    seen = house.ann.get(f"/api/v1/promotions/{key}").json()["revision"]
    done(house.ann.post(f"/api/v1/promotions/{key}/resubmit", {"revision": seen, "purpose": TEXT}, "application/json"))
    decide("reject")
    seen = house.ann.get(f"/api/v1/promotions/{key}").json()["revision"]
    done(house.ann.post(f"/api/v1/promotions/{key}/withdraw", {"revision": seen, "reason": TEXT}, "application/json"))
    house.key = key


def through_reports(house: Any, run_jobs: Any) -> None:
    for form in ("json", "csv"):
        asked = {"kind": "lineage", "subject": str(house.version.pk), "format": form}
        report = done(house.vera.post("/api/v1/reports", asked, "application/json"))
        run_jobs()
        assert house.vera.get(f"/api/v1/reports/{report['id']}/content").getvalue()
    house.report = report["id"]


def through_questions(house: Any) -> None:
    """What is looked for stands in addresses, and what cannot be read in bodies."""
    vera = house.people.vera.client
    pages = ("search", "audit", "models", "datasets", "lineage", "access", "access/why")
    answers = ("audit/entries", "search", "lineage", "explain", "models", "promotions")
    for path in (*pages, *(f"api/v1/{each}" for each in answers)):
        for one in ("q", "actor", "action", "subject", "name", "cursor", WORD):
            vera.get(f"/{path}", {one: TEXT, "namespace": EMAIL})
    for path in (f"/{WORD}", f"/api/v1/{WORD}", f"/api/v1/audit/tile/{WORD}", f"/approvals/{WORD}"):
        vera.get(path)
        vera.post(path, {"name": TEXT})
    for body in ({WORD: TEXT}, {"name": {"x": TEXT}}, [TEXT], {"email": TEXT, "name": TEXT}):
        house.adam.post("/api/v1/people", body, "application/json")
        house.eve.post("/api/v1/people", body, "application/json")
    house.adam.post("/api/v1/people", f'{{"name": "{TEXT}', "application/json")


def asked_by_a_stranger(house: Any) -> Iterator[tuple[str, bytes]]:
    """What somebody who was granted nothing is told about the rows that hold the canary."""
    people = (f"people/{house.quirina}", f"groups/{house.group}", f"scopes/{house.scope}")
    model = f"models/{house.model.pk}"
    for path in (*people, model, f"{model}/card", f"promotions/{house.key}", f"reports/{house.report}"):
        for method in ("get", "patch", "post", "delete"):
            body = () if method == "get" else ({}, "application/json")
            answer = getattr(house.eve, method)(f"/api/v1/{path}", *body)
            assert answer.status_code >= 400, (method, path, answer.status_code)
            yield f"{method} {path}", answer.content


def log_everywhere(house: Any, now: Any) -> Iterator[tuple[str, bytes]]:
    """The log in every form that leaves: entries, leaves, tiles, the archive, and lines in each dialect."""
    from audit import delivery, export, selectors, sequence
    from audit.dialects import DIALECTS
    from audit.models import Entry, Leaf

    while sequence.run_once(now):
        pass
    assert Leaf.objects.count() == Entry.objects.count()
    assert set(Entry.objects.values_list("action", flat=True)) >= COME_IN
    for dialect in DIALECTS:
        yield f"lines in {dialect}", "\n".join(delivery.lines(dialect, 0, 1000)).encode()
    export.write(house.tmp / "export", selectors.latest())
    for path in (house.tmp / "export").rglob("*"):
        if path.is_file():
            yield f"export {path.name}", path.read_bytes()
    taken = house.vera.get("/api/v1/audit/export")
    with tarfile.open(fileobj=io.BytesIO(b"".join(taken.streaming_content))) as archive:
        for member in filter(tarfile.TarInfo.isfile, archive):
            yield f"archive {member.name}", archive.extractfile(member).read()


@pytest.mark.django_db
def test_a_personal_value_comes_out_nowhere_but_where_it_can_be_erased(
    house: Any, run_jobs: Any, now: Any, caplog: Any, capfd: Any
) -> None:
    from audit.models import Blob
    from governance.reports.models import Report

    caplog.set_level("INFO")
    house.now = now
    through_access(house)
    through_sign_in(house)
    through_lineage(house)
    run_jobs()
    through_the_registry(house, now)
    through_the_catalog(house)
    through_scans(house, run_jobs)
    through_promotions(house, run_jobs)
    through_reports(house, run_jobs)
    through_questions(house)

    leaks = [(where, found) for where, data in log_everywhere(house, now) if (found := traces(data))]
    leaks += [(where, found) for where, data in asked_by_a_stranger(house) if (found := traces(data))]
    out = capfd.readouterr()
    leaks += [(where, found) for where, text in (("log lines", caplog.text), ("output", out.out + out.err))
              if (found := traces(text.encode()))]  # fmt: skip
    tables = dict(rows_with_traces())
    reports = set(Report.objects.values_list("digest", flat=True))
    assert {pk for pk, data in Blob.objects.values_list("pk", "data") if traces(bytes(data))} <= reports
    assert leaks == [], "\n".join(map(str, leaks))
    assert sorted(set(tables) - HOMES - {"audit.Blob"}) == []
    assert {"audit.Opening", "governance.User", "governance.Card", "governance.Promotion"} <= set(tables)
