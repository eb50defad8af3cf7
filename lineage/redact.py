"""What must never be stored: secrets, and values that look personal.

An event is redacted before it is hashed, stored or logged. What was taken out is remembered by JSON pointer and
kind, never by value. Names of jobs and datasets lose secrets only: they identify things, so an address in one is kept.
"""

import hashlib
import marshal
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

LIMIT = 1000
"""At most this many pointers are remembered for one event; the redaction itself has no limit."""

SHORT, REMEMBERED = 120, 20_000
"""Texts of up to this length in which nothing was found are remembered, so many of them: events repeat themselves."""
_CLEAN: tuple[set[str], set[str]] = (set(), set())
_CLEAN_FACETS: set[bytes] = set()
"""Digests of whole facets in which nothing was found, as many."""
_NESTED = (dict, list)

QUERY_KEPT = frozenset(
    {
        "base_date",
        "branch",
        "catalog",
        "dag_id",
        "dag_run_id",
        "database",
        "date",
        "db",
        "dt",
        "execution_date",
        "format",
        "map_index",
        "page",
        "partition",
        "path",
        "project",
        "ref",
        "region",
        "run_id",
        "schema",
        "tab",
        "table",
        "task_id",
        "topic",
        "try_number",
        "version",
        "versionid",
        "warehouse",
    }
)
"""Query parts of an address that name a thing; the value of every other part is removed."""

SECRET_KEY = re.compile(
    r"(?:pass(?:word|wd|phrase)|(?:^|[._-])pwd$|secret|credential|authorization|private[._-]?key|api[._-]?key|access[._-]?key"
    r"|account[._-]?key|auth[._-]?key|(?:^|[._-])(?:sas|jwt|cookie)$|(?:^|[._-]|access|auth|bearer|refresh|session|id)[._-]?token$"
    r"|connection[._-]?string|(?:^|[._-])sig(?:nature)?$)",
    re.IGNORECASE,
)
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.:-]{0,40}://)([^\s\"'<>]*)")
_QUERY_PART = re.compile(r"([^&=]+)=([^&]*)")
_CONTAINER = re.compile(r"^(?:abfss?|wasbs?)://$")
_VALUE_KEYS = re.compile(
    r"(?i)((?:^|(?<=[;?&,\s\"'{(]))(?:[\w.-]{0,40}(?:password|passwd|passphrase|secret|api[_-]?key|account[_-]?key|access[_-]?key|token)|pwd)"
    r"\s{0,2}[=:]\s{0,2}[\"']?)([^\s;&,\"'}]{3,})"
)
_SHAPES: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = (
    (
        "private_key",
        ("PRIVATE KEY",),
        re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)"),
    ),
    ("aws_key", ("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("jwt", ("eyJ",), re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")),
    ("token", ("gh", "glpat-"), re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|glpat-[\w-]{16,})")),
    ("token", ("xox", "sk-"), re.compile(r"\b(?:xox[abprs]-[\w-]{10,}|sk-[\w-]{20,})")),
    ("token", ("AIza", "dapi"), re.compile(r"\b(?:AIza[\w-]{35}|dapi[0-9a-f]{32})")),
    ("authorization", ("earer", "asic", "EARER", "ASIC"), re.compile(r"(?i)\b(?:bearer|basic)\s+[\w+/.~-]{16,}=*")),
)
"""Kind, texts of which one must occur (a quick look), and the shape itself."""
_ANY = re.compile(
    "|".join(["[@+=:]", r"\d[\d .-]{7}", *(re.escape(mark) for _, marks, _ in _SHAPES for mark in marks)]),
)
"""What any of the shapes, addresses, assignments and personal values has at least one of."""
_NAMED = ("password", "passwd", "passphrase", "pwd", "secret", "key", "token")
_DIGITS = re.compile(r"\d[\d .-]{7}")
_EMAIL = re.compile(r"(?<!://)(?<![\w.+-])(?!git@)[\w.+%-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}\b")
_PHONE = re.compile(r"(?<![\w+])\+\d[\d ()-]{7,18}\d(?!\w)")
_SSN = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
_CPF = re.compile(r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)")
_CARD = re.compile(r"(?<![\w.-])(?:\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{3,4}|[3-6]\d{14,15})(?![\w.-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b")
_IDENTIFIER = re.compile(
    r"(?:id|ids|version|digest|sha|hash|fingerprint|time|timestamp|_producer|_schemaURL|producer|schemaURL)$",
    re.IGNORECASE,
)
_COLUMNS = frozenset({"fields", "columnMetrics"})
_FACETS = frozenset({"facets", "inputFacets", "outputFacets"})


