"""What one entry and one leaf look like, in bytes.

An entry is what somebody did; a leaf is that entry in its place: numbered, and linked to the entry before it about each
of its subjects, so that a report about a subject can prove that nothing was left out.
"""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from audit.canonical import MAX_BYTES, SAFE, canonical
from audit.refusals import Invalid

VERSION = 1
LOG = "audit:log"
"""The subject of entries about the log itself."""
OUTCOMES = ("success", "failure", "denied", "error")
MOST_SUBJECTS = 64
_ROOMY = MAX_BYTES // 2
"""An entry of at most so many bytes fits into a leaf whatever its links are: 64 of them take less than 20,000."""
_ACTION = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)
_SUBJECT = re.compile(r"[a-z][a-z0-9_]*:[A-Za-z0-9._:/~-]{1,200}", re.ASCII)
_PLAIN = re.compile(rb'\["[\w.:/~-]+"(?:,"[\w.:/~-]+")*\]')
"""A list of subjects in which nothing is escaped: quicker to take apart than JSON is."""


class Link(NamedTuple):
    """Where a leaf stands among the leaves about `subject`: its number from 0, and the `seq` of the one before."""

    subject: str
    number: int
    previous: int | None


def entry_bytes(fields: Mapping[str, Any]) -> bytes:
    """The canonical bytes of an entry; refused when it could not become a leaf.

    Subjects are ids (`promotion:<uuid>`), never names: a name in an entry could not be erased.
    """
    if not _ACTION.fullmatch(fields["action"]) or len(fields["action"]) > 100:
        raise Invalid("audit.bad_entry", why=f"no action name: {fields['action']!r:.100}")
    if fields["outcome"] not in OUTCOMES:
        raise Invalid("audit.bad_entry", why=f"no outcome: {fields['outcome']!r:.100}")
    subjects = fields["subjects"]
    _check_subjects(subjects)
    data = canonical(dict(fields))
    if len(data) > _ROOMY and len(leaf_bytes(data, SAFE, [Link(each, SAFE, SAFE) for each in subjects])) > MAX_BYTES:
        raise Invalid("audit.too_large", longest=MAX_BYTES)
    return data


class Alike:
    """Entries that differ in `id`, `at`, `subjects` and `about` alone: what they share is checked and written once."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        whole = entry_bytes({**fields, "about": {}, "at": "", "id": "", "subjects": []})
        _, _, rest = whole.partition(b'{"about":{}')
        self._first, _, rest = rest.partition(b'"at":""')
        self._middle, _, rest = rest.partition(b'"id":""')
        self._between, _, self._end = rest.partition(b'"subjects":[]')

    def bytes_of(self, pk: str, at: str, subjects: Sequence[str], about: Mapping[str, Any]) -> bytes:
        """The canonical bytes of one of them, as `entry_bytes` has them, and refused alike."""
        _check_subjects(subjects)
        said, named, when = canonical(dict(about)), canonical(list(subjects)), at.encode()
        data = b'{"about":%b%b"at":"%b"%b"id":"%b"%b"subjects":%b%b' % (
            said, self._first, when, self._middle, pk.encode(), self._between, named, self._end
        )  # fmt: skip
        if len(data) > _ROOMY:
            return entry_bytes({**self._fields, "id": pk, "at": at, "subjects": list(subjects), "about": about})
        return data


def _check_subjects(subjects: Sequence[str]) -> None:
    if len(subjects) > MOST_SUBJECTS or len(set(subjects)) != len(subjects):
        raise Invalid("audit.bad_entry", why=f"more than {MOST_SUBJECTS} subjects, or one of them twice")
    for each in subjects:
        if not _SUBJECT.fullmatch(each):
            raise Invalid("audit.bad_entry", why=f"a subject is not kind:id: {each!r:.100}")


def is_subject(text: str) -> bool:
    """Whether a text could be the subject of an entry."""
    return _SUBJECT.fullmatch(text) is not None


def leaf_bytes(entry: bytes, seq: int, links: Sequence[Link]) -> bytes:
    """The canonical bytes of a leaf around the canonical bytes of its entry."""
    subjects = ",".join(
        f'{{"id":{encode_basestring(each.subject)},"subj_prev":{"null" if each.previous is None else each.previous},'
        f'"subj_seq":{each.number}}}'
        for each in links
    )
    return b'{"entry":%b,"seq":%d,"subjects":[%b],"v":%d}' % (entry, seq, subjects.encode(), VERSION)


def subjects_of(entry: bytes) -> list[str]:
    """The subjects in an entry's canonical bytes, where they and `v` are the last keys; refused when malformed."""
    start, end = entry.rfind(b'"subjects":['), entry.rfind(b',"v":')
    listed = entry[start + len(b'"subjects":') : end] if 0 <= start < end else b"null"
    if _PLAIN.fullmatch(listed):
        return listed[2:-2].decode().split('","')
    found = json.loads(listed)
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise Invalid("audit.bad_entry", why="its subjects cannot be read")
    return found


def commitment(salt: bytes, value: str) -> str:
    """HMAC-SHA256 of a personal value under its own 32-byte salt, in hex: it hides the value, and pins it."""
    return hmac.digest(salt, value.encode(), "sha256").hex()
