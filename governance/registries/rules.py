"""What a registry holds, judged: file manifests, model names, alias drift, hints signed by MLflow."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

from audit.refusals import Conflict, Invalid, Malformed, NotSignedIn

SHA256 = re.compile(r"\A[0-9a-f]{64}\Z")
LONGEST_PATH = 1000
MOST_FILES = 20_000
SKEW = timedelta(seconds=300)
DEFAULT_PORTS = {"http": 80, "https": 443}
CONFIRM_AFTER = timedelta(seconds=5)


@dataclass(frozen=True)
class FileDigest:
    """One file of a model version: its path inside the model's folder, its size in bytes, its SHA-256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class FoundModel:
    """A registered model in one look: its name, where its aliases point, and its highest version."""

    name: str
    aliases: Mapping[str, str] = field(default_factory=dict)
    latest: int = 0


def check_path(path: str) -> None:
    """Refuse a path that could point outside the model's folder or be written in two ways.

    Refused: empty, absolute, `.` or `..` segments, backslashes, drive letters, control characters, over 1,000 bytes.
    """
    segments = path.split("/")
    odd = "\\" in path or any(ord(c) < 32 or ord(c) == 127 for c in path) or re.match(r"\A[A-Za-z]:", path)
    if odd or any(segment in {"", ".", ".."} for segment in segments) or len(path.encode()) > LONGEST_PATH:
        raise Invalid("registries.unsafe_path", path=ascii(path)[:200])


def check_manifest(files: Iterable[FileDigest]) -> list[FileDigest]:
    """Return the files sorted by their paths' UTF-8 bytes.

    Refused: no file at all, more than 20,000, an unsafe path, the same path twice (or twice but for case, which
    some disks cannot tell apart), a file where another path needs a folder, a negative size, a digest that is not
    64 hex digits.
    """
    listed = sorted(files, key=lambda file: file.path.encode())
    if not listed or len(listed) > MOST_FILES:
        raise Invalid("registries.file_count", count=len(listed), most=MOST_FILES)
    seen: set[str] = set()
    for file in listed:
        check_path(file.path)
        if file.path.casefold() in seen:
            raise Invalid("registries.duplicate_path", path=ascii(file.path)[:200])
        seen.add(file.path.casefold())
        if file.size < 0 or not SHA256.match(file.sha256):
            raise Invalid("registries.bad_file_digest", path=ascii(file.path)[:200])
    for path in seen:
        parts = path.split("/")
        if any("/".join(parts[:depth]) in seen for depth in range(1, len(parts))):
            raise Invalid("registries.duplicate_path", path=ascii(path)[:200])
    return listed


