"""The adapter for MLflow: the one file that talks to it.

It uses the REST calls MLflow documents through its own client library, which is imported on first use because that
takes over a second and belongs in a worker. Model files are streamed through a hash and never stored, loaded or
executed. An MLflow that is away is noticed within seconds: short timeouts, one retry.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import yaml

from audit.refusals import Invalid, NotSeen, Refused, Unavailable
from governance.catalog.records import Observed
from governance.registries import rules
from governance.registries.rules import FileDigest, FoundModel

API = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
TIMEOUT = 5.0
CHUNK = 1 << 20
LARGEST_ANSWER = 32 << 20
LARGEST_MODEL = 50 << 30
LARGEST_MLMODEL = 1 << 20
DEEPEST = 32
PAGE = 200
UNREACHABLE = {408, 425, 429, 500, 502, 503, 504}
AUTHORS = "attestry.commit_authors"
"""The tag of a run that names who wrote its code, for MLflow itself notes only the commit."""
ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}


@dataclass(frozen=True)
class Contents:
    """A model version's files, and the bytes of its `MLmodel` description when it has a small one."""

    files: list[FileDigest]
    mlmodel: bytes

    @property
    def signature(self) -> dict[str, object]:
        """The model's input and output columns; read with the safe YAML loader, empty when unreadable."""
        try:
            return rules.signature_of(yaml.safe_load(self.mlmodel))
        except yaml.YAMLError:
            return {}


