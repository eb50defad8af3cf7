"""Time-stamps over checkpoints."""

from audit import anchor
from audit.models import Anchor, Checkpoint


def test_an_export_gets_every_token_beside_the_checkpoint_it_stamps(sequenced, now) -> None:
    for count in (3, 2, 4):
        sequenced(count)
        size = Checkpoint.objects.order_by("-size")[0].size
        Anchor.objects.create(size=size, authority="http://tsa", token=b"token%d" % size, stamped_at=now, at=now)
    files = dict(anchor.files(5))
    assert files["anchors/5.checkpoint"] == Checkpoint.objects.get(pk=5).note.encode()
    assert [data for name, data in files.items() if name.endswith(".tsr")] == [b"token3", b"token5"]
    assert len(files) == 4
