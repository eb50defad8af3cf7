"""Common given and family names in English, Spanish and Portuguese, folded: corroboration, never proof alone."""

from pathlib import Path


def _words(name: str) -> frozenset[str]:
    return frozenset(Path(__file__).with_name(name).read_text().split())


GIVEN = _words("given_names.txt")
FAMILY = _words("family_names.txt")
