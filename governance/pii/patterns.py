"""What Presidio's recognisers by pattern find, without the explanation they write of each match and nobody reads."""

import logging
from typing import Any, NamedTuple

from presidio_analyzer import PatternRecognizer
from presidio_analyzer.pattern_recognizer import REGEX_TIMEOUT_SECONDS

from governance.pii.recognisers import Mails


class Seen(NamedTuple):
    """Characters `start` to `end`, and how sure it is."""

    start: int
    end: int
    score: float


def find(recogniser: Any, text: str) -> list[Seen]:
    """What the recogniser's `analyze` finds in a text: the same places and scores in the same order."""
    if isinstance(recogniser, Mails):
        words = ((word.start(), word.group()) for word in recogniser.WORD.finditer(text))
        return [
            Seen(at + one.start, at + one.end, one.score)
            for at, word in words
            for one in _kept(_matches(recogniser, word))
        ]
    if type(recogniser).analyze is PatternRecognizer.analyze:
        return _kept(_matches(recogniser, text))
    found = recogniser.analyze(text, recogniser.supported_entities, None) or ()
    return [Seen(each.start, each.end, each.score) for each in found]


def _matches(recogniser: Any, text: str) -> list[Seen]:
    found = []
    if any(pattern.compiled_with_flags != recogniser.global_regex_flags for pattern in recogniser.patterns):
        PatternRecognizer.analyze(recogniser, "", recogniser.supported_entities)  # makes them ready
    for pattern in recogniser.patterns:
        try:
            for match in pattern.compiled_regex.finditer(text, timeout=REGEX_TIMEOUT_SECONDS):
                score = _score(recogniser, match.group(), pattern.score)
                if score > 0:
                    found.append(Seen(match.start(), match.end(), score))
        except TimeoutError:
            logging.getLogger("presidio-analyzer").warning("Regex pattern '%s' timed out", pattern.name)
    return found


def _score(recogniser: Any, text: str, usual: float) -> float:
    """The pattern's own, unless a check of the match says all or nothing."""
    if not text:
        return 0.0
    valid = recogniser.validate_result(text)
    score = usual if valid is None else 1.0 if valid else 0.0
    return 0.0 if score and recogniser.invalidate_result(text) else score


def _kept(found: list[Seen]) -> list[Seen]:
    """None that stands within another one which is as sure; the surest first."""
    if len(found) < 2:
        return found
    kept: list[Seen] = []
    active: list[Seen] = []
    for one in sorted(set(found), key=lambda each: (each.start, -each.end, -each.score)):
        active = [each for each in active if each.end >= one.start]
        if not any(one.end <= each.end and one.score <= each.score for each in active):
            kept.append(one)
            active.append(one)
    return sorted(kept, key=lambda each: (-each.score, each.start, -(each.end - each.start)))