@dataclass(slots=True)
class Redaction:
    """The redacted value, and what was taken out: `{"at": <JSON pointer>, "what": <kind>}`."""

    value: Any = None
    removed: list[dict[str, str]] = field(default_factory=list)


def redact(value: Any) -> Redaction:
    """Return `value`, one decoded event, without secrets and personal-looking values."""
    walker = _Walker()
    return Redaction(walker.walk(value, personal=False), walker.removed)


def scrub(text: str, *, personal: bool) -> tuple[str, list[str]]:
    """Return `text` without secrets (and, if `personal`, personal-looking values), and the kinds of what went."""
    kinds: list[str] = []
    if not _ANY.search(text):
        return text, kinds
    if "://" in text and ("@" in text or "?" in text):
        text = _URL.sub(lambda found: _address(found, kinds), text)
    for what, marks, shape in _SHAPES:
        if any(mark in text for mark in marks):
            text = _replace(shape, text, what, kinds)
    if "=" in text or ":" in text:
        low = text.lower()
        if any(name in low for name in _NAMED):
            text = _VALUE_KEYS.sub(lambda found: _assignment(found, kinds), text)
    return _personal(text, kinds) if personal else text, kinds


class _Walker:
    """Goes through an event and remembers where it is; what has nothing to take out is handed on, not copied."""

    def __init__(self) -> None:
        self.path: list[str | int] = []
        self.removed: list[dict[str, str]] = []

    def walk(self, value: Any, *, personal: bool, columns: bool = False) -> Any:
        """Return `value` redacted. Keys of `columns` are names of columns, not of secrets."""
        if isinstance(value, dict):
            return self._object(value, personal=personal, columns=columns)
        if isinstance(value, list):
            return self._list(value, personal=personal)
        return self._text(value, personal=personal) if isinstance(value, str) else value

    def _list(self, value: list[Any], *, personal: bool) -> list[Any]:
        kept = value
        seen = _CLEAN[personal]
        for at, one in enumerate(value):
            if type(one) in _NESTED or (isinstance(one, str) and one not in seen):
                self.path.append(at)
                clean = self.walk(one, personal=personal)
                self.path.pop()
                if clean is not one:
                    kept = list(value) if kept is value else kept
                    kept[at] = clean
        return kept

    def _text(self, value: str, *, personal: bool) -> str:
        clean_before = _CLEAN[personal]
        if value in clean_before:
            return value
        clean, kinds = scrub(value, personal=personal)
        if kinds:
            self.note(kinds)
        elif len(value) <= SHORT:
            if len(clean_before) >= REMEMBERED:
                clean_before.clear()
            clean_before.add(value)
        return clean

    def _object(self, value: dict[str, Any], *, personal: bool, columns: bool) -> dict[str, Any]:
        kept = value
        for key, one in value.items():
            known = _key(key)
            if known.plain and _is_clean(one, personal and not known.identifies):
                continue
            self.path.append(key)
            clean = self._member(key, one, personal=personal, columns=columns)
            self.note(known.kinds)
            self.path.pop()
            if clean is not one or known.name != key:
                kept = dict(value) if kept is value else kept
                del kept[key]
                kept[known.name] = clean
        return kept

    def _member(self, key: str, one: Any, *, personal: bool, columns: bool) -> Any:
        known = _key(key)
        if known.secret and not columns and _is_value(one):
            self.note(["secret"])
            return "[redacted:secret]"
        if isinstance(one, str):
            return self._text(one, personal=personal and not known.identifies)
        if key in _FACETS and isinstance(one, dict):
            return self._facets(one)
        return self.walk(one, personal=personal or key in _FACETS, columns=key in _COLUMNS)

    def _facets(self, facets: dict[str, Any]) -> dict[str, Any]:
        """Return facets redacted; a facet in which nothing was found before is not looked through again."""
        kept = facets
        for name, one in facets.items():
            digest = _same_as(name, one)
            if digest in _CLEAN_FACETS:
                continue
            alone = {name: one}
            clean = self._object(alone, personal=True, columns=False)
            if clean is not alone:
                kept = dict(facets) if kept is facets else kept
                del kept[name]
                kept.update(clean)
            elif digest:
                if len(_CLEAN_FACETS) >= REMEMBERED:
                    _CLEAN_FACETS.clear()
                _CLEAN_FACETS.add(digest)
        return kept

    def note(self, kinds: list[str] | tuple[str, ...]) -> None:
        """Remember that `kinds` were taken out here."""
        for what in kinds:
            if len(self.removed) < LIMIT:
                place = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in self.path)
                self.removed.append({"at": place, "what": what})


