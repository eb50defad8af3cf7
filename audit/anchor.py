"""Time-stamps (RFC 3161) over checkpoints: a clock that is not ours says that the log was this long by then."""

from collections.abc import Iterator

from audit.models import Anchor, Checkpoint


def files(upto: int) -> Iterator[tuple[str, bytes]]:
    """For an export at size `upto`: every token as `<size>.tsr`, and beside it the checkpoint that was stamped."""
    last = None
    for anchor in Anchor.objects.filter(size__lte=upto).order_by("size", "pk").iterator(chunk_size=100):
        if anchor.size != last:
            note = Checkpoint.objects.values_list("note", flat=True).get(pk=anchor.size)
            yield f"anchors/{anchor.size}.checkpoint", note.encode()
            last = anchor.size
        yield f"anchors/{anchor.size}-{anchor.pk}.tsr", bytes(anchor.token)
