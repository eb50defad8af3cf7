"""Evidence of telephone numbers: valid somewhere, and laid out, announced or headed as one."""

import re

from governance.pii.headers import is_code
from governance.pii.shapes import is_bare_phone, is_laid_out_phone, is_measure, is_phone
from governance.pii.sight import Case, Mine, Sight, alone, before, distinct_texts, everything, only, pick, share, whole

FEW, MANY = 8, 30
NORTH_AMERICAN = re.compile(r"^(?:\+|\(|00\d|(?:1[-. ])?[2-9]\d{2}[-. ]\d{3}[-. ]\d{4}$)")
PHONE_WORD = re.compile(
    r"\b(?:phones?|tel|telf?|telephone|call(?:ed|ing)?|cell|mobile|fax|whatsapp|wpp|zap|telefono|telefone|fone|celular|movil|"
    r"llam\w+|ligar?|ligue|contact\w*)\W*(?:\w+\W+){0,2}$"
)


def by_phone(sight: Sight, entity: str, mine: Mine) -> Case | None:
    """Telephone numbers: valid somewhere, and laid out as one, under a header, or after a word that announces one."""
    mine, code = alone(sight, mine), is_code(sight.path)
    shaped = [at for at, value in enumerate(sight.values) if is_phone(value)]
    if entity in sight.suggested:
        full = only(sight, mine, whole)
        laid = sum(is_laid_out_phone(sight.values[at]) for at in shaped)
        believed = not code or share(len(full), sight) >= 0.05 or laid >= 0.6 * len(shaped)
        if share(len(shaped), sight) >= 0.5 and believed:
            return Case({**everything(sight, shaped), **pick(mine)}, ("header", "layout"))
    else:
        case = None if code else unannounced(sight, shaped, only(sight, mine, whole))
        if case is not None:
            return case
    return in_text(sight, entity, mine, code=code)


def unannounced(sight: Sight, shaped: list[int], full: Mine) -> Case | None:
    """A column of them under a header that says nothing."""
    laid = [at for at in shaped if is_laid_out_phone(sight.values[at])]
    abroad = [at for at in laid if sight.values[at].startswith(("+", "00"))]
    if len(abroad) >= FEW and share(len(abroad), sight) >= 0.6:
        return Case({**everything(sight, laid), **pick(full)}, ("layout",))
    if share(len(laid), sight) >= 0.5 and share(len([at for at in laid if at in full]), sight) >= 0.3:
        return Case({**everything(sight, laid), **pick(full)}, ("layout",))
    bare = [at for at in shaped if is_bare_phone(sight.values[at])]
    valid = [at for at in bare if at in full]
    starts = len({sight.values[at][:4] for at in valid})
    if len(valid) >= MANY and len(valid) >= 0.95 * len(bare) and share(len(valid), sight) >= 0.8 and starts >= MANY / 2:
        return Case(everything(sight, valid), ("pattern",))  # of numbers drawn at random hardly half would be valid
    return None


def in_text(sight: Sight, entity: str, mine: Mine, *, code: bool) -> Case | None:
    """Some of them among other words: announced, or written as North Americans do."""
    announced = only(sight, mine, lambda value, hit: bool(PHONE_WORD.search(before(value, hit))))
    strict = only(sight, mine, lambda value, hit: bool(NORTH_AMERICAN.match(value[hit.start : hit.end])))
    strict = only(sight, strict, lambda value, hit: not is_measure(value[hit.start : hit.end]))
    if announced or (not code and distinct_texts(sight, strict) >= 2) or (strict and entity in sight.suggested):
        return Case(pick({**strict, **announced}), ("layout", "words") if announced else ("layout",))
    return None