def manifest_digest(files: Iterable[FileDigest]) -> str:
    """Return the identity of a model version: `sha256:` over the canonical JSON list of its files.

    The bytes hashed are `[{"path":...,"sha256":...,"size":...},...]`, sorted by path, without spaces, in UTF-8.
    Anyone can recompute it with a few lines of any language; what is refused stands at `check_manifest`.
    """
    listed = [{"path": f.path, "sha256": f.sha256, "size": f.size} for f in check_manifest(files)]
    text = json.dumps(listed, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def clean_uri(uri: str) -> str:
    """Return a registry's address without a trailing slash.

    Refused: anything but http or https, an address without a host, or one that carries a password, query or fragment.
    """
    try:
        parts = urlsplit(uri.strip())
        port = parts.port
    except ValueError as error:
        raise Invalid("registries.bad_address") from error
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.query or parts.fragment:
        raise Invalid("registries.bad_address")
    if parts.username is not None or parts.password is not None:
        raise Invalid("registries.password_in_address")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    suffix = f":{port}" if port and port != DEFAULT_PORTS[parts.scheme] else ""
    return f"{parts.scheme}://{host}{suffix}{parts.path.rstrip('/')}"


def namespace_of(uri: str) -> str:
    """Return the lineage namespace of a registry's models: `mlflow://host[:port]`, default ports left out."""
    parts = urlsplit(clean_uri(uri))
    return f"mlflow://{parts.netloc}"


def number(value: object) -> str:
    """Return a metric as a decimal string, exactly as the float prints; infinities and NaN as words."""
    text = repr(float(value)) if isinstance(value, int | float | Decimal) else str(value)
    return text.removesuffix(".0") if re.fullmatch(r"-?\d+\.0", text) else text


def authors_of(text: str) -> list[str]:
    """Return the commit authors that a run's tag names, one a line or between semicolons, each once."""
    return list(dict.fromkeys(name.strip() for name in re.split(r"[;\n]", text) if name.strip()))


def input_of(name: str, digest: str, source: str) -> dict[str, str]:
    """Return a training dataset that MLflow recorded, under the name lineage knows it by where that can be told.

    A local path is `file` and the absolute path; an object store is its bucket and key; anything else keeps MLflow's
    own name below `mlflow`. The digest is MLflow's: it identifies, it does not protect.
    """
    try:
        parsed = json.loads(source)
    except ValueError:
        parsed = {}
    uri = (
        str(next((parsed[key] for key in ("uri", "url", "path") if parsed.get(key)), ""))
        if isinstance(parsed, dict)
        else ""
    )
    parts = urlsplit(uri)
    if uri.startswith("/") or parts.scheme == "file":
        return {"namespace": "file", "name": parts.path, "digest": digest}
    if parts.scheme and parts.netloc and "@" not in parts.netloc:
        return {"namespace": f"{parts.scheme}://{parts.netloc}", "name": parts.path.lstrip("/"), "digest": digest}
    return {"namespace": "mlflow", "name": name, "digest": digest}


def signature_of(mlmodel: object) -> dict[str, object]:
    """Return a model's input and output columns from its parsed `MLmodel` file; empty when it has none.

    MLflow stores each side as JSON text inside the YAML; what cannot be understood is left out, never guessed.
    """
    signature = mlmodel.get("signature") if isinstance(mlmodel, dict) else None
    found: dict[str, object] = {}
    for side in ("inputs", "outputs", "params"):
        text = signature.get(side) if isinstance(signature, dict) else None
        try:
            columns = json.loads(text) if isinstance(text, str) else None
        except ValueError:
            continue
        if isinstance(columns, list):
            found[side] = columns[:5000]
    return found


@dataclass(frozen=True)
class Hint:
    """What MLflow sends with a webhook: delivery id, Unix time and signature headers, and the raw body."""

    delivery_id: str
    timestamp: str
    signature: str
    body: bytes


def check_hint(hint: Hint, secret: str, now: datetime) -> None:
    """Refuse a webhook that MLflow did not sign with our secret within five minutes of `now`.

    The signature is `v1,` and the base64 HMAC-SHA256 of `<delivery id>.<timestamp>.<body>`. Whoever cannot sign
    learns only that the signature is wrong; a repeated delivery is refused elsewhere, by its id.
    """
    if not re.fullmatch(r"[0-9A-Za-z-]{8,64}", hint.delivery_id) or not re.fullmatch(r"\d{1,12}", hint.timestamp):
        raise Malformed("registries.hook_headers")
    signed = f"{hint.delivery_id}.{hint.timestamp}.".encode() + hint.body
    good = "v1," + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    if not secret or not hmac.compare_digest(good.encode(), hint.signature.encode()):
        raise NotSignedIn("registries.hook_signature")
    if abs(now.timestamp() - int(hint.timestamp)) > SKEW.total_seconds():
        raise Conflict("registries.hook_skew")


@dataclass(frozen=True)
class Alias:
    """Where an alias stands: model name, alias, version label; an empty label means it is gone."""

    model: str
    alias: str
    label: str


def alias_moves(known: Iterable[Alias], seen: Iterable[Alias]) -> list[Alias]:
    """Return what changed between two full looks at a registry, removals as empty labels, in a stable order."""
    before = {(a.model, a.alias): a.label for a in known if a.label}
    after = {(a.model, a.alias): a.label for a in seen if a.label}
    moved = [
        Alias(*key, after.get(key, "")) for key in before.keys() | after.keys() if before.get(key) != after.get(key)
    ]
    return sorted(moved, key=lambda a: (a.model, a.alias))


@dataclass(frozen=True)
class Standing:
    """An alias that a decision placed: expected label and since when, and where a look that began at `asked_at` saw it.

    `suspected` is when a difference was first seen, and at which label, if one is open.
    """

    expected: str
    since: datetime
    seen: str
    asked_at: datetime
    suspected: tuple[datetime, str] | None = None


def drift_step(standing: Standing) -> str:
    """Return what a look means: `fine`, `resolved`, `wait`, `suspect`, or `confirm`.

    A look that began before the expectation was set says nothing about it. A difference counts once a second look, at
    least five seconds after the first, finds the alias at the same wrong place; so setting an alias and writing down
    that it was set need not happen at once.
    """
    if standing.seen == standing.expected:
        return "resolved" if standing.suspected else "fine"
    if standing.asked_at <= standing.since:
        return "wait"
    if standing.suspected is None or standing.suspected[1] != standing.seen:
        return "suspect"
    return "confirm" if standing.asked_at - standing.suspected[0] >= CONFIRM_AFTER else "wait"
