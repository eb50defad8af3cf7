import base64
import hashlib
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from audit.refusals import Invalid, NotSeen, Unavailable
from governance.registries import folder, rules
from governance.registries import mlflow as adapter
from governance.registries.mlflow import MlflowRegistry
from tests.governance.conftest import MLMODEL, Door, Server, free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def registry(mlflow: Server) -> MlflowRegistry:
    return MlflowRegistry(mlflow.uri)


def test_models_versions_and_runs_are_read_as_mlflow_has_them(mlflow: Server, registry: MlflowRegistry) -> None:
    trained = mlflow.train(**{"mlflow.source.git.commit": "c0ffee"})
    model = next(each for each in registry.models() if each.name == trained.name)
    (version,) = registry.versions(trained.name)
    described = registry.describe(version)
    assert (model.latest, version.label, described.run_user, described.code_commit) == (1, "1", "mia", "c0ffee")
    assert described.metrics == {"auc": "0.931"}
    assert described.params == {"depth": "4"}
    assert described.inputs == [{"namespace": "file", "name": "/data/features.parquet", "digest": "d078c2c8"}]
    assert described.created_at is not None


def test_more_models_than_fit_on_a_page_are_all_listed(
    mlflow: Server, registry: MlflowRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {mlflow.train().name for _ in range(3)}
    monkeypatch.setattr(adapter, "PAGE", 1)
    assert names <= {model.name for model in registry.models()}


def test_a_name_with_a_quote_is_a_name(mlflow: Server, registry: MlflowRegistry) -> None:
    mlflow.train("fraud-plain")
    assert registry.versions("x' or name='fraud-plain") == []


def test_prompts_are_no_models(mlflow: Server, registry: MlflowRegistry) -> None:
    mlflow.client().register_prompt("a-prompt", "Say {{ what }}")
    assert "a-prompt" not in {model.name for model in registry.models()}


def test_the_manifest_is_the_hash_of_the_bytes_on_disk(mlflow: Server, registry: MlflowRegistry) -> None:
    trained = mlflow.train(files={"weights/big.bin": "x" * 3_000_000, "notes ñ & co/read me.txt": "hello"})
    heard: list[float] = []
    contents = registry.contents(trained.name, trained.label, lambda done, path: heard.append(done))
    assert contents.files == folder.manifest(trained.folder)
    mlmodel = next(file for file in contents.files if file.path == "MLmodel")
    assert mlmodel.sha256 == hashlib.sha256(MLMODEL.encode()).hexdigest()
    assert contents.signature["inputs"] == [{"type": "double", "name": "amount", "required": True}]
    assert heard[-1] == 1


def test_what_mlflows_own_client_downloads_has_the_same_digest(
    mlflow: Server, registry: MlflowRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = mlflow.train()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow.uri)
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.artifacts import download_artifacts

        download_artifacts(f"models:/{trained.name}/1", dst_path=str(tmp_path), tracking_uri=mlflow.uri)
    ours = registry.manifest(trained.name, "1")
    assert rules.manifest_digest(folder.manifest(tmp_path)) == rules.manifest_digest(ours)


def test_one_changed_byte_changes_the_digest(mlflow: Server, registry: MlflowRegistry) -> None:
    trained = mlflow.train()
    before = rules.manifest_digest(registry.manifest(trained.name, "1"))
    (trained.folder / "weights" / "a.bin").write_text("w" * 9 + "x")
    assert rules.manifest_digest(registry.manifest(trained.name, "1")) != before


def test_a_model_over_its_budget_is_given_up(mlflow: Server) -> None:
    trained = mlflow.train(files={"weights/a.bin": "w" * 5000})
    with pytest.raises(Invalid, match="too_large"):
        MlflowRegistry(mlflow.uri, largest_model=4000).manifest(trained.name, "1")


def test_an_alias_is_set_and_read_back(mlflow: Server, registry: MlflowRegistry) -> None:
    trained = mlflow.train()
    assert registry.alias(trained.name, "champion") is None
    registry.set_alias(trained.name, "champion", "1")
    assert registry.alias(trained.name, "champion") == "1"
    assert {m.name: m.aliases for m in registry.models()}[trained.name] == {"champion": "1"}


def test_what_does_not_exist_is_not_seen(registry: MlflowRegistry) -> None:
    with pytest.raises(NotSeen):
        registry.manifest("nothing-here", "1")
    with pytest.raises(NotSeen):
        registry.set_alias("nothing-here", "champion", "1")


def test_files_kept_elsewhere_are_refused(mlflow: Server, registry: MlflowRegistry, tmp_path: Path) -> None:
    client = mlflow.client()
    run = client.create_run(client.create_experiment("elsewhere", artifact_location="s3://bucket/x"))
    client.create_registered_model("elsewhere")
    client.create_model_version("elsewhere", f"runs:/{run.info.run_id}/model", run.info.run_id)
    with pytest.raises(Invalid, match="files_elsewhere"):
        registry.manifest("elsewhere", "1")


def test_an_absent_server_is_noticed_in_seconds() -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable, match="away"):
        MlflowRegistry(f"http://127.0.0.1:{free_port()}").models()
    assert time.monotonic() - started < 5


