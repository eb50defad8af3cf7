"""A registry small enough to interrupt between any two calls: what an errand sees of MLflow, without the wire."""

from collections.abc import Callable

from audit.refusals import NotSeen, Unavailable
from governance.registries.rules import FileDigest, manifest_digest


class Killed(BaseException):
    """The worker died."""


class Shelf:
    """One model's versions by label, each with what its file holds, and its alias.

    `meanwhile` is called before each call is answered: whatever happens while an errand waits for the registry;
    `moved` right after the alias was set.
    """

    def __init__(self, **files: str) -> None:
        self.files = {label.removeprefix("v"): text for label, text in files.items()}
        self.at: str | None = None
        self.away = False
        self.meanwhile: Callable[[str], None] = lambda call: None
        self.moved: Callable[[str], None] = lambda label: None
        self.sets: list[str] = []

    def manifest(self, name: str, label: str) -> list[FileDigest]:
        self._answer("manifest")
        if label not in self.files:
            raise NotSeen("not_seen", what="model")
        return files_of(self.files[label])

    def alias(self, name: str, alias: str) -> str | None:
        self._answer("alias")
        return self.at

    def set_alias(self, name: str, alias: str, label: str) -> None:
        self._answer("set_alias")
        if label not in self.files:
            raise NotSeen("not_seen", what="model")
        self.sets.append(label)
        self.at = label
        self.moved(label)

    def delete(self, label: str) -> None:
        """As MLflow does it: the version's aliases go with it."""
        self.files.pop(label, None)
        self.at = None if self.at == label else self.at

    def _answer(self, call: str) -> None:
        self.meanwhile(call)
        if self.away:
            raise Unavailable("registries.away", where="")


def files_of(text: str) -> list[FileDigest]:
    return [FileDigest("MLmodel", len(text), text.encode().hex().zfill(64))]


def digest_of(text: str) -> str:
    return manifest_digest(files_of(text))
