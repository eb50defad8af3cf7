"""Keys, tokens and passwords: by the marks their issuers give them, by the words before them, or by the header."""

import re
from collections.abc import Iterator

from governance.pii.shapes import is_measure
from governance.pii.sight import Case, Mine, Sight, pick, share

ISSUED = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
    r"|\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_\w{30,}|pypi-\w{16,}|hf_\w{30,})"
    r"|\b(?:xox[abeoprs]-[\w-]{10,}|sk-[\w-]{20,}|[sr]k_(?:live|test)_\w{16,}|dop_v1_\w{40,}|SG\.[\w-]{16,}\.[\w-]{16,})"
    r"|\b(?:AIza[\w-]{35}|dapi[0-9a-f]{32}|ya29\.[\w-]{20,})"
    r"|\b[Bb]earer\s[\w+/.~-]{16,}=*"
    r"|://[^\s/:@]+:[^\s/:@]{3,}@"
)
SAID = re.compile(
    r"\b(?:password|passwd|passphrase|pwd|senha|contraseña|api[_-]?key|secret|access[_-]?key|auth[_-]?token)"
    r"[\"']?\s?[:=]\s?[\"']?(?=[^\s\"']*[\d\W])[^\s;&,\"'}]{6,}",
    re.IGNORECASE,
)
KEY = re.compile(r"^[\w+/=.~:-]{16,}$")
WORDS = re.compile(r"^\S{4,128}$")
SAYS_NOTHING = frozenset({
    "true", "false", "yes", "no", "null", "none", "sim", "nao", "não", "si", "sí", "never", "always", "required",
    "optional", "expired", "weak", "strong", "medium", "fair",
})  # fmt: skip


def spans(value: str) -> Iterator[tuple[int, int]]:
    """Where a value holds a key or a token, or a password after a word that says so."""
    for pattern in (ISSUED, SAID):
        for found in pattern.finditer(value):
            yield found.start(), found.end()


def by_issuer(sight: Sight, entity: str, mine: Mine) -> Case | None:
    """The issuer's mark is enough; under a header that speaks of keys, anything that long without a space."""
    if entity in sight.suggested:
        long = {at: (0, len(value)) for at, value in enumerate(sight.values) if is_key(value)}
        if share(len(long), sight) >= 0.5:
            return Case({**long, **pick(mine)}, ("header", "layout"))
    return Case(pick(mine), ("pattern",)) if mine else None


def by_password(sight: Sight, entity: str, _mine: Mine) -> Case | None:
    """A header that says so, over values that are no amounts, dates or answers."""
    if entity not in sight.suggested:
        return None
    some = {at: (0, len(value)) for at, value in enumerate(sight.values) if is_password(value)}
    return Case(some, ("header", "layout")) if len(some) >= 5 and share(len(some), sight) >= 0.5 else None


def is_key(value: str) -> bool:
    """Long, without spaces, and not a word."""
    return bool(KEY.match(value)) and any(letter.isdigit() for letter in value) and not is_measure(value)


def is_password(value: str) -> bool:
    """Without spaces, and neither an answer nor an amount."""
    return bool(WORDS.match(value)) and value.lower() not in SAYS_NOTHING and not is_measure(value)
