"""When two spellings mean the same dataset.

A name is compared by its plain form: SQL quotes, a default port, letter case of scheme and host and a trailing slash
do not count. The spelling that was sent is kept for people to read; only `key` decides what is the same.
"""

import hashlib
import re
from functools import lru_cache

DEFAULT_PORTS = {
    "postgres": "5432",
    "postgresql": "5432",
    "redshift": "5439",
    "mysql": "3306",
    "sqlserver": "1433",
    "mssql": "1433",
    "oracle": "1521",
    "kafka": "9092",
    "cassandra": "9042",
    "mongodb": "27017",
    "hdfs": "8020",
    "milvus": "19530",
    "http": "80",
    "https": "443",
    "ftp": "21",
}
SYNONYMS = {"postgresql": "postgres", "mssql": "sqlserver", "s3a": "s3", "s3n": "s3"}
_AUTHORITY = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)(.*)$", re.DOTALL)
_QUOTED = re.compile(r'^(?:"([^"]*)"|`([^`]*)`|\[([^\]]*)\]|([^"`\[\]]+))$')
_PARTS = re.compile(r'"[^"]*"|`[^`]*`|\[[^\]]*\]|[^."`\[\]]+')


@lru_cache(maxsize=4096)
def plain_namespace(namespace: str) -> str:
    """Return `namespace` with scheme and host in lower case, without a default port or trailing slash."""
    found = _AUTHORITY.match(namespace.strip())
    if found is None:
        return namespace.strip().rstrip("/") or namespace.strip()
    scheme, authority, rest = found.groups()
    scheme = SYNONYMS.get(scheme.lower(), scheme.lower())
    hosts = [_plain_host(scheme, host) for host in authority.split(",")]
    return f"{scheme}://{','.join(hosts)}{rest}".rstrip("/") if authority or rest.strip("/") else f"{scheme}://"


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Return `name` without SQL quotes around its parts and without trailing slashes."""
    text = name.strip()
    if any(mark in text for mark in '"`[') and "/" not in text:
        text = _unquote(text)
    trimmed = text.rstrip("/")
    return trimmed or text


def key(kind: str, namespace: str, name: str) -> str:
    """Return the digest that identifies a `kind` of thing by name: 64 hexadecimal digits for any name."""
    # what is named is mostly named again; very long names are not worth the memory
    return _key(kind, namespace, name) if len(namespace) + len(name) < 500 else _key.__wrapped__(kind, namespace, name)


@lru_cache(maxsize=8192)
def _key(kind: str, namespace: str, name: str) -> str:
    text = f"{kind}\n{plain_namespace(namespace)}\n{plain_name(name)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_model(namespace: str, name: str) -> bool:
    """Say whether the name follows the convention for registered models: `mlflow://host` with `models:/<name>`."""
    return namespace.startswith("mlflow://") and name.startswith("models:/")


def model_name(namespace: str, name: str) -> str:
    """Return a model's name as lineage has it: in a registry's namespace it begins with `models:/`."""
    return f"models:/{name}" if namespace.startswith("mlflow://") and not name.startswith("models:/") else name


def node_id(kind: str, namespace: str, name: str) -> str:
    """Return the id of a node in a graph: `dataset:<namespace>:<name>` or `job:<namespace>:<name>`."""
    return f"{kind}:{namespace}:{name}"


def splits(node: str) -> list[tuple[str, str]]:
    """Return every way to read `<namespace>:<name>`, most likely first.

    Both parts may hold colons (`kafka://h:9092`, `topic:project:id`), so only a look-up can tell which reading is
    meant.
    """
    at = [place for place, character in enumerate(node) if character == ":"]
    pairs = [(node[:place], node[place + 1 :]) for place in at]
    good = [pair for pair in pairs if pair[0] and pair[1] and not pair[1].startswith("//")]
    return good[:32]


def _plain_host(scheme: str, host: str) -> str:
    port = DEFAULT_PORTS.get(scheme)
    text = host.lower() if scheme not in {"s3", "gs", "inmemory", "arn"} else host
    if port and text.endswith(f":{port}") and not text.endswith("::" + port):
        return text[: -len(port) - 1]
    return text


def _unquote(text: str) -> str:
    parts = _PARTS.findall(text)
    if ".".join(parts) != text:
        return text
    plain = (_QUOTED.match(part) for part in parts)
    return ".".join(next(group for group in found.groups() if group is not None) if found else "" for found in plain)
