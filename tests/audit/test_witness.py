"""What witnesses said is kept beside the checkpoint, and goes along with an export."""

from audit import witness
from audit.models import Checkpoint, Cosignature


def said(size: int, name: str, now) -> None:
    Cosignature.objects.create(
        size=size, witness=name, vkey=f"{name}+key", line=f"— {name} AAAA\n", signed_at=now, at=now
    )


def test_a_checkpoint_is_told_with_the_lines_of_its_witnesses(sequenced, now) -> None:
    sequenced(3)
    note = Checkpoint.objects.get(pk=3).note
    said(3, "witness.example/b", now)
    said(3, "witness.example/a", now)
    assert witness.cosigned(3) == note + "— witness.example/a AAAA\n— witness.example/b AAAA\n"
    assert witness.cosigned(2) == ""


def test_an_export_gets_the_newest_of_each_witness_and_nothing_beyond_its_size(sequenced, now) -> None:
    for count in (3, 2, 4):
        sequenced(count)
        said(Checkpoint.objects.order_by("-size")[0].size, "witness.example/a", now)
    said(3, "b.example", now)
    files = dict(witness.files(5))
    assert sorted(files) == ["witness/b.example", "witness/witness.example_a"]
    assert files["witness/witness.example_a"] == witness.cosigned(5).encode()
    assert files["witness/b.example"] == witness.cosigned(3).encode()
