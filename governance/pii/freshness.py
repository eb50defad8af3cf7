"""Whether a scan still speaks of the bytes in question: those a run read, or those a dataset holds now.

A digest of the content decides where one is known. Else what was named and written between the scan and the reading
does: the file itself lies where only a worker looks.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError

from governance.pii import choices, rules
from governance.pii.chosen import Chosen, Own
from governance.pii.models import Scan
from lineage import selectors as lineage
from lineage import states
from lineage.models import Dataset
from lineage.naming import plain_name

CONTENT = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")


@dataclass(frozen=True, slots=True)
class Read:
    """A run read a dataset: in which version, when first, and which run it was (0 when that is not known)."""

    version: str
    at: datetime
    run: int = 0


def parts_of(chosen: Chosen) -> dict[str, str]:
    """Return what makes the rules with these choices what they are, as short texts: versions, regions, code."""
    from governance.pii import presidio  # noqa: PLC0415 - only its settings; the engine stays unloaded

    try:
        versions = presidio.versions()
    except PackageNotFoundError:
        return {}
    own = {"recognisers": ", ".join(map(_brief, chosen.own))} if chosen.own else {}
    names = {"names_model": chosen.names} if chosen.names else {}
    return versions | {"regions": " ".join(chosen.countries), **own, **names, "code": presidio.code()[:16]}


def _brief(own: Own) -> str:
    """An entity with a few letters that change when its recogniser does."""
    return f"{own.entity} {hashlib.sha256(repr(own).encode()).hexdigest()[:8]}"


def accepted_ruleset() -> str:
    """Return the digest of the rules that were let count last; empty before the first scan."""
    accepted = choices.accepted()
    return accepted.digest if accepted else ""


def current_ruleset() -> str:
    """Return the digest of today's rules, whether they count or are tried; empty where no scan could run."""
    return digest_of(choices.today().chosen)


def counting_ruleset() -> str:
    """Return the digest of the rules that a scan follows which counts at once: with the choices that were accepted."""
    return digest_of(choices.counting().chosen)


def ruleset_for(scan: Scan) -> str:
    """Return the digest of the rules that a scan would follow now."""
    return current_ruleset() if scan.trial else counting_ruleset()


@lru_cache(maxsize=64)
def digest_of(chosen: Chosen) -> str:
    """Return the digest of this code's rules with these choices; empty where no scan could run."""
    from governance.pii import presidio  # noqa: PLC0415 - only its settings; the engine stays unloaded

    try:
        return rules.ruleset(presidio.settings(chosen))
    except PackageNotFoundError:
        return ""


def stale_because(scan: Scan, reads: Sequence[Read] = ()) -> str:
    """Return the code that says why a scan does not count for these readings, or for now without any; empty if it does.

    Only for scans that ended with a verdict of their own: what is incomplete or unreadable stays so.
    """
    known = lineage.dataset(scan.dataset_id) if scan.dataset_id is not None else None
    if known is None:
        return ""
    because = [_of_reading(scan, known, each) for each in reads] or [_of_now(scan, known)]
    return next(filter(None, because), "") or _of_rules(scan)


def _moment(scan: Scan) -> datetime:
    return scan.started_at or scan.ended_at or scan.created_at


def content(version: str) -> str:
    """Return the SHA-256 that a version is, in lower-case hexadecimal digits, or an empty text."""
    found = CONTENT.fullmatch(version)
    return found[1].lower() if found else ""


def _by_content(scan: Scan, version: str) -> bool | None:
    """Whether the scanned bytes are those of that version; `None` where digests cannot tell."""
    wanted, seen = content(version), content(scan.digest)
    return wanted == seen if wanted and seen else None


def _elsewhere(scan: Scan, known: Dataset) -> str:
    other = "://" not in scan.path and known.namespace == "file" and plain_name(scan.path) != plain_name(known.name)
    return "pii.other_bytes" if other else ""


def _of_reading(scan: Scan, known: Dataset, read: Read) -> str:
    same, at = _by_content(scan, read.version), _moment(scan)
    if same is not None:
        return "" if same else "pii.other_bytes"
    if _elsewhere(scan, known):
        return _elsewhere(scan, known)
    if read.version:
        if states.version_at(known.pk, at) == read.version:
            return ""
        named = states.first_named(known.pk, read.version)
        return "pii.other_bytes" if named is not None and named <= at else "pii.scanned_before"
    if at < read.at:
        return "pii.scanned_before" if states.written(known.pk, at, read.at, read.run) else ""
    return "pii.other_bytes" if states.written(known.pk, read.at, at, read.run) else ""


def _of_now(scan: Scan, known: Dataset) -> str:
    newest, at = states.newest_version(known.pk), _moment(scan)
    same = _by_content(scan, newest)
    if same is not None:
        return "" if same else "pii.scanned_before"
    if _elsewhere(scan, known):
        return _elsewhere(scan, known)
    moved = newest != states.version_at(known.pk, at) or states.written(known.pk, at)
    return "pii.scanned_before" if moved else ""


def _of_rules(scan: Scan) -> str:
    now = current_ruleset()
    if not scan.ruleset or not now or scan.ruleset == now:
        return ""
    return "" if scan.ruleset in (accepted_ruleset(), counting_ruleset()) else "pii.other_rules"
