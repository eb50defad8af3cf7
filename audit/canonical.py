"""One value, one sequence of bytes: the restricted profile of JSON that the log hashes.

Keys are `[a-z0-9_]+`; no floats (decimals go as strings); integers within plus or minus 2^53 - 1; strings in Unicode
NFC and without lone surrogates; times in RFC 3339, UTC, always six digits. On this profile Python's own `json` agrees
byte for byte with RFC 8785, so an auditor needs nothing else.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
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
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _check(value: object, where: str, depth: int) -> None:
    if depth > DEEPEST:
        raise Invalid("audit.not_canonical", where=where, why="nested too deeply")
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or not _KEY.fullmatch(key):
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
