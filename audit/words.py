"""The words of an entry, and those that somebody looks for: one rule for both databases, which only store the outcome.

A word is a run of letters and digits; capitals and accents do not matter. One with hyphens in it (`PR-42`) counts as a
whole, hyphens left out, and each of its parts as well; a UUID only as a whole.
"""

import json
import re
from typing import Any
from unicodedata import category, normalize

LONGEST = 100
"""Of a longer word only so much counts."""
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_ASCII = re.compile(r"[0-9a-z]+(?:-[0-9a-z]+)*")
"""The same for plain text, and quicker."""
_SOUGHT = re.compile(rf"({_WORD.pattern})(\*?)")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def words_of(entry: bytes) -> set[str]:
    """The words in an entry's canonical bytes: all it says but commitments and its moment, which has a filter."""
    try:
        said = json.loads(entry)
        texts = [said["id"], said["action"], said["outcome"], said["scope"] or "", *said["subjects"], *said["private"]]
        texts += filter(None, said["actor"].values())
        _gather(said["about"], texts)
        found = _words(_plain(" ".join(texts)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # pruned, or no entry: who verifies the log says so
        return set()
    for word in [each for each in found if "-" in each]:
        found.remove(word)
        found.add(word.replace("-", ""))
        if not _UUID.fullmatch(word):
            found.update(word.split("-"))
    return {each[:LONGEST] for each in found}


def sought(text: str) -> list[tuple[str, bool]]:
    """The words to look for, each with whether it is only the beginning of one; nothing when there is no word."""
    found = {(_whole(word), bool(star)): None for word, star in _SOUGHT.findall(_plain(text))}
    return list(found)


def _gather(value: Any, texts: list[str]) -> None:
    """Add every text, number and name of a field in `value`."""
    kind = type(value)
    if kind is str:
        texts.append(value)
    elif kind is dict:
        texts.extend(value)
        for inner in value.values():
            _gather(inner, texts)
    elif kind is list:
        for inner in value:
            _gather(inner, texts)
    elif value is not None:
        texts.append(str(value))


def _words(text: str) -> set[str]:
    return set((_ASCII if text.isascii() else _WORD).findall(text))


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    apart = normalize("NFKD", normalize("NFKD", text).casefold())
    return "".join(each for each in apart if category(each) != "Mn").lower()


def _whole(word: str) -> str:
    return word.replace("-", "")[:LONGEST]
