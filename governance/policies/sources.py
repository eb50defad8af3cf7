"""Two accounts of what a run read, held against each other: what MLflow recorded, and what events told."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lineage.naming import plain_name, plain_namespace

UNPLACED = "mlflow"
"""The namespace of datasets whose place MLflow does not say."""
HEXADECIMAL = re.compile(r"(?:[A-Za-z0-9-]+:)?([0-9a-fA-F]+)")


@dataclass(frozen=True)
class Named:
    """A dataset as one account names it, and its version or digest where it says one."""

    namespace: str
    name: str
    version: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """What tells it from others, in lineage's plain spelling, a leading slash aside."""
        return plain_namespace(self.namespace), plain_name(self.name).lstrip("/")


@dataclass(frozen=True)
class Compared:
    """What came of it: what events left out, what they give another digest, and what nobody could compare."""

    recorded: int = 0
    missing: tuple[Named, ...] = ()
    differs: tuple[Named, ...] = ()
    unplaced: tuple[Named, ...] = ()

    @property
    def agree(self) -> bool:
        """Whether the two accounts do not contradict each other."""
        return not self.missing and not self.differs

    def detail(self) -> Mapping[str, Any]:
        """Return it as the facts a check keeps."""
        names = {
            side: sorted({each.name for each in getattr(self, side)}) for side in ("missing", "differs", "unplaced")
        }
        return {"recorded": self.recorded, **names}


def compare(recorded: Sequence[Named], told: Sequence[Named]) -> Compared:
    """Hold what MLflow recorded against what events told.

    A dataset without a place is found by its digest alone. Digests of different kinds (MLflow's are eight digits of its
    own) say nothing about each other.
    """
    versions: dict[tuple[str, str], set[str]] = {}
    for each in told:
        versions.setdefault(each.place, set()).update({each.version} - {""})
    everything = set().union(*versions.values())
    missing, differs, unplaced = [], [], []
    for each in recorded:
        if each.namespace == UNPLACED and each.place not in versions:
            unplaced += [] if each.version in everything else [each]
        elif each.place not in versions:
            missing.append(each)
        elif _contradicts(each.version, versions[each.place]):
            differs.append(each)
    return Compared(len(recorded), tuple(missing), tuple(differs), tuple(unplaced))


def _contradicts(digest: str, versions: set[str]) -> bool:
    """Whether one of several versions is a digest of the same kind, and none is this one."""
    same = {_bare(digest)} & {_bare(each) for each in versions}
    return bool(_kind(digest)) and not same and any(_kind(each) == _kind(digest) for each in versions)


def _bare(digest: str) -> str:
    found = HEXADECIMAL.fullmatch(digest)
    return found[1].lower() if found else digest


def _kind(digest: str) -> int:
    """Return how many hexadecimal digits a digest has; 0 for anything else."""
    return len(_bare(digest)) if HEXADECIMAL.fullmatch(digest) else 0
