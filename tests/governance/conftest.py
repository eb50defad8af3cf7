"""A real MLflow server, started once, and a door to it that can be shut and opened."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
MLMODEL = """artifact_path: model
flavors: {python_function: {loader_module: tests}}
signature:
  inputs: '[{"type": "double", "name": "amount", "required": true}]'
  outputs: '[{"type": "long", "name": "fraud"}]'
"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@dataclass
class Server:
    """The MLflow server and what a training script does to it."""

    uri: str
    artifacts: Path
    log: Path

    def client(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from mlflow import MlflowClient
        return MlflowClient(self.uri, self.uri)

    def train(
        self, name: str = "", *, auc: float = 0.931, files: dict[str, str] | None = None, **tags: str
    ) -> "Trained":
        """Log a run with files and register them as the next version of `name`."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._train(name or f"fraud-{uuid4().hex[:8]}", auc, files or {"weights/a.bin": "w" * 10}, tags)

    def _train(self, name: str, auc: float, files: dict[str, str], tags: dict[str, str]) -> "Trained":
        from mlflow.entities import Dataset, DatasetInput
        from mlflow.exceptions import MlflowException

        client = self.client()
        experiment = client.create_experiment(uuid4().hex)
        run = client.create_run(experiment, tags={"mlflow.user": "mia", **tags})
        client.log_metric(run.info.run_id, "auc", auc)
        client.log_param(run.info.run_id, "depth", "4")
        source = '{"uri": "/data/features.parquet"}'
        client.log_inputs(run.info.run_id, [DatasetInput(Dataset("features", "d078c2c8", "local", source), [])])
        for path, text in {"MLmodel": MLMODEL, **files}.items():
            client.log_text(run.info.run_id, text, f"model/{path}")
        with suppress(MlflowException):
            client.create_registered_model(name)
        version = client.create_model_version(name, f"runs:/{run.info.run_id}/model", run.info.run_id)
        folder = self.artifacts / experiment / run.info.run_id / "artifacts" / "model"
        return Trained(name, str(version.version), run.info.run_id, folder)


@dataclass(frozen=True)
class Trained:
    name: str
    label: str
    run_id: str
    folder: Path


@dataclass
class Door:
    """A loopback address in front of MLflow that can be shut (connections refused) and opened again."""

    target: tuple[str, int]
    port: int = field(default_factory=free_port)
    listener: socket.socket | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, args=(self.listener,), daemon=True).start()

    def shut(self) -> None:
        if self.listener:
            with suppress(OSError):
                self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                ours, _ = listener.accept()
            except OSError:
                return
            theirs = socket.create_connection(self.target)
            for one, other in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while self.listener and (data := one.recv(65536)):
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("mlflow")
    port = free_port()
    server = Server(f"http://127.0.0.1:{port}", home / "artifacts", home / "log")
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{home}/mlflow.db", "--artifacts-destination", str(server.artifacts)]
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=home, env=os.environ | QUIET, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_for(server, process)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@pytest.fixture
def mlflow(mlflow_server: Server) -> Iterator[Server]:
    """The server, emptied of models after each test."""
    yield mlflow_server
    client = mlflow_server.client()
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)


def _wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 240
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{server.uri}/health", timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.3)
    pytest.fail("MLflow did not start:\n" + server.log.read_text()[-2000:])


@pytest.fixture
def door(mlflow: Server) -> Iterator[Door]:
    door = Door(("127.0.0.1", int(mlflow.uri.rpartition(":")[2])))
    door.open()
    yield door
    door.shut()
