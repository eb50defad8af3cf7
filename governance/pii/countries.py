"""The countries whose telephone numbers can be told, and what they are called: the phonenumbers library knows both."""

from collections.abc import Mapping
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import phonenumbers
from django.utils.translation import get_language


def possible() -> frozenset[str]:
    """Return the two-letter codes of all of them."""
    return frozenset(phonenumbers.SUPPORTED_REGIONS)


@cache
def _names() -> Mapping[str, Mapping[str, str]]:
    """Names by code and language, from the library's one file of them: its package would load 40 MB of places."""
    path = Path(phonenumbers.__file__).parent / "geodata" / "locale.py"
    spec = spec_from_file_location("phonenumbers.geodata.locale", path)
    if spec is None or spec.loader is None or not path.exists():
        return {}
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    names: Mapping[str, Mapping[str, str]] = module.LOCALE_DATA
    return names


def name(code: str) -> str:
    """Return what a country is called in the reader's language, or its code."""
    known = _names().get(code, {})
    found = known.get((get_language() or "en")[:2]) or known.get("en", "")
    return known.get(found[1:], "") if found.startswith("*") else found or code
