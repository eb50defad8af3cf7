"""`attestry up`: the whole house from one command, under one supervisor."""

import http.client
import importlib.util
import ipaddress
import json
import os
import random
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal import datadir
from portal.datadir import Unfit
from portal.supervisor import Program, Supervisor

READY_WITHIN = 120.0
REGISTRY_PORTS = range(21_000, 29_000)
QUIET_MLFLOW = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_ENABLE_WORKSPACES": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True)
class Plan:
    """What was asked for on the command line."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    demo: bool = False
    behind_proxy: bool = False

    @property
    def address(self) -> str:
        """Where people reach the portal."""
        return os.environ.get("ATTESTRY_BASE_URL") or f"http://{_bracketed(self.host)}:{self.port}"


def check_exposure(host: str, *, behind_proxy: bool, base_url: str) -> None:
    """Refuse to listen beyond this machine unless a proxy in front of us speaks https to the world."""
    if is_loopback(host):
        return
    if not behind_proxy:
        raise Unfit(
            f"Listening on {host} would send passwords and tokens over the network in the clear. Put a proxy that "
            "speaks https in front, set ATTESTRY_BASE_URL to its https address, and add --behind-proxy."
        )
    if not base_url.startswith("https://"):
        raise Unfit("With --behind-proxy, set ATTESTRY_BASE_URL to the https address that people use.")


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine to itself alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_port(host: str, port: int) -> None:
    """Refuse a port that something listens on already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Unfit(f"Port {port} on {host} cannot be used ({error.strerror}). Choose another: --port.") from error


def run(plan: Plan) -> int:
    """Bring everything up, say so, and stay until told to stop; the exit code of the command."""
    check_exposure(plan.host, behind_proxy=plan.behind_proxy, base_url=os.environ.get("ATTESTRY_BASE_URL", ""))
    if plan.demo:
        check_demo()
    datadir.make(plan.data)
    with datadir.held(plan.data):
        check_port(plan.host, plan.port)
        os.environ.update(environment(plan))
        with Supervisor(str(plan.data), _log) as supervisor:
            return _live(supervisor, plan)


def environment(plan: Plan) -> dict[str, str]:
    """What every child is told."""
    told = {"ATTESTRY_BASE_URL": plan.address}
    if plan.behind_proxy:
        told["ATTESTRY_BEHIND_PROXY"] = "1"
    if plan.demo:
        (plan.data / "demo").mkdir(mode=0o700, exist_ok=True)
        told |= QUIET_MLFLOW
        told["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{registry_port(plan.data)}"
        roots = [root for root in os.environ.get("ATTESTRY_SCAN_ROOTS", "").split(":") if root]
        told["ATTESTRY_SCAN_ROOTS"] = ":".join([*roots, str(plan.data / "demo")])
    return told


def _live(supervisor: Supervisor, plan: Plan) -> int:
    begun = time.monotonic()
    arguments = ["prepare", "--demo"] if plan.demo else ["prepare"]
    code = supervisor.run(_ours("setup", *arguments, restart=False))
    if code is None or code != 0:
        return 0 if code is None else 1
    supervisor.start(_ours("web", "web", "--host", plan.host, "--port", str(plan.port)))
    supervisor.start(_ours("worker", "worker", "--concurrency", str(plan.workers)))
    if not supervisor.wait(_now_and_then(lambda: readiness(plan.host, plan.port) == "ok"), READY_WITHIN):
        if supervisor.stopping:
            return 0
        _log(
            f"Attestry was not ready within {READY_WITHIN:g} s: {readiness(plan.host, plan.port)}. See the lines above."
        )
        return 1
    _say(banner(plan, _welcome(plan.data), time.monotonic() - begun))
    if plan.demo:
        _play(supervisor, plan)
    supervisor.forever()
    return 0


def _play(supervisor: Supervisor, plan: Plan) -> None:
    supervisor.start(registry(plan.data))
    parts, told = plan.data / "demo.json", plan.data / "demo.told"
    code: int | None = 0
    if not parts.exists() and not told.exists():
        _say("\nThe demo is not played, because somebody of its people is shut out. Attestry itself is running.\n")
        return
    if parts.exists():
        env = {"ATTESTRY_URL": plan.address, "ATTESTRY_DEMO": str(parts)}
        code = supervisor.run(Program("demo", (sys.executable, "-m", "portal.demo"), env, restart=False))
        parts.unlink(missing_ok=True)
    if code == 0:
        told.touch(mode=0o600)
        _say(f"\nThe demo is ready: version 2 of its model waits for a decision at {plan.address}/approvals\n")
    elif code is not None:
        _say(f"\nThe demo stopped early (exit code {code}); its last words are above. Attestry itself is running.\n")


def _ours(name: str, *arguments: str, restart: bool = True) -> Program:
    return Program(name, (sys.executable, "-m", "portal.cli", *arguments), restart=restart)


def check_demo() -> None:
    """Refuse the demo where what it is made of is not installed."""
    absent = [name for name in ("flask", "sklearn", "pandas") if importlib.util.find_spec(name) is None]
    if absent:
        raise Unfit("The demo needs more than is installed here. Install it with: pip install 'attestry[demo]'")


def registry_port(data: Path) -> int:
    """The demo registry's port: chosen once, because a model's name in the lineage carries it."""
    memory = data / "mlflow" / "port"
    if memory.exists():
        return int(memory.read_text())
    memory.parent.mkdir(mode=0o700, exist_ok=True)
    for _ in range(100):
        port = random.choice(REGISTRY_PORTS)  # noqa: S311 - not a secret
        try:
            check_port("127.0.0.1", port)
        except Unfit:
            continue
        datadir.write_private(memory, f"{port}\n")
        return port
    raise Unfit("No free port was found for the demo's MLflow server.")


def registry(data: Path) -> Program:
    """The demo's own MLflow server: loopback, one worker, its own folder, nothing sent anywhere, no jobs run."""
    home = data / "mlflow"
    argv = (
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(registry_port(data))),
        *("--workers", "1", "--backend-store-uri", f"sqlite:///{home / 'mlflow.db'}"),
        *("--artifacts-destination", str(home / "artifacts"), "--serve-artifacts"),
        *("--uvicorn-opts", "--log-level warning"),
    )
    return Program("mlflow", argv, env={"MLFLOW_LOGGING_LEVEL": "WARNING"}, cwd=home)


