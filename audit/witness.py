"""Witnesses, who co-sign checkpoints of a log that only ever grew: with them, nobody can be shown another log.

This is the log's side of C2SP tlog-witness: `POST <prefix>/add-checkpoint` with the size they saw last, the proof that
the newest checkpoint extends it, and the checkpoint. An answer counts only under the key that the operator named.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction

from audit import log, outside, records, selectors
from audit.actor import system
from audit.checkpoint import Vkey, line_of, read_vkey, signed_at
from audit.leaf import LOG
from audit.models import Checkpoint, Cosignature, Entry
from audit.refusals import Invalid, Refused

SIZE = "text/x.tlog.size"
AHEAD = 300
"""Seconds that a witness's clock may run before ours."""


@dataclass(frozen=True)
class Witness:
    """Somebody outside: where checkpoints are sent, and the key that answers."""

    url: str
    vkey: Vkey


def named() -> list[Witness]:
    """Those whom the settings name: addresses and verifier keys in turn; refused when they do not come in pairs."""
    words = settings.AUDIT_WITNESSES
    if len(words) % 2:
        raise Invalid("audit.bad_witnesses")
    return [Witness(url.rstrip("/"), read_vkey(key)) for url, key in zip(words[::2], words[1::2], strict=True)]


def ask(witness: Witness, now: datetime) -> str:
    """Show the newest checkpoint to `witness` and keep its word; returns what came of it, "" when it co-signed.

    A witness that saw more than we have, or another log, says so: that is recorded in the log. Asked again at once
    when it only remembers another size than we do.
    """
    newest = selectors.latest()
    rows = Cosignature.objects.filter(vkey=str(witness.vkey)).order_by("-size")
    seen = rows.values_list("size", flat=True).first() or 0
    if seen == newest.size:
        return ""
    answer = _show(witness, seen, newest)
    if answer.status == 409 and answer.kind == SIZE and (size := _number(answer.body)) != seen:
        if size is None or size > newest.size:
            return _refused(witness, "it has seen more of this log than there is", now)
        answer = _show(witness, size, newest)
    if answer.status != 200:
        return _refused(witness, _meaning(answer.status), now)
    return _keep(witness, newest, answer.body, now)


def cosigned(size: int) -> str:
    """The checkpoint at `size` with the lines of those who co-signed it beside the log's own; "" when there is none."""
    note = Checkpoint.objects.filter(pk=size).values_list("note", flat=True).first()
    lines = Cosignature.objects.filter(size=size).order_by("witness", "pk").values_list("line", flat=True)
    return f"{note}{''.join(lines)}" if note else ""


def newest() -> Cosignature | None:
    """The word of a witness over the longest log so far."""
    return Cosignature.objects.order_by("-size", "-pk").first()


def files(upto: int) -> Iterator[tuple[str, bytes]]:
    """For an export at size `upto`: the newest checkpoint each witness co-signed, as path and bytes."""
    rows = Cosignature.objects.filter(size__lte=upto)
    for witness in rows.order_by("witness").values_list("witness", flat=True).distinct():
        size = rows.filter(witness=witness).order_by("-size").values_list("size", flat=True)[0]
        yield f"witness/{re.sub('[^A-Za-z0-9.-]', '_', witness)}", cosigned(size).encode()


def _show(witness: Witness, seen: int, newest: Checkpoint) -> outside.Answer:
    proof = selectors.consistency(seen, newest.size) if 0 < seen < newest.size else []
    lines = [f"old {seen}", *(b64encode(each).decode() for each in proof), "", newest.note]
    return outside.post(f"{witness.url}/add-checkpoint", "\n".join(lines).encode(), "text/plain; charset=utf-8")


def _number(body: bytes) -> int | None:
    text = body.decode(errors="replace").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _meaning(status: int) -> str:
    return {
        400: "it cannot read what was sent",
        403: "it does not know this log's key",
        404: "it does not know this log",
        409: "it has seen another log of this size",
        422: "the log does not extend what it saw before",
    }.get(status, f"it answered with status {status}")


def _keep(witness: Witness, newest: Checkpoint, body: bytes, now: datetime) -> str:
    note = newest.note + body.decode(errors="replace")
    try:
        time, line = signed_at(note, witness.vkey), line_of(note, witness.vkey)
    except Refused:
        return _refused(witness, "its answer is not signed with the key it was named with", now)
    if not 0 < time <= now.timestamp() + AHEAD:
        return _refused(witness, "the time it signed with is not of now", now)
    records.keep_cosignature(newest.size, witness.vkey, line, datetime.fromtimestamp(time, UTC), now)
    return ""


def _refused(witness: Witness, why: str, now: datetime) -> str:
    """Record that a witness did not co-sign; once, until it does or says something else."""
    subject = f"witness:{witness.vkey.key_id.hex()}"
    about = {"witness": witness.vkey.name, "why": why}
    last = Entry.objects.filter(selectors.about(subject)).order_by("-pk").first()
    since = Cosignature.objects.filter(vkey=str(witness.vkey), at__gt=last.at).exists() if last else True
    if last is None or since or f'"why":"{why}"'.encode() not in bytes(last.body):
        with transaction.atomic():
            log.append(
                actor=system(), action="audit.witness_refused", subjects=[LOG, subject], at=now, about=about,
                outcome="failure",
            )  # fmt: skip
    return why
