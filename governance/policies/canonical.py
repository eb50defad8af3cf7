"""Canonical bytes and digests of plain data, with the standard library only, so that anybody can recompute them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import normalize


def canonical(value: object) -> bytes:
    """Return the one byte string that stands for `value`: sorted keys, no spaces, UTF-8, text in NFC.

    Floats are refused with `TypeError`, because two machines may write the same float differently; decimals
    travel as strings.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: object) -> str:
    """Return `sha256:<hex>` over the canonical bytes of `value`."""
    return f"sha256:{hashlib.sha256(canonical(value)).hexdigest()}"


def _plain(value: object) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return normalize("NFC", value)
    if isinstance(value, Mapping):
        return {normalize("NFC", str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")
