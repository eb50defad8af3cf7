"""The adapter for a model in a local folder: the same manifest that a registry's files give."""

import hashlib
import os
import stat
from pathlib import Path

from audit.refusals import Invalid
from governance.registries.rules import FileDigest, check_manifest

CHUNK = 1 << 20
WRITTEN_ON_DOWNLOAD = "registered_model_meta"


def manifest(folder: Path) -> list[FileDigest]:
    """Return every file below `folder` with size and SHA-256, sorted by path.

    Refused: a symbolic link, device or pipe anywhere below. MLflow's client writes `registered_model_meta` beside
    the files it downloads; it is no part of the model and is left out. Nothing is ever loaded or executed.
    """
    found: list[FileDigest] = []
    for here, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(here, name)
            mode = path.lstat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise Invalid("registries.not_a_file", path=ascii(str(path.relative_to(folder)))[:200])
        for name in files:
            path = Path(here, name)
            relative = path.relative_to(folder).as_posix()
            if relative != WRITTEN_ON_DOWNLOAD:
                found.append(_digest(path, relative))
    return check_manifest(found)


def _digest(path: Path, relative: str) -> FileDigest:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return FileDigest(relative, size, digest.hexdigest())
