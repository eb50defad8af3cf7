"""The language models that somebody has installed: packages of spaCy's, or folders of them in the data directory."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings

SEES = frozenset({"ner", "entity_ruler", "span_ruler", "beam_ner"})
LARGEST = 1024 * 1024
LONGEST = 80


@dataclass(frozen=True)
class Model:
    """A model that can see names: what it is called with its version, its language, and its folder."""

    title: str
    language: str
    path: str


def installed() -> list[Model]:
    """Return those that are installed here, each once, in the order of their names. No code of theirs is run."""
    found = {model.title: model for model in map(_model, _folders()) if model is not None}
    return [found[title] for title in sorted(found)]


def path_of(title: str) -> str:
    """Return the folder of the model of that name and version; empty where it is not installed here."""
    return next((model.path for model in installed() if title and model.title == title), "")


def _folders() -> Iterator[Path]:
    for one in entry_points(group="spacy_models"):
        spec = find_spec(one.module.partition(".")[0])
        if spec is not None and spec.origin:
            yield from _inside(Path(spec.origin).parent)
    place = Path(settings.SCAN_MODELS)
    if place.is_dir():
        for folder in sorted(place.iterdir()):
            yield from _inside(folder)


def _inside(folder: Path) -> Iterator[Path]:
    """The folder itself, or those in it, that a pipeline was written to."""
    if folder.is_dir():
        yield from (each for each in (folder, *sorted(folder.iterdir())) if (each / "config.cfg").is_file())


def _model(folder: Path) -> Model | None:
    about = folder / "meta.json"
    try:
        if about.stat().st_size > LARGEST:
            return None
        told = json.loads(about.read_text("utf-8"))
        language, name, version = (str(told[part]) for part in ("lang", "name", "version"))
        sees = SEES & set(told["pipeline"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    title = f"{language}_{name} {version}"
    return Model(title, language, str(folder)) if sees and len(title) <= LONGEST and title.isprintable() else None
