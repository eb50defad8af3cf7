"""The main job, end to end: ten steps against a portal started by `attestry up --demo`, with the real MLflow.

One test, told in order; each step is a function that says what it shows. Steps 6 and 7 are clicked in a real browser.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import psycopg
import pytest
from playwright.sync_api import Page, expect

from portal.supervisor import MARK
from tests.running import TOLD, Portal, Reader

pytestmark = [pytest.mark.slow, pytest.mark.browser]
MODEL = "fraud-detector"
TRUNCATE = {"sqlite": (), "postgresql": ("TRUNCATE audit_entry",)}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def portal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal of this test's own on each database; it and all its children end with the test."""
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else ""
    portal = Portal(tmp_path_factory.mktemp("story") / "data", {"DATABASE_URL": url})
    try:
        portal.start(seconds=420)
        yield portal
    finally:
        if portal.process is not None and portal.process.poll() is None:
            portal.stop()


def until(look: Callable[[], Any], seconds: float = 60) -> Any:
    """The first thing `look` finds within so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.5)
    return found


def signed_in(portal: Portal, title: str, number: int = 0) -> Reader:
    reader = portal.reader()
    reader.sign_in(*portal.person(title, number))
    return reader


def mlflow(portal: Portal, verb: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the demo's MLflow, as anybody beside the portal could."""
    port = (portal.data / "mlflow" / "port").read_text().strip()
    request = Request(
        f"http://127.0.0.1:{port}/api/2.0/mlflow/{path}",
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json"},
        method=verb,
    )
    with urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"{}")


def database_of(portal: Portal) -> str:
    return "postgresql" if portal.env["DATABASE_URL"] else "sqlite"


def past_the_portal(portal: Portal, statement: str) -> None:
    """Run SQL as the owner of the database, with nothing of ours in between."""
    if portal.env["DATABASE_URL"]:
        with psycopg.connect(portal.env["DATABASE_URL"], autocommit=True) as database:
            database.execute(statement)
        return
    with sqlite3.connect(portal.data / "attestry.sqlite3", timeout=20) as file:
        file.execute(statement)


def empty_database(portal: Portal) -> dict[str, str]:
    """The setting that names an empty database to restore into; on SQLite that is a file of the new folder."""
    if not portal.env["DATABASE_URL"]:
        return {}
    past_the_portal(portal, "CREATE DATABASE restored")
    return {"DATABASE_URL": portal.env["DATABASE_URL"].replace("/attestry?", "/restored?")}


def champion(portal: Portal) -> str:
    found = mlflow(portal, "GET", f"registered-models/alias?name={MODEL}&alias=champion")
    return str(found["model_version"]["version"])


def promotions(reader: Reader) -> dict[str, Any]:
    """The newest request of each version."""
    rows = reader.json("GET", "/api/v1/promotions")["results"]
    return {row["version"]: row for row in reversed(rows) if row["model"] == MODEL}


def test_the_main_job_from_training_to_an_offline_proof(portal: Portal, page: Page, tmp_path: Path) -> None:
    officer = signed_in(portal, "compliance")
    auditor = signed_in(portal, "auditor")
    step_1_everything_runs_under_one_supervisor(portal)
    step_2_the_demo_left_one_applied_and_one_in_review(portal, officer)
    step_3_the_catalogue_filled_itself(portal, officer)
    step_4_the_tables_were_scanned(officer)
    step_5_checks_are_shown_and_the_policy_is_explained(portal, officer)
    step_6_the_requester_cannot_and_two_officers_do(portal, page)
    step_7_the_alias_moves_drift_is_seen_and_put_back(portal, officer, page)
    step_8_the_log_has_every_step_and_refuses_changes(portal, auditor)
    step_9_the_auditor_takes_the_evidence_away(portal, auditor, tmp_path)
    step_10_people_come_and_go_and_backups_hold(portal, page, tmp_path)
    step_1_again_the_second_start_is_quick_and_term_stops_every_child(portal)


def step_1_everything_runs_under_one_supervisor(portal: Portal) -> None:
    said = "\n".join(portal.lines)
    assert portal.url in said
    assert f"{portal.url}/account/link/" in said
    assert (portal.data / "people.json").stat().st_mode & 0o777 == 0o600
    assert portal.data.stat().st_mode & 0o777 == 0o700
    assert portal.reader().json("GET", "/readyz")["status"] == "ok"


def step_2_the_demo_left_one_applied_and_one_in_review(portal: Portal, officer: Reader) -> None:
    found = promotions(officer)
    assert found["1"]["state"] == "applied"
    assert found["2"]["state"] == "in_review"
    assert champion(portal) == "1"
    assert all(rule["given"] == rule["needed"] for rule in found["1"]["rules"])


