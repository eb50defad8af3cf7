"""How pyiceberg opens files in a scan: for reading, and only below the roots."""

import os
from pathlib import Path
from typing import Any

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile

from audit.refusals import Refused
from governance.pii import places

ROOTS = "attestry.roots"


class Below(InputFile):
    """A file below the roots."""

    def __init__(self, location: str, roots: list[Path]) -> None:
        """Mean the file there."""
        super().__init__(location)
        self.roots = roots

    def __len__(self) -> int:
        with self.open() as file:
            return os.fstat(file.fileno()).st_size  # type: ignore[attr-defined]

    def exists(self) -> bool:
        """Whether it can be opened."""
        try:
            self.open().close()
        except Refused:
            return False
        return True

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002, FBT001, FBT002 - as pyiceberg calls it
        """The file, after the checks that every scan makes."""
        return open(places.open_file(places.plain(self.location), self.roots), "rb")


class Rooted(FileIO):
    """Opens files below the roots, and writes none."""

    def new_input(self, location: str) -> InputFile:
        """A file to read."""
        return Below(location, [Path(root) for root in str(self.properties[ROOTS]).split(os.pathsep)])

    def new_output(self, location: str) -> OutputFile:  # noqa: ARG002
        """Nothing is written."""
        raise Refused("pii.cannot_open")

    def delete(self, location: Any) -> None:  # noqa: ARG002
        """Nothing is deleted."""
        raise Refused("pii.cannot_open")
