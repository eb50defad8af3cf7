import hashlib
import os
from pathlib import Path

import pytest

from audit.refusals import Invalid
from governance.registries import folder, rules
from governance.registries.rules import FileDigest


def test_a_folder_gives_the_manifest_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "w.bin").write_bytes(b"abc")
    (tmp_path / "MLmodel").write_bytes(b"")
    (tmp_path / "registered_model_meta").write_bytes(b"written by the download")
    expected = [
        FileDigest("MLmodel", 0, hashlib.sha256().hexdigest()),
        FileDigest("sub/w.bin", 3, hashlib.sha256(b"abc").hexdigest()),
    ]
    assert folder.manifest(tmp_path) == expected
    assert rules.manifest_digest(folder.manifest(tmp_path)).startswith("sha256:")


def test_a_link_or_a_pipe_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "a")
    with pytest.raises(Invalid, match="not_a_file"):
        folder.manifest(tmp_path)
    link.unlink()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Invalid, match="not_a_file"):
        folder.manifest(tmp_path)


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="file_count"):
        folder.manifest(tmp_path)