def test_a_server_that_returns_is_used_again(door: Door) -> None:
    registry = MlflowRegistry(door.uri)
    registry.models()
    door.shut()
    with pytest.raises(Unavailable):
        registry.models()
    door.open()
    assert isinstance(registry.models(), list)


@contextmanager
def answering(handler: Any) -> Iterator[str]:
    """A loopback web server that answers GET by `handler(request) -> (status, body)`."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = handler(self)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<html>", "registries.not_mlflow"),
        (200, b"[]", "registries.not_mlflow"),
        (404, b"<html>", "registries.not_mlflow"),
        (404, b'{"detail": "Not found"}', "registries.not_mlflow"),
        (302, b"", "registries.away"),
        (401, b"", "registries.not_let_in"),
        (403, b"{}", "registries.not_let_in"),
        (500, b"{}", "registries.away"),
        (503, b"", "registries.away"),
        (200, b'{"registered_models": [{"name": "' + b"x" * (33 << 20) + b'"}]}', "registries.not_mlflow"),
    ],
)
def test_what_is_no_mlflow_or_keeps_us_out_is_told_apart(status: int, body: bytes, code: str) -> None:
    with answering(lambda _: (status, body)) as uri, pytest.raises(Unavailable) as refusal:
        MlflowRegistry(uri).models()
    assert refusal.value.code == code


def test_a_server_that_asks_for_a_password_gets_ours_and_strangers_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    good = "Basic " + base64.b64encode(b"attestry:secret").decode()

    def handler(request: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        if request.path == "/version":
            return 200, b"3.17.2"
        return (200, b"{}") if request.headers.get("Authorization") == good else (401, b"")

    with answering(handler) as uri:
        with pytest.raises(Unavailable, match="not_let_in"):
            MlflowRegistry(uri).models()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "attestry")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
        assert MlflowRegistry(uri).models() == []
        assert MlflowRegistry(uri).probe() == {"version": "3.17.2", "open_to_strangers": "no"}


def test_a_listing_that_points_outside_is_refused() -> None:
    def handler(request: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        if "get-download-uri" in request.path:
            return 200, b'{"artifact_uri": "mlflow-artifacts:/1/models/m-1/artifacts"}'
        return 200, b'{"files": [{"path": "../../secrets", "is_dir": false}]}'

    with answering(handler) as uri, pytest.raises(Invalid, match="unsafe_path"):
        MlflowRegistry(uri).manifest("fraud", "1")


def test_the_probe_tells_the_version_and_that_the_door_is_open(registry: MlflowRegistry) -> None:
    found = registry.probe()
    assert found["version"].startswith("3.")
    assert found["open_to_strangers"] == "yes"


def test_credentials_go_only_to_the_server_they_are_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ours:5000/")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "u")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "p")
    assert adapter.credentials_for("http://ours:5000") == {"username": "u", "password": "p"}
    assert adapter.credentials_for("http://other:5000") == {}


def test_a_logged_model_of_mlflow_3_is_read_with_its_own_metrics(
    mlflow: Server, registry: MlflowRegistry, tmp_path: Path
) -> None:
    client = mlflow.client()
    (tmp_path / "model.skops").write_bytes(b"weights")
    (tmp_path / "MLmodel").write_text(MLMODEL)
    experiment = client.create_experiment("logged")
    run = client.create_run(experiment, tags={"mlflow.user": "mia"})
    logged = client.create_logged_model(experiment, name="model", source_run_id=run.info.run_id)
    client.log_model_artifacts(logged.model_id, str(tmp_path))
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_metric(run.info.run_id, "auc", 0.9, model_id=logged.model_id)
    client.set_terminated(run.info.run_id)
    client.create_registered_model("logged")
    client.create_model_version("logged", f"models:/{logged.model_id}", model_id=logged.model_id)
    (version,) = registry.versions("logged")
    described = registry.describe(version)
    assert (described.metrics, described.run_id) == ({"auc": "0.9"}, run.info.run_id)
    assert (described.run_user, described.run_ended) == ("mia", True)
    assert registry.manifest("logged", "1") == folder.manifest(tmp_path)
