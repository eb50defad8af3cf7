"""One value, one sequence of bytes: the restricted profile of JSON that the log hashes.

Keys are `[a-z0-9_]+`; no floats (decimals go as strings); integers within plus or minus 2^53 - 1; strings in Unicode
NFC and without lone surrogates; times in RFC 3339, UTC, always six digits. On this profile Python's own `json` agrees
byte for byte with RFC 8785, so an auditor needs nothing else.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast
from unicodedata import is_normalized, normalize

from audit.refusals import Invalid

MAX_BYTES = 65_535
"""The longest entry that a tile can hold (its length is a big-endian uint16)."""
SAFE = 2**53 - 1
DEEPEST = 16
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_KEY = re.compile(r"[a-z0-9_]+", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")


def canonical(value: object) -> bytes:
    """The bytes of `value`; anything outside the profile is refused with the place where it stands."""
    if not _plainly_fits(value):
        _check(value, "$", 0)
    return _JSON.encode(value).encode()


def parse(data: bytes) -> Any:
    """The value of canonical bytes; refused when they are not the only way to write it."""
    try:
        value = json.loads(data)
    except ValueError as error:
        raise Invalid("audit.not_canonical", where="$", why="not JSON") from error
    if canonical(value) != data:
        raise Invalid("audit.not_canonical", where="$", why="not in canonical form")
    return value


def composed(value: Any) -> Any:
    """The same value with every string in Unicode NFC, as the profile asks; mappings and lists become plain ones."""
    if _plainly_fits(value):
        return value
    if isinstance(value, str):
        return normalize("NFC", value)
    if isinstance(value, Mapping):
        return {each: composed(inner) for each, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [composed(inner) for inner in value]
    return value


def instant(at: datetime) -> str:
    """A moment as the log writes it, `2026-11-20T09:30:00.000000Z`; one without a time zone is refused."""
    if at.tzinfo is None:
        raise Invalid("audit.not_canonical", where="at", why="a time without a time zone")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _plainly_fits(value: object, depth: int = 0) -> bool:
    """Whether `value` is in the profile, seen at a glance; what is not may still be, and is looked at closely."""
    kind = type(value)
    if kind is str:
        return cast("str", value).isascii()
    if kind is dict and depth < DEEPEST:
        for key, inner in cast("dict[Any, Any]", value).items():
            if type(key) is not str or not _is_key(key) or not _plainly_fits(inner, depth + 1):
                return False
        return True
    if kind is list and depth < DEEPEST:
        return all(_plainly_fits(inner, depth + 1) for inner in cast("list[Any]", value))
    return value is None or kind is bool or (kind is int and -SAFE <= cast("int", value) <= SAFE)


@lru_cache(1024)
def _is_key(key: str) -> bool:
    return _KEY.fullmatch(key) is not None


def _check(value: object, where: str, depth: int) -> None:
    if depth > DEEPEST:
        raise Invalid("audit.not_canonical", where=where, why="nested too deeply")
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or not _is_key(key):
                raise Invalid("audit.not_canonical", where=where, why=f"a key is not [a-z0-9_]+: {key!r:.60}")
            _check(inner, f"{where}.{key}", depth + 1)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _check(inner, f"{where}[{place}]", depth + 1)
    elif why := _fault(value):
        raise Invalid("audit.not_canonical", where=where, why=why)


def _fault(value: object) -> str:
    """Why a single value is outside the profile, or nothing."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return "" if -SAFE <= value <= SAFE else "an integer beyond 2^53 - 1"
    if not isinstance(value, str):
        return f"a {type(value).__name__}, which is not in the profile"
    if value.isascii():
        return ""
    if _SURROGATE.search(value):
        return "a lone surrogate"
    return "" if is_normalized("NFC", value) else "a string that is not in Unicode NFC"
