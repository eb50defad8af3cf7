"""Names and places that a language model saw in free text: when that is believed of a column.

A model is often wrong about a single word, so names have to be common ones or full ones, and several.
"""

from governance.pii.shapes import holds_known_name, is_measure, is_name
from governance.pii.sight import Case, Hit, Mine, Sight, distinct_texts, only, pick, share

GROUP = "TEXT"
"""The draw in which free text is: values of three words or more."""
PERSON, PLACE = "TEXT_PERSON", "TEXT_PLACE"
KINDS = {"PERSON": PERSON, "PER": PERSON, "GPE": PLACE, "LOC": PLACE, "LOCATION": PLACE}
"""What models call people and places."""
ENTITIES = {PERSON: "PERSON", PLACE: "LOCATION"}
READ_TEXTS, READ_CHARACTERS = 300, 200_000
KNOWN, FULL, PLACES, PLACED = 2, 5, 3, 0.02


def by_model(sight: Sight, kind: str, mine: Mine) -> Case | None:
    """Two common names or five full ones; three places in a fiftieth of the texts."""
    if kind == PERSON:
        named = only(sight, mine, lambda value, hit: is_name(said(value, hit)))
        known = only(sight, named, lambda value, hit: holds_known_name(said(value, hit)))
        full = only(sight, named, lambda value, hit: " " in said(value, hit).strip())
        believed = distinct_texts(sight, known) >= KNOWN or distinct_texts(sight, full) >= FULL
        return Case(pick(named), ("model",)) if believed else None
    placed = only(sight, mine, lambda value, hit: not is_measure(said(value, hit)) and said(value, hit)[:1].isupper())
    believed = distinct_texts(sight, placed) >= PLACES and share(len(placed), sight) >= PLACED
    return Case(pick(placed), ("model",)) if believed else None


def said(value: str, hit: Hit) -> str:
    """The text of a hit."""
    return value[hit.start : hit.end]
