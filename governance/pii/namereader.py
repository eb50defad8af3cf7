"""Names and places in free text, by a language model that somebody installed. In the scan's child process alone.

The model's folder is read; no package of it is imported, and nothing is fetched. How much is looked at is bounded: so
many texts and characters of a column, so long in all.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.pii.columns import Draw
from governance.pii.prose import GROUP, KINDS, READ_CHARACTERS, READ_TEXTS
from governance.pii.sight import Drawn, Hit

UNUSED = ("tagger", "parser", "lemmatizer", "trainable_lemmatizer", "attribute_ruler", "morphologizer", "senter")
LONGEST_IN_ALL = 240.0
SCORE = 0.85


@dataclass
class Reader:
    """A model, and how many seconds it may still be asked."""

    model: Any
    left: float = LONGEST_IN_ALL

    def hits(self, values: Sequence[str], drawn: Drawn | None) -> list[tuple[Hit, ...]] | None:
        """What the model sees in each value, in those alone that were drawn for it; `None` once its time is over."""
        found: list[tuple[Hit, ...]] = [()] * len(values)
        places = drawn.places if drawn is not None else ()
        if places and self.left <= 0:
            return None
        for at, seen in zip(places, self.look([values[at] for at in places]), strict=True):
            found[at] = seen
        return found

    def look(self, texts: Sequence[str]) -> list[tuple[Hit, ...]]:
        """What the model sees in each text."""
        begin = time.monotonic()
        found = [
            tuple(
                Hit(KINDS[seen.label_], seen.start_char, seen.end_char, SCORE)
                for seen in told.ents
                if seen.label_ in KINDS
            )
            for told in self.model.pipe(map(spoken, texts), batch_size=16)
        ]
        self.left -= time.monotonic() - begin
        return found


def spoken(text: str) -> str:
    """A text in capitals as people write names, since models know those."""
    plain = text.title() if text.isupper() else text
    return plain if len(plain) == len(text) else text


def bounded(draws: Mapping[str, Draw], reader: Reader | None) -> dict[str, Draw]:
    """The draws with as much free text as is looked at, and with none where nobody looks."""
    rest = {name: draw for name, draw in draws.items() if name != GROUP}
    if reader is None or GROUP not in draws:
        return rest
    text = draws[GROUP]
    most = enough(text.values)
    return {**rest, GROUP: text if most == len(text.values) else Draw(text.values[:most], text.number, whole=False)}


def enough(texts: Sequence[str]) -> int:
    """How many of the texts are looked at, one after the other."""
    characters = 0
    for at, text in enumerate(texts[:READ_TEXTS]):
        characters += len(text)
        if characters > READ_CHARACTERS:
            return max(at, 1)
    return min(len(texts), READ_TEXTS)


def opened(path: str, title: str) -> Reader | None:
    """The model in that folder; nothing where it is not there, is another one, or cannot be read."""
    if not path:
        return None
    import spacy  # noqa: PLC0415 - only where one was chosen

    try:
        model = spacy.load(path, disable=list(UNUSED))
    except Exception:  # noqa: BLE001 - whatever a broken model raises, the names were not looked at
        return None
    named = f"{model.meta['lang']}_{model.meta['name']} {model.meta['version']}"
    return Reader(model) if named == title else None