def step_3_the_catalogue_filled_itself(portal: Portal, officer: Reader) -> None:
    model = officer.json("GET", f"/api/v1/models?name={MODEL}")["results"][0]
    versions = officer.json("GET", f"/api/v1/models/{model['id']}/versions")["results"]
    assert {version["manifest_digest"][:7] for version in versions} == {"sha256:"}
    assert len({version["manifest_digest"] for version in versions}) == 2
    names = {row["name"].rpartition("/")[2] for row in officer.json("GET", "/api/v1/datasets")["results"]}
    assert len(names) >= 3
    namespace = f"mlflow://127.0.0.1:{(portal.data / 'mlflow' / 'port').read_text().strip()}"
    graph = officer.json(
        "GET", f"/api/v1/lineage?namespace={quote(namespace)}&name=models:/{MODEL}&type=model&direction=up&depth=9"
    )
    kinds = [node["type"] for node in graph["nodes"]]
    assert kinds.count("dataset") >= 3
    assert "model" in kinds
    assert not graph["truncated"]


def step_4_the_tables_were_scanned(officer: Reader) -> None:
    found: dict[str, set[str]] = {}
    for row in officer.json("GET", "/api/v1/datasets")["results"]:
        scans = officer.json("GET", f"/api/v1/datasets/{row['id']}/scans")["results"]
        if scans:
            scan = officer.json("GET", f"/api/v1/scans/{scans[0]['id']}")
            assert scan["state"] == "done", scan
            entities = {column["entities"][0]["type"] for column in scan["columns"] if column["entities"]}
            found[row["name"].rpartition("/")[2]] = entities
    raw = set().union(*(entities for name, entities in found.items() if "raw" in name or "payments" in name))
    assert {"EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "BR_CPF", "MX_CURP"} <= raw, found


def step_5_checks_are_shown_and_the_policy_is_explained(portal: Portal, officer: Reader) -> None:
    request = promotions(officer)["2"]
    assert {check["result"] for check in request["checks"]} <= {"pass", "warn", "fail", "waived", "missing"}
    assert len(request["checks"]) >= 5
    assert officer.ask("GET", "/settings/policies")[0] == 200
    engineer = signed_in(portal, "engineer")
    twice = {"model": MODEL, "version": "2", "environment": "production", "purpose": "again"}
    csrf = {"X-CSRFToken": engineer.cookies["csrf"]}
    status, answer = engineer.ask("POST", "/api/v1/promotions", twice, **csrf)
    assert status in {409, 422}, answer
    assert json.loads(answer)["code"].startswith("promotion")


def browse_as(page: Page, portal: Portal, title: str, number: int = 0) -> None:
    email, password = portal.person(title, number)
    page.context.clear_cookies()
    page.goto(f"{portal.url}/account/login")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{portal.url}/approvals**")


def approve(page: Page, portal: Portal, key: str, number: int) -> None:
    _, password = portal.person("compliance", number)
    page.goto(f"{portal.url}/approvals/{key}")
    page.check("input[name=verdict][value=approve]")
    page.fill("[name=reason]", "The numbers hold and the data is clean.")
    page.fill("input[name=password]", password)
    page.locator("form:has(input[name=verdict]) button[type=submit]").click()
    page.wait_for_load_state()


def step_6_the_requester_cannot_and_two_officers_do(portal: Portal, page: Page) -> None:
    key = promotions(signed_in(portal, "compliance"))["2"]["key"]
    browse_as(page, portal, "engineer")
    page.goto(f"{portal.url}/approvals/{key}")
    expect(page.locator("input[name=verdict][value=approve]")).to_have_count(0)
    browse_as(page, portal, "compliance", 0)
    expect(page.get_by_role("link", name=MODEL).first).to_be_visible()
    approve(page, portal, key, 0)
    page.goto(f"{portal.url}/approvals/{key}")
    expect(page.locator("body")).to_contain_text("Omar")
    browse_as(page, portal, "compliance", 1)
    approve(page, portal, key, 1)


def step_7_the_alias_moves_drift_is_seen_and_put_back(portal: Portal, officer: Reader, page: Page) -> None:
    until(lambda: promotions(officer)["2"]["state"] == "applied")
    assert champion(portal) == "2"
    assert promotions(officer)["1"]["state"] == "superseded"
    mlflow(portal, "POST", "registered-models/alias", {"name": MODEL, "alias": "champion", "version": "1"})
    until(lambda: officer.json("GET", "/api/v1/drifts")["results"], seconds=60)
    key = promotions(officer)["2"]["key"]
    browse_as(page, portal, "compliance", 0)
    page.goto(f"{portal.url}/approvals/{key}")
    page.locator(f"form[action$='{key}/put-back'] button").click()
    until(lambda: champion(portal) == "2")
    until(lambda: not officer.json("GET", "/api/v1/drifts")["results"], seconds=60)
    csrf = {"X-CSRFToken": officer.cookies["csrf"]}
    _, password = portal.person("compliance", 0)
    signed = officer.json(
        "POST", f"/api/v1/promotions/{key}/signatures", {"password": password, "verdict": "roll_back"}, **csrf
    )
    back = {"grant": signed["grant"], "revision": signed["revision"], "reason": "Version 2 scores too slowly."}
    officer.json("POST", f"/api/v1/promotions/{key}/rollback", back, **csrf)
    until(lambda: champion(portal) == "1")


def step_8_the_log_has_every_step_and_refuses_changes(portal: Portal, auditor: Reader) -> None:
    rows, cursor = [], ""
    while True:
        answer = auditor.json("GET", f"/api/v1/audit/entries?limit=500{cursor}")
        rows += answer["results"]
        if not answer["next"]:
            break
        cursor = f"&cursor={quote(answer['next'])}"
    actions = {row["action"] for row in rows}
    wanted = {"promotion.requested", "promotion.decided", "promotion.applied", "lineage.event_accepted"}
    assert wanted <= actions, sorted(actions)
    seq = next(row["seq"] for row in reversed(rows) if row["action"] == "promotion.applied")
    status, proof = auditor.ask("GET", f"/api/v1/audit/entries/{seq}/proof")
    assert (status, proof.splitlines()[0]) == (200, b"c2sp.org/tlog-proof@v1")
    for statement in ("UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_leaf", *TRUNCATE[database_of(portal)]):
        with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RestrictViolation), match="append-only"):
            past_the_portal(portal, statement)