def _now_and_then(ask: Callable[[], bool], every: float = 0.3) -> Callable[[], bool]:
    """Ask at most once in `every` seconds, however often one is asked."""
    last = [0.0]

    def asked() -> bool:
        if time.monotonic() - last[0] < every:
            return False
        last[0] = time.monotonic()
        return ask()

    return asked


def readiness(host: str, port: int) -> str:
    """`ok`, or what the portal says it still lacks."""
    connection = http.client.HTTPConnection(_reachable(host), port, timeout=3)
    try:
        connection.request("GET", "/readyz", headers={"Host": f"127.0.0.1:{port}"})
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        return "ok" if answer.status == 200 else body
    except OSError as error:
        return str(error)
    finally:
        connection.close()


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _welcome(data: Path) -> dict[str, Any]:
    path = data / "welcome.json"
    try:
        words: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    path.unlink()
    return words


def banner(plan: Plan, welcome: dict[str, Any], seconds: float) -> str:
    """What a person reads when everything is up."""
    lines = ["", f"Attestry is ready ({seconds:.0f} s): {plan.address}", ""]
    if link := welcome.get("link"):
        lines += [f"  Sign in once, as {welcome['name']} ({welcome['role']}), within {welcome['minutes']} minutes:"]
        lines += [f"    {link}", ""]
    if people := welcome.get("people"):
        width = max(len(person["email"]) for person in people)
        lines += ["  People:", *(f"    {each['email']:<{width}}  {each['name']}, {each['title']}" for each in people)]
        lines += [f"  Their passwords are in {welcome['file']}, which only you can read.", ""]
    lines += [f"  Data: {plan.data}    Database: {_database()}    Broker: {_broker()}"]
    if plan.demo:
        lines += [f"  Demo registry (MLflow): {os.environ['MLFLOW_TRACKING_URI']}", "", *_TO_TRY]
    return "\n".join([*lines, "", "  Stop with Ctrl-C. Look after it with: attestry doctor", ""])


_TO_TRY = (
    "  The demo is being played now: it makes a table of payments, trains a model, and asks for its promotion.",
    "  That takes about a minute. Then try:",
    "    1. Inbox: version 2 of the model waits for two compliance officers. Look at what changed, and decide.",
    "    2. Datasets: which columns of the payments hold personal data, and how sure that is.",
    "    3. Lineage: from the raw table to the model that runs.",
    "    4. Audit: pick an entry, download its proof, verify it without us.",
)


def _database() -> str:
    return "PostgreSQL" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "SQLite"


def _broker() -> str:
    return os.environ.get("BROKER_URL", "").partition(":")[0] or "embedded"


def _say(text: str) -> None:
    _print(text, sys.stdout)


def _log(line: str) -> None:
    _print(line, sys.stderr)


def _print(text: str, stream: Any) -> None:
    """Write, and go on without whoever stopped reading."""
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