class MlflowRegistry:
    """An MLflow server at `uri`; refuses with `Unavailable` while it is away."""

    def __init__(self, uri: str, *, largest_model: int = LARGEST_MODEL) -> None:
        """Point at the server; nothing is sent yet. `largest_model` bounds the bytes read for one version."""
        self.uri = rules.clean_uri(uri)
        self.largest_model = largest_model

    def models(self) -> list[FoundModel]:
        """Return every registered model with its aliases and highest version, prompts left out."""
        found = self._pages("registered-models/search", "registered_models", {})
        return [_model(each) for each in found if not _is_prompt(each)]

    def versions(self, name: str) -> list[Observed]:
        """Return the versions of a model, oldest first, without what their runs say."""
        quoted = name.replace("'", "\\'")
        found = self._pages("model-versions/search", "model_versions", {"filter": f"name='{quoted}'"})
        ready = [each for each in found if each.get("status", "READY") == "READY" and each["name"] == name]
        return sorted((_version(each) for each in ready), key=lambda each: int(each.label))

    def describe(self, version: Observed) -> Observed:
        """Return the version with what its run and its logged model say: metrics, parameters, inputs, author, commit.

        What MLflow has deleted meanwhile is simply missing.
        """
        model = self._logged_model(version.source_uri)
        run_id = version.run_id or str(model.get("info", {}).get("source_run_id", ""))
        run = self._optional("runs/get", "run", {"run_id": run_id}) if run_id else {}
        info, data = run.get("info", {}), run.get("data", {})
        tags = _pairs(model.get("info", {}).get("tags", ())) | _pairs(data.get("tags", ()))
        parts = (data, model.get("data", {}))
        return Observed(
            label=version.label,
            created_at=version.created_at,
            source_uri=version.source_uri,
            run_id=run_id,
            run_user=tags.get("mlflow.user", "") or str(info.get("user_id", "")),
            authors=rules.authors_of(tags.get(AUTHORS, "")),
            code_commit=tags.get("mlflow.source.git.commit", ""),
            metrics={m["key"]: rules.number(m.get("value", 0)) for part in parts for m in part.get("metrics", ())},
            params={k: v for part in parts for k, v in _pairs(part.get("params", ())).items()},
            inputs=_inputs(run),
            run_ended=info.get("status", "FINISHED") in {"FINISHED", "FAILED", "KILLED"},
        )

    def manifest(self, name: str, version: str) -> list[FileDigest]:
        """Return path, size and SHA-256 of every file of a version, sorted by path."""
        return self.contents(name, version).files

    def contents(self, name: str, version: str, tell: Callable[[float, str], None] | None = None) -> Contents:
        """Stream every file of a version through SHA-256; `tell` hears how far it is.

        Refused: files kept where MLflow does not serve them itself, an unsafe path, more than 20,000 files or more
        bytes than `largest_model`.
        """
        root, files, mlmodel, total = self._root(name, version), [], b"", 0
        listed = list(self._listing(root))
        for at, path in enumerate(listed):
            file, kept = self._hash(root, path, self.largest_model - total)
            files.append(file)
            total += file.size
            mlmodel = kept if path == "MLmodel" else mlmodel
            if tell:
                tell((at + 1) / len(listed), path)
        return Contents(rules.check_manifest(files), mlmodel)

    def alias(self, name: str, alias: str) -> str | None:
        """Return the version label the alias points at, or `None`."""
        found = self._optional("registered-models/alias", "model_version", {"name": name, "alias": alias})
        return str(found["version"]) if found else None

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Point the alias at a version; read it back to be sure, for MLflow has no compare-and-set."""
        body = {"name": name, "alias": alias, "version": version}
        self._json("POST", f"{API}/registered-models/alias", json=body)

    def probe(self) -> dict[str, str]:
        """Return what an administrator wants to know: the server's version, whether strangers may read it."""
        with closing(self._send("GET", "/version")) as answer:
            version = self._bytes(answer, 1000).decode("ascii", "replace").strip()
        self._json("GET", f"{API}/registered-models/search", params={"max_results": "1"})
        with closing(self._send("GET", f"{API}/registered-models/search", stranger=True)) as answer:
            open_to_all = answer.status_code == 200
        return {"version": version[:40], "open_to_strangers": "yes" if open_to_all else "no"}

    # the wire

    def _root(self, name: str, version: str) -> str:
        found = self._json("GET", f"{API}/model-versions/get-download-uri", params={"name": name, "version": version})
        uri = urlsplit(str(found.get("artifact_uri", "")))
        if uri.scheme == "runs":
            run_id, _, inside = uri.path.strip("/").partition("/")
            run = self._json("GET", f"{API}/runs/get", params={"run_id": run_id})["run"]
            uri = urlsplit(f"{run['info']['artifact_uri']}/{inside}")
        if uri.scheme != "mlflow-artifacts" or uri.netloc not in {"", urlsplit(self.uri).netloc}:
            raise Invalid("registries.files_elsewhere", where=uri.scheme or "nowhere")
        root = uri.path.strip("/")
        rules.check_path(root)
        return root

    def _listing(self, root: str) -> Iterator[str]:
        folders, count = [""], 0
        while folders:
            here = folders.pop()
            found = self._json("GET", FILES, params={"path": f"{root}/{here}" if here else root})
            for entry in found.get("files", ()):
                path = f"{here}/{entry['path']}" if here else str(entry["path"])
                rules.check_path(path)
                count += 1
                if count > rules.MOST_FILES or path.count("/") > DEEPEST:
                    raise Invalid("registries.file_count", count=count, most=rules.MOST_FILES)
                if entry.get("is_dir"):
                    folders.append(path)
                else:
                    yield path

    def _hash(self, root: str, path: str, left: int) -> tuple[FileDigest, bytes]:
        digest, size, kept = hashlib.sha256(), 0, bytearray()
        with closing(self._send("GET", f"{FILES}/{quote(f'{root}/{path}')}", timeout=30.0)) as answer:
            self._check(answer)
            for chunk in self._chunks(answer):
                digest.update(chunk)
                size += len(chunk)
                if size > left:
                    raise Invalid("registries.too_large", most_gb=self.largest_model >> 30)
                if path == "MLmodel" and size <= LARGEST_MLMODEL:
                    kept += chunk
        return FileDigest(path, size, digest.hexdigest()), bytes(kept)

    def _pages(self, call: str, key: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        token = ""
        while True:
            page = {**params, "max_results": str(PAGE)} | ({"page_token": token} if token else {})
            found = self._json("GET", f"{API}/{call}", params=page)
            yield from found.get(key, ())
            token = str(found.get("next_page_token", ""))
            if not token:
                return

    def _logged_model(self, source: str) -> dict[str, Any]:
        model_id = source.removeprefix("models:/")
        if not model_id.startswith("m-") or "/" in model_id:
            return {}
        return self._optional(f"logged-models/{quote(model_id, safe='')}", "model", {})

    def _optional(self, call: str, key: str, params: Mapping[str, str]) -> dict[str, Any]:
        try:
            found = self._json("GET", f"{API}/{call}", params=dict(params))
        except NotSeen:
            return {}
        return dict(found.get(key, {}))

    def _json(self, method: str, endpoint: str, **kwargs: Any) -> dict[str, Any]:
        with closing(self._send(method, endpoint, **kwargs)) as answer:
            self._check(answer)
            try:
                return _parse(self._bytes(answer, LARGEST_ANSWER))
            except ValueError as error:
                raise Unavailable("registries.not_mlflow", where=self.uri) from error

    def _check(self, answer: Any) -> None:
        if answer.status_code == 200:
            return
        if answer.status_code in {401, 403}:
            raise Unavailable("registries.not_let_in", where=self.uri)
        if answer.status_code in UNREACHABLE or answer.status_code < 400:
            raise Unavailable("registries.away", where=self.uri)
        try:
            code = str(_parse(self._bytes(answer, LARGEST_ANSWER))["error_code"])
        except (ValueError, KeyError) as error:
            raise Unavailable("registries.not_mlflow", where=self.uri) from error
        raise NotSeen("not_seen", what="model") if code in ABSENT else Refused("registries.refused", answer=code[:60])

    def _bytes(self, answer: Any, most: int) -> bytes:
        body = bytearray()
        for chunk in self._chunks(answer, patience=30.0):
            body += chunk
            if len(body) > most:
                raise Unavailable("registries.not_mlflow", where=self.uri)
        return bytes(body)

    def _chunks(self, answer: Any, patience: float = 3600.0) -> Iterator[bytes]:
        from requests import RequestException  # noqa: PLC0415 - only a worker needs it

        until = time.monotonic() + patience
        try:
            for chunk in answer.iter_content(CHUNK):
                yield chunk
                if time.monotonic() > until:
                    raise Unavailable("registries.away", where=self.uri)
        except (RequestException, OSError) as error:
            raise Unavailable("registries.away", where=self.uri) from error

    def _send(
        self, method: str, endpoint: str, *, stranger: bool = False, timeout: float = TIMEOUT, **kwargs: Any
    ) -> Any:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("DO_NOT_TRACK", "true")
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - importing it takes over a second
        from mlflow.utils import rest_utils  # noqa: PLC0415
        from requests import RequestException  # noqa: PLC0415

        credentials = {} if stranger else credentials_for(self.uri)
        quick = {"max_retries": 1, "backoff_factor": 0, "backoff_jitter": 0.0, "respect_retry_after_header": False}
        try:
            wire: Any = rest_utils
            return wire.http_request(
                wire.MlflowHostCreds(host=self.uri, **credentials),
                endpoint,
                method,
                timeout=timeout,
                raise_on_status=False,
                allow_redirects=False,
                stream=True,
                **quick,
                **kwargs,
            )
        except (MlflowException, RequestException, OSError) as error:
            raise Unavailable("registries.away", where=self.uri) from error


def credentials_for(uri: str) -> dict[str, str]:
    """Return the credentials of MLflow's usual variables, only for the server `MLFLOW_TRACKING_URI` names.

    So a second registry never receives the first one's password.
    """
    try:
        ours = rules.clean_uri(os.environ.get("MLFLOW_TRACKING_URI", "")) == uri
    except Invalid:
        ours = False
    names = {
        "username": "MLFLOW_TRACKING_USERNAME",
        "password": "MLFLOW_TRACKING_PASSWORD",
        "token": "MLFLOW_TRACKING_TOKEN",
        "server_cert_path": "MLFLOW_TRACKING_SERVER_CERT_PATH",
    }
    return {key: os.environ[name] for key, name in names.items() if os.environ.get(name)} if ours else {}


def _parse(body: bytes) -> dict[str, Any]:
    found = json.loads(body)
    if not isinstance(found, dict):
        raise ValueError
    return found


def _pairs(items: Any) -> dict[str, str]:
    return {str(item["key"]): str(item.get("value", "")) for item in items}


def _is_prompt(model: Mapping[str, Any]) -> bool:
    return _pairs(model.get("tags", ())).get("mlflow.prompt.is_prompt", "").lower() == "true"


def _model(found: Mapping[str, Any]) -> FoundModel:
    aliases = {str(each["alias"]): str(each["version"]) for each in found.get("aliases", ())}
    latest = max((int(each["version"]) for each in found.get("latest_versions", ())), default=0)
    return FoundModel(str(found["name"]), aliases, latest)


def _version(found: Mapping[str, Any]) -> Observed:
    made = int(found.get("creation_timestamp", 0))
    return Observed(
        label=str(found["version"]),
        created_at=datetime.fromtimestamp(made / 1000, UTC) if made else None,
        source_uri=str(found.get("source", "")),
        run_id=str(found.get("run_id", "")),
    )


def _inputs(run: Mapping[str, Any]) -> list[dict[str, str]]:
    found = [each.get("dataset", {}) for each in run.get("inputs", {}).get("dataset_inputs", ())]
    return [rules.input_of(str(d.get("name", "")), str(d.get("digest", "")), str(d.get("source", ""))) for d in found]