def step_9_the_auditor_takes_the_evidence_away(portal: Portal, auditor: Reader, tmp_path: Path) -> None:
    version = promotions(auditor)["1"]["version_id"]
    csrf = {"X-CSRFToken": auditor.cookies["csrf"]}
    for form, sign in (("json", b"{"), ("csv", b""), ("svg", b"<svg")):
        asked = auditor.json("POST", "/api/v1/reports", {"kind": "lineage", "subject": version, "format": form}, **csrf)
        path = f"/api/v1/reports/{asked['id']}"
        until(lambda path=path: auditor.json("GET", path)["state"] in {"ready", "failed"})
        status, body = auditor.ask("GET", f"{path}/content")
        assert (status, sign in body[:500]) == (200, True)
        assert body
    refused, _ = auditor.ask("POST", "/api/v1/scopes", {"parent": version, "kind": "team", "name": "x"}, **csrf)
    assert refused in {403, 404}
    export = tmp_path / "log"
    token = portal.token("auditor")
    env = {"ATTESTRY_URL": portal.url, "ATTESTRY_TOKEN": token}
    portal.attestry("audit", "export", str(export), **env)
    _, key = auditor.ask("GET", "/api/v1/audit/key")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(export, elsewhere)
    verify = [sys.executable, "-I", str(elsewhere / "verify.py"), str(elsewhere), "--key", key.decode().strip()]
    good = subprocess.run(verify, capture_output=True, text=True, check=False, timeout=60)
    assert good.returncode == 0, good.stdout + good.stderr
    tile = next((elsewhere / "tile" / "entries").rglob("*.p/*"))
    data = bytearray(tile.read_bytes())
    data[len(data) // 2] ^= 1
    tile.chmod(0o600)
    tile.write_bytes(data)
    bad = subprocess.run(verify, capture_output=True, text=True, check=False, timeout=60)
    assert bad.returncode == 5, bad.stdout + bad.stderr
    assert "entry" in bad.stdout + bad.stderr


def step_10_people_come_and_go_and_backups_hold(portal: Portal, page: Page, tmp_path: Path) -> None:
    admin = signed_in(portal, "administrator")
    csrf = {"X-CSRFToken": admin.cookies["csrf"]}
    person = admin.json("POST", "/api/v1/people", {"name": "Nina Novak", "email": "nina@example.org"}, **csrf)
    found = admin.json("GET", "/api/v1/search?q=Nina")
    assert "Nina Novak" in json.dumps(found)
    assert MODEL in json.dumps(admin.json("GET", "/api/v1/search?q=fraud"))
    assert person["id"]
    engineer = signed_in(portal, "engineer")
    assert engineer.ask("GET", "/approvals")[0] == 200
    people = admin.json("GET", "/api/v1/people")["results"]
    ann = next(row for row in people if row["name"] == "Ann")
    admin.json("PATCH", f"/api/v1/people/{ann['id']}", {"active": False, "reason": "Left the company."}, **csrf)
    assert engineer.ask("GET", "/approvals")[0] == 302
    archive = tmp_path / "backup.tar"
    portal.attestry("backup", str(archive))
    elsewhere = tmp_path / "restored"
    there = empty_database(portal)
    portal.attestry("restore", str(archive), "--data-dir", str(elsewhere), **there)
    checked = portal.attestry("audit", "verify", "--database", "--data-dir", str(elsewhere), **there)
    assert checked.returncode == 0
    portal.attestry("doctor")


def step_1_again_the_second_start_is_quick_and_term_stops_every_child(portal: Portal) -> None:
    assert portal.stop() == 0
    assert survivors(portal.data) == []
    portal.lines.clear()
    begun = time.monotonic()
    portal.start(until="Attestry is ready", seconds=60)
    assert time.monotonic() - begun < 60
    portal.wait_for(TOLD, 60)
    assert portal.stop() == 0
    assert survivors(portal.data) == []


def survivors(data: Path) -> list[str]:
    """Processes still carrying the mark of that portal's supervisor."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            marked = f"{MARK}={data}".encode() in (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if marked:
            found.append(process.name)
    return found
