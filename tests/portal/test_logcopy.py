"""An export that comes over a line: written as it arrives, or not at all."""

import io
import tarfile
import tracemalloc
from http.client import HTTPException
from pathlib import Path
from types import SimpleNamespace as Ns
from typing import Any

import pytest

from portal import logcopy
from portal.client import Failed

NOTE = b"portal.example/audit\n3\nroot\n"


class Line(io.BytesIO):
    """An answer of a portal; with `breaks_at` the line breaks there."""

    def __init__(self, data: bytes, breaks_at: int = -1, error: type[Exception] | None = None) -> None:
        super().__init__(data if breaks_at < 0 else data[:breaks_at])
        self.headers, self.error = {"Content-Length": str(len(data))}, error

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not data and self.error:
            raise self.error("reset")
        return data


def archive(*sizes: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        files = [("checkpoint", NOTE), *((f"tile/entries/{at:03}", bytes(size)) for at, size in enumerate(sizes))]
        for name, data in files:
            member = tarfile.TarInfo(f"attestry-audit-3/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def portal(line: Line) -> Any:
    return Ns(stream=lambda _path: line)


def test_an_export_says_how_far_it_is_and_keeps_little_of_it_in_memory(tmp_path: Path) -> None:
    data, said = archive(*[1 << 20] * 40), list[str]()
    tracemalloc.start()
    done = logcopy.fetch(portal(Line(data)), tmp_path / "export", said.append)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert done["size"] == 3
    assert len(list((tmp_path / "export/tile/entries").iterdir())) == 40
    assert said == ["16 MB of 40 MB", "32 MB of 40 MB"]
    assert peak < 12 << 20


@pytest.mark.parametrize("error", [None, HTTPException, ConnectionResetError])
@pytest.mark.parametrize("breaks_at", [0, 700, 100_000])
def test_a_line_that_breaks_leaves_what_is_there(tmp_path: Path, error: Any, breaks_at: int) -> None:
    target = tmp_path / "export"
    logcopy.fetch(portal(Line(archive(10))), target, print)
    with pytest.raises(Failed, match=r"broke after|cannot be unpacked"):
        logcopy.fetch(portal(Line(archive(1 << 20), breaks_at, error)), target, print)
    assert (target / "tile/entries/000").stat().st_size == 10
    assert [each.name for each in tmp_path.iterdir()] == ["export"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../beside", tarfile.REGTYPE), ("export/../../beside", tarfile.REGTYPE), ("/tmp/beside", tarfile.REGTYPE),
     ("export/link", tarfile.SYMTYPE), ("export/link", tarfile.LNKTYPE), ("export/pipe", tarfile.FIFOTYPE)],
)  # fmt: skip
def test_nothing_is_written_but_files_below_the_folder(tmp_path: Path, name: str, kind: bytes) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "../checkpoint"
        tar.addfile(member)
    with pytest.raises(Failed, match="no file of an export"):
        logcopy.fetch(portal(Line(out.getvalue())), tmp_path / "there" / "export", print)
    assert list(tmp_path.rglob("*")) == [tmp_path / "there"]
