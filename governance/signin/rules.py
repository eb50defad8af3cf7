"""Secrets people and machines carry: access tokens, one-time sign-in links, and what a password must be.

Nothing here draws randomness or stores anything: the caller passes random bytes in and keeps only digests.
"""

import hashlib
import hmac
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from audit.refusals import Invalid, NotSeen, NotSignedIn, Refused

BRAND = "att"
ID_LENGTH, SECRET_LENGTH, CHECK_LENGTH = 8, 43, 6
RANDOM_BYTES = 6 + 32
LONGEST_TOKEN = timedelta(days=365)
LINK_LIFE = timedelta(minutes=10)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Minted:
    """A fresh secret: `text` is shown once and never stored; `prefix` finds the row, `digest` proves the secret."""

    text: str
    prefix: str
    digest: str


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, rest = divmod(number, 62)
        digits.append(DIGITS[rest])
    return "".join(reversed(digits))


def _check(body: str) -> str:
    return _base62(zlib.crc32(body.encode("ascii")), CHECK_LENGTH)


def digest_of(text: str) -> str:
    """Return the hex SHA-256 of a secret of 32 random bytes, which needs no salt and no slow hash."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def mint(random: bytes) -> Minted:
    """Return the token made of 38 random bytes: `att_<8 id>_<43 secret><6 checksum>`, base 62, safe to double-click.

    The checksum (CRC-32) lets secret scanners and typing mistakes be told apart without asking the database.
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a token needs exactly {RANDOM_BYTES} random bytes")
    prefix = _base62(int.from_bytes(random[:6]), ID_LENGTH)
    body = f"{BRAND}_{prefix}_{_base62(int.from_bytes(random[6:]), SECRET_LENGTH)}"
    text = body + _check(body)
    return Minted(text, prefix, digest_of(text))


def link_secret(random: bytes) -> str:
    """Return the secret of a sign-in link made of 32 random bytes."""
    return _base62(int.from_bytes(random), SECRET_LENGTH)


def read_token(text: str) -> Minted:
    """Return the parts of a presented token; refused when its form or checksum is wrong, without saying which."""
    brand, _, rest = text.partition("_")
    prefix, _, tail = rest.partition("_")
    fits = brand == BRAND and len(prefix) == ID_LENGTH and len(tail) == SECRET_LENGTH + CHECK_LENGTH
    if not fits or not set(prefix + tail) <= set(DIGITS):
        raise NotSignedIn("access.bad_token")
    if not hmac.compare_digest(_check(text[:-CHECK_LENGTH]), text[-CHECK_LENGTH:]):
        raise NotSignedIn("access.bad_token")
    return Minted(text, prefix, digest_of(text))


def same(one: str, other: str) -> bool:
    """Compare two digests in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def token_expiry(now: datetime, days: int) -> datetime:
    """Return when a token made now ends; refused unless it lives between 1 and 365 days."""
    if not 1 <= days <= LONGEST_TOKEN.days:
        raise Invalid("access.token_too_long", longest=LONGEST_TOKEN.days)
    return now + timedelta(days=days)


@dataclass(frozen=True)
class Link:
    """What is remembered of a one-time sign-in link: whose, where it may be used, and until when."""

    digest: str
    host: str
    expires_at: datetime
    used_at: datetime | None


def link_host(base_url: str) -> str:
    """Return the host and port a sign-in link made for `base_url` is bound to, lower case."""
    return urlsplit(base_url).netloc.lower()


def redeem(link: Link, *, host: str, now: datetime) -> None:
    """Refuse a sign-in link that was used, is older than 10 minutes, or came to another address than it was made for.

    Links made for one loopback name work on the others too: a person may type `localhost` for `127.0.0.1`.
    """
    if link.used_at is not None or now >= link.expires_at:
        raise Invalid("access.link_used_or_old")
    if host.lower() != link.host and not _both_loopback(host, link.host):
        raise Invalid("access.link_elsewhere")


def _both_loopback(one: str, other: str) -> bool:
    first, second = urlsplit(f"//{one}"), urlsplit(f"//{other}")
    return first.hostname in LOOPBACK and second.hostname in LOOPBACK and first.port == second.port


def check_password(password: str, *, known: Sequence[str], common: frozenset[str]) -> None:
    """Refuse a password that is short, endless, one of the `common` ones, or made of what is `known` of the person.

    Length over composition, as NIST SP 800-63B asks: 12 to 128 characters, any of them.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid("access.password_short", least=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise Invalid("access.password_long", most=LONGEST_PASSWORD)
    folded = password.casefold()
    if len(set(folded)) < 5 or folded in common:
        raise Invalid("access.password_common")
    if any(len(word) >= 4 and word.casefold() in folded for word in _words(known)):
        raise Invalid("access.password_known")


def _words(known: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for text in known:
        spaced = text.replace("@", " ").replace(".", " ").replace("-", " ").replace("_", " ")
        found.update(spaced.split())
    return found


LIMIT_WINDOW = timedelta(minutes=15)
TRIES_HERE, TRIES_BY_NAME, TRIES_FROM_PLACE = 5, 50, 50
FRESH_LINK = timedelta(minutes=10)


@dataclass(frozen=True)
class NewPassword:
    """A password to set: whose, the stored hash it replaces, and its own hash, both made before any transaction."""

    user_id: UUID
    before: str
    after: str
    how: str


@dataclass(frozen=True)
class ServiceAccount:
    """A machine's account to make or reuse: its name, roles over a scope, and the person who answers for it."""

    name: str
    roles: tuple[str, ...]
    scope_id: UUID
    owner_id: UUID


@dataclass(frozen=True)
class Tries:
    """How many passwords failed within the last 15 minutes: for this address from here, for it, and from here."""

    here: int
    by_name: int
    from_place: int


def check_tries(tries: Tries) -> None:
    """Refuse another password for now: 5 wrong ones for an address from one place, or 50 for either, in 15 minutes."""
    wait = int(LIMIT_WINDOW.total_seconds()) // 60
    if tries.here >= TRIES_HERE or tries.by_name >= TRIES_BY_NAME or tries.from_place >= TRIES_FROM_PLACE:
        raise Refused("access.too_many_tries", minutes=wait)


def require_self(actor_id: UUID, user_id: UUID) -> None:
    """Refuse to touch what is somebody else's own, as if it did not exist."""
    if actor_id != user_id:
        raise NotSeen("not_seen", what="account")


def require_person(kind: str, *, active: bool) -> None:
    """Refuse everybody but active people: machines use tokens, and nobody else may come in."""
    if kind != "person" or not active:
        raise Invalid("access.cannot_sign_in")


def check_child_token(expires_at: datetime, parent_expires_at: datetime | None) -> None:
    """Refuse a token, made by showing another one, that would outlive it."""
    if parent_expires_at is not None and expires_at > parent_expires_at:
        raise Invalid("access.token_outlives")


def service_address(name: str) -> str:
    """Return the made-up address of a service account; refused when its name has no letter or digit to keep."""
    folded = "".join(char if char.isascii() and char.isalnum() else "-" for char in name.casefold())
    slug = "-".join(part for part in folded.split("-") if part)[:60]
    if not slug:
        raise Invalid("access.bad_name")
    return f"{slug}@services.attestry.invalid"


def is_local(path: str) -> bool:
    """Return whether a place to go next is a path of ours: one slash first, and nothing a browser reads as a host."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
