"""The outgrown shape: the compose file says what it should, and the same commands run natively as it would run them."""

import inspect
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from portal import cli
from tests.portal import house

COMPOSE: dict[str, Any] = yaml.safe_load((house.ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (house.ROOT / "Dockerfile").read_text()
# the part of the compose specification's schema that this file uses: key -> allowed types
SCHEMA: dict[str, tuple[type, ...]] = {
    "image": (str,), "build": (str, dict), "user": (str,), "read_only": (bool,), "tmpfs": (list, str),
    "cap_drop": (list,), "security_opt": (list,), "restart": (str,), "environment": (dict, list), "volumes": (list,),
    "command": (list, str), "healthcheck": (dict,), "depends_on": (dict, list), "ports": (list,), "deploy": (dict,),
    "working_dir": (str,), "stop_grace_period": (str,),
}  # fmt: skip
HEALTH = {"test", "interval", "timeout", "retries", "start_period"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
DURATION = re.compile(r"(\d+(us|ms|s|m|h))+")

services = pytest.mark.parametrize("name", SERVICES)


@services
def test_a_service_has_only_keys_and_types_of_the_specification(name: str) -> None:
    for key, value in SERVICES[name].items():
        assert isinstance(value, SCHEMA[key]), key
    assert {"image", "build"} & SERVICES[name].keys()


def test_the_top_level_is_of_the_specification() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"name", "services", "volumes"}


@services
def test_no_service_is_root_or_writes_into_its_image(name: str) -> None:
    service = SERVICES[name]
    assert service["user"].split(":")[0] not in {"", "0", "root"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@services
def test_a_service_that_stays_tells_whether_it_is_well(name: str) -> None:
    service = SERVICES[name]
    if service["restart"] == "no":
        return
    check = service["healthcheck"]
    assert check.keys() <= HEALTH
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    for key in ("interval", "timeout", "start_period"):
        assert DURATION.fullmatch(check.get(key, "1s"))


@services
def test_what_a_service_waits_for_exists_and_can_happen(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        assert wait["condition"] in CONDITIONS
        if wait["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        if wait["condition"] == "service_completed_successfully":
            assert SERVICES[other]["restart"] == "no"


@services
def test_volumes_are_declared_and_ports_stay_on_this_machine(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or source.startswith(("$", ".", "/"))
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


@services
def test_no_password_is_written_down(name: str) -> None:
    for key, value in SERVICES[name].get("environment", {}).items():
        if "PASSWORD" in key or "SECRET" in key:
            assert value.startswith("${"), key


def test_web_and_worker_are_several_and_tables_and_roles_go_first() -> None:
    for name in ("web", "worker"):
        assert SERVICES[name]["deploy"]["replicas"] >= 2
        for before in ("migrate", "roles"):
            assert SERVICES[name]["depends_on"][before]["condition"] == "service_completed_successfully"


def test_web_and_worker_sign_in_as_a_role_that_owns_no_table() -> None:
    assert SERVICES["roles"]["command"] == ["db", "roles", "--apply"]
    for name in ("web", "worker"):
        environment = SERVICES[name]["environment"]
        assert "//attestry_app:" in environment["DATABASE_URL"]
        assert "POSTGRES_PASSWORD" not in str(environment)


def test_the_registry_asks_for_a_password_and_runs_no_jobs() -> None:
    registry = SERVICES["registry"]
    assert "--app-name basic-auth" in registry["command"][-1]
    assert registry["environment"]["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert registry["environment"]["MLFLOW_DISABLE_TELEMETRY"] == "true"


@pytest.mark.parametrize("name", ["migrate", "web", "worker"])
def test_its_commands_are_commands_of_ours(name: str, tmp_path: Path) -> None:
    command = SERVICES[name]["command"]
    words = house.attestry(command[0], "--help", data=tmp_path / "data").stdout
    for option in (part for part in command[1:] if part.startswith("--")):
        assert option in words


def test_the_database_takes_all_the_connections_that_web_and_worker_processes_may_open() -> None:
    web = inspect.signature(cli.web).parameters["threads"].default + 1
    worker = 4 + 2 * inspect.signature(cli.worker).parameters["concurrency"].default
    asked = SERVICES["web"]["deploy"]["replicas"] * web + SERVICES["worker"]["deploy"]["replicas"] * worker
    assert asked + 20 <= int(SERVICES["database"]["command"][-1].removeprefix("max_connections="))
    assert f"(`--threads`, {web - 1})" in (house.ROOT / "docs" / "install.md").read_text()


def test_every_image_is_pinned_and_ours_runs_as_nobody_special() -> None:
    images = [service["image"] for service in SERVICES.values()] + re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert all(":" in image and not image.endswith(":latest") for image in images)
    last_user = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)[-1]
    assert last_user not in {"0", "root"}


# --- the same shape, natively ---------------------------------------------------------------------------------------

COUNT = """
import django; django.setup()
from jobs.models import Job, Worker
from jobs import selectors
import json
states = list(Job.objects.filter(kind="catalog.discover").values_list("state", flat=True))
print(json.dumps({"workers": selectors.workers_alive(selectors.now()), "states": states}))
"""


@pytest.fixture(scope="module")
def outgrown(postgresql_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """PostgreSQL, Redis, two web and two worker processes that own no table, over one folder of keys."""
    folder = tmp_path_factory.mktemp("outgrown")
    data, log = folder / "data", folder / "log"
    env = {"DATABASE_URL": postgresql_url, "BROKER_URL": redis_url}
    assert house.attestry("migrate", data=data, **env).returncode == 0
    assert house.attestry("db", "roles", "--apply", data=data, **env).returncode == 0
    env["DATABASE_URL"] = postgresql_url.replace("attestry@", "attestry_app@")
    made = house.attestry("token", "create", "--name", "pipeline", "--role", "ingest,viewer", data=data, **env)
    ports = [house.free_port(), house.free_port()]
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(house.running("web", "--port", str(port), "--threads", "2", data=data, log=log, **env))
        workers = [
            stack.enter_context(house.running("worker", "--concurrency", "1", data=data, log=log, **env))
            for _ in range(2)
        ]
        here = SimpleNamespace(data=data, log=log, env=env, ports=ports, workers=workers, token=made.stdout.strip())
        assert house.eventually(lambda: all(map(house.ready, ports)), 120), log.read_text()
        assert house.eventually(lambda: count(here)["workers"] >= 2, 60), log.read_text()
        yield here


def count(here: Any) -> dict[str, Any]:
    """Workers alive, and the states of the jobs that discover datasets."""
    env = house.environment(here.data, **here.env)
    done = subprocess.run([sys.executable, "-c", COUNT], env=env, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def tell(here: Any, port: int, number: int) -> int:
    """Send one OpenLineage event that names one new dataset."""
    event = {
        "eventType": "COMPLETE", "eventTime": "2026-11-20T10:00:00Z", "producer": "https://example.org/test",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": f"0193a000-0000-7000-8000-{number:012d}"}, "job": {"namespace": "n", "name": "load"},
        "inputs": [], "outputs": [{"namespace": "file", "name": f"/tables/{number}"}],
    }  # fmt: skip
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/lineage", data=json.dumps(event).encode(), method="POST",
        headers={"Authorization": f"Bearer {here.token}", "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=20) as answer:
        return int(answer.status)


@pytest.mark.slow
def test_both_web_processes_answer_pages(outgrown: Any) -> None:
    for port in outgrown.ports:
        status, page = house.get(port, "/account/login")
        assert status == 200
        assert b"<form" in page


@pytest.mark.slow
def test_killing_a_worker_outright_loses_no_work(outgrown: Any) -> None:
    for number in range(40):
        assert tell(outgrown, outgrown.ports[number % 2], number) == 201
        if number == 20:
            os.kill(outgrown.workers[0].pid, signal.SIGKILL)
            outgrown.workers[0].wait()

    def done() -> bool:
        states = count(outgrown)["states"]
        return len(states) >= 40 and set(states) == {"done"}

    assert house.eventually(done, 120), count(outgrown)
    for port in outgrown.ports:
        status, page = house.get(port, "/api/v1/datasets?limit=100", outgrown.token)
        assert status == 200
        assert {f"/tables/{number}" for number in range(40)} <= {each["name"] for each in page["results"]}
    checked = house.attestry("audit", "verify", "--database", data=outgrown.data, **outgrown.env)
    assert checked.returncode == 0, checked.stdout