class _Known(NamedTuple):
    """What there is to know of a key: as it may be kept, what was taken out of it, and what it says of its value."""

    name: str
    kinds: tuple[str, ...]
    secret: bool
    identifies: bool
    plain: bool


@lru_cache(maxsize=4096)
def _key(key: str) -> _Known:
    name, kinds = scrub(key, personal=False)
    secret = SECRET_KEY.search(key) is not None
    plain = not kinds and not secret
    return _Known(name, tuple(kinds), secret, _IDENTIFIER.search(key) is not None, plain)


def _is_clean(value: Any, personal: bool) -> bool:  # noqa: FBT001 - called for every value of every event
    """Say whether there is nothing to look for in `value`, because it was looked at before or is no text."""
    if type(value) is str:
        return value in _CLEAN[personal]
    return type(value) not in _NESTED


def _same_as(name: str, facet: Any) -> bytes:
    """Return the digest by which a facet is known again; none for what its name says more about than its content."""
    if type(facet) is not dict or name in _COLUMNS or not _key(name).plain:
        return b""
    return hashlib.blake2b(marshal.dumps(facet, 2), digest_size=32).digest()


def _is_value(value: Any) -> bool:
    """Say whether `value` under a secret's name is a secret: a text, a number or a list of them, not a structure."""
    if isinstance(value, list):
        return any(_is_value(one) for one in value)
    return (isinstance(value, int | float) and not isinstance(value, bool)) or (
        isinstance(value, str) and value not in {"", "[redacted:secret]"}
    )


def _address(found: re.Match[str], kinds: list[str]) -> str:
    scheme, rest = found.groups()
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if at and (":" in user or not _CONTAINER.match(scheme.lower())):
        kinds.append("url_userinfo")
        authority = host
    whole = f"{authority}{slash}{path}"
    head, mark, query = whole.partition("?")
    if not mark:
        return scheme + whole
    query, hash_mark, fragment = query.partition("#")
    return f"{scheme}{head}?{_QUERY_PART.sub(lambda part: _query_part(part, kinds), query)}{hash_mark}{fragment}"


def _query_part(part: re.Match[str], kinds: list[str]) -> str:
    name, value = part.groups()
    if name.lower() in QUERY_KEPT or value in {"", "[redacted]"}:
        return part.group()
    kinds.append("url_query")
    return f"{name}=[redacted]"


def _assignment(found: re.Match[str], kinds: list[str]) -> str:
    if found.group(2).startswith("[redacted"):
        return found.group()
    kinds.append("secret")
    return f"{found.group(1)}[redacted:secret]"


def _replace(
    shape: re.Pattern[str], text: str, what: str, kinds: list[str], holds: Callable[[str], bool] = bool
) -> str:
    def one(found: re.Match[str]) -> str:
        if not holds(found.group()):
            return found.group()
        kinds.append(what)
        return f"[redacted:{what}]"

    return shape.sub(one, text)


def _personal(text: str, kinds: list[str]) -> str:
    if "@" in text:
        text = _replace(_EMAIL, text, "email", kinds)
    if "+" in text:
        text = _replace(_PHONE, text, "phone", kinds)
    if not _DIGITS.search(text):
        return text
    text = _replace(_SSN, text, "us_ssn", kinds)
    text = _replace(_CPF, text, "br_cpf", kinds)
    text = _replace(_CARD, text, "card", kinds, _luhn)
    return _replace(_IBAN, text, "iban", kinds, _mod97)


def _luhn(text: str) -> bool:
    """Check the last digit of a card number (ISO/IEC 7812-1, annex B)."""
    digits = [int(one) for one in text if one.isdigit()]
    doubled = [two - 9 if two > 9 else two for two in (2 * one for one in digits[-2::-2])]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _mod97(text: str) -> bool:
    """Check the two check digits of an account number (ISO 13616, ISO 7064 MOD 97-10)."""
    moved = text[4:] + text[:4]
    return int("".join(str(int(one, 36)) for one in moved)) % 97 == 1
