"""Witnesses, who co-sign checkpoints of a log that only ever grew: with them, nobody can be shown another log."""

import re
from collections.abc import Iterator

from audit.models import Checkpoint, Cosignature


def cosigned(size: int) -> str:
    """The checkpoint at `size` with the lines of those who co-signed it beside the log's own; "" when there is none."""
    note = Checkpoint.objects.filter(pk=size).values_list("note", flat=True).first()
    lines = Cosignature.objects.filter(size=size).order_by("witness", "pk").values_list("line", flat=True)
    return f"{note}{''.join(lines)}" if note else ""


def files(upto: int) -> Iterator[tuple[str, bytes]]:
    """For an export at size `upto`: the newest checkpoint each witness co-signed, as path and bytes."""
    rows = Cosignature.objects.filter(size__lte=upto)
    for witness in rows.order_by("witness").values_list("witness", flat=True).distinct():
        newest = rows.filter(witness=witness).order_by("-size").values_list("size", flat=True)[0]
        yield f"witness/{re.sub('[^A-Za-z0-9.-]', '_', witness)}", cosigned(newest).encode()
