"""The language of patterns that people write: a part of RE2's that takes linear time and says where it is wrong.

Letters, digits and marks stand for themselves, whatever their case; `.` is any character, `\\d` a digit, `\\w` a letter
of English, a digit or `_`, `\\s` a blank, `\\p{L}` a letter of any language; `[A-F0-9]` and `[^-]` are sets, `(a|b)`
alternatives; `{3}`, `{2,5}`, `?`, `*` and `+` repeat, the last two up to 64 times. Nothing looks around or back.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

from audit.refusals import Invalid

LONGEST = 200
WIDEST = 256
MOST_TIMES = 64
DEEPEST = 8
MOST_STEPS = 2500
EDGE = r"\b"
MARKS = frozenset(r"""\.[](){}|?*+^$-/ :;,#@!%&=_~'"<>""")
LETTERED = {"d": 1, "D": 10, "w": 1, "W": 10, "s": 1, "S": 10, "t": 1}
WORDY = frozenset("dw")
UNICODE = re.compile(r"\\[pP](?:L|N|\{(?:L|Lu|Ll|N|Nd)\})")
TIMES = re.compile(r"\{(\d{1,4})(?:(,)(\d{0,4}))?\}")


@dataclass(frozen=True)
class Piece:
    """A part of a pattern as RE2 reads it: its least and greatest width, its cost, whether its ends are of words."""

    text: str = ""
    least: int = 0
    most: int = 0
    steps: int = 0
    begins: bool = True
    ends: bool = True

    def then(self, after: "Piece") -> "Piece":
        """This and then another."""
        return Piece(
            self.text + after.text,
            self.least + after.least,
            self.most + after.most,
            self.steps + after.steps,
            self.begins and (self.least > 0 or after.begins),
            after.ends and (after.least > 0 or self.ends),
        )

    def otherwise(self, other: "Piece") -> "Piece":
        """This or another."""
        return Piece(
            f"{self.text}|{other.text}",
            min(self.least, other.least),
            max(self.most, other.most),
            self.steps + other.steps + 1,
            self.begins and other.begins,
            self.ends and other.ends,
        )

    def times(self, least: int, most: int) -> "Piece":
        """This so many times."""
        return Piece(
            f"{self.text}{{{least},{most}}}",
            self.least * least,
            self.most * most,
            self.steps * max(1, most),
            self.begins,
            self.ends,
        )


def literal(letter: str) -> Piece:
    """One character that means itself."""
    wordy = letter.isascii() and (letter.isalnum() or letter == "_")
    return Piece(letter if wordy else re.escape(letter), 1, 1, 1, wordy, wordy)


class Reader:
    """Reads a pattern from left to right and refuses what it cannot be, naming the character."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def wrong(self, code: str, at: int | None = None) -> NoReturn:
        """Refuse the pattern for what stands here."""
        place = self.at if at is None else at
        raise Invalid(code, at=place + 1, piece=self.text[place : place + 12])

    def peek(self, what: str) -> bool:
        """Whether that comes next."""
        return self.text.startswith(what, self.at)

    def alternatives(self) -> Piece:
        """One sequence, or several with bars between."""
        found = self.sequence()
        while self.peek("|"):
            self.at += 1
            found = found.otherwise(self.sequence())
        return found

    def sequence(self) -> Piece:
        """What stands one behind the other, up to a bar or a closing bracket."""
        found = Piece()
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            found = found.then(self.repeated())
            if found.most > WIDEST or found.steps > MOST_STEPS:
                self.wrong("pii.pattern_too_long_match", 0)
        return found

    def repeated(self) -> Piece:
        """One thing, and how often."""
        start = self.at
        if self.text[start] in "^$" or self.peek(r"\b"):
            self.at += 1 if self.text[start] in "^$" else 2
            if self.at < len(self.text) and self.text[self.at] in "?*+{":
                self.wrong("pii.pattern_repeat")
            return Piece(self.text[start : self.at])
        if self.text[start] in "?*+{":
            self.wrong("pii.pattern_repeat")
        found = self.one()
        counts = self.count()
        if counts is None:
            return found
        if self.at < len(self.text) and self.text[self.at] in "?*+{":
            self.wrong("pii.pattern_repeat")
        return found.times(*counts)

    def count(self) -> tuple[int, int] | None:
        """How often the thing before is repeated, if it is."""
        for mark, counts in (("?", (0, 1)), ("*", (0, MOST_TIMES)), ("+", (1, MOST_TIMES))):
            if self.peek(mark):
                self.at += 1
                return counts
        if not self.peek("{"):
            return None
        said = TIMES.match(self.text, self.at)
        if said is None:
            self.wrong("pii.pattern_count")
        least = int(said[1])
        most = least if not said[2] else int(said[3]) if said[3] else MOST_TIMES
        if not least <= most <= 2 * MOST_TIMES or most == 0:
            self.wrong("pii.pattern_count")
        self.at = said.end()
        return least, most

    def one(self) -> Piece:
        """A character, a set, a group."""
        letter = self.text[self.at]
        if letter == "(":
            return self.group()
        if letter == "[":
            return self.set()
        if letter == "\\":
            return self.escaped()
        if letter in "]}":
            self.wrong("pii.pattern_unopened")
        self.at += 1
        return Piece(".", 1, 1, 5, begins=False, ends=False) if letter == "." else literal(letter)

    def group(self) -> Piece:
        """What stands in brackets."""
        start = self.at
        if re.compile(r"\(\?<?[=!]").match(self.text, start):
            self.wrong("pii.pattern_look_around")
        plain = self.peek("(?:")
        if self.peek("(?") and not plain:
            self.wrong("pii.pattern_group")
        self.depth += 1
        if self.depth > DEEPEST:
            self.wrong("pii.pattern_deep", start)
        self.at += 3 if plain else 1
        inner = self.alternatives()
        self.depth -= 1
        if not self.peek(")"):
            self.wrong("pii.pattern_unclosed", start)
        self.at += 1
        return Piece(f"(?:{inner.text})", inner.least, inner.most, inner.steps, inner.begins, inner.ends)

    def escaped(self) -> Piece:
        """A character behind a backslash."""
        known = UNICODE.match(self.text, self.at)
        if known is not None:
            self.at = known.end()
            return Piece(known[0], 1, 1, 30, begins=False, ends=False)
        letter = self.text[self.at + 1 : self.at + 2]
        if letter.isdecimal() or letter in ("k", "g"):
            self.wrong("pii.pattern_look_back")
        if letter in LETTERED and letter:
            wordy = letter in WORDY
            found = Piece(f"\\{letter}", 1, 1, LETTERED[letter], wordy, wordy)
        elif letter and letter in MARKS:
            found = literal(letter)
        else:
            self.wrong("pii.pattern_escape")
        self.at += 2
        return found

    def set(self) -> Piece:
        """A set of characters in square brackets."""
        start = self.at
        self.at += 1
        negated = self.peek("^")
        self.at += negated
        text, steps, wordy = "", 10 if negated else 1, not negated
        while not self.peek("]"):
            if self.at >= len(self.text):
                self.wrong("pii.pattern_unclosed", start)
            part = self.ranged()
            text, steps, wordy = text + part.text, max(steps, part.steps), wordy and part.begins
        if not text:
            self.wrong("pii.pattern_empty_set", start)
        self.at += 1
        return Piece(f"[{'^' if negated else ''}{text}]", 1, 1, steps, wordy, wordy)

    def ranged(self) -> Piece:
        """A character of a set, or all from one to another."""
        start = self.at
        first = self.member()
        last = self.text[self.at + 1 : self.at + 2]
        if not self.peek("-") or last in ("]", ""):
            return first
        self.at += 1
        until = self.member()
        low, high = _meant(first), _meant(until)
        if not low or not high or low > high:
            self.wrong("pii.pattern_range", start)
        inside = all(chr(code).isalnum() or chr(code) == "_" for code in range(ord(low), min(ord(high), 127) + 1))
        wordy = high.isascii() and inside
        return Piece(f"{first.text}-{until.text}", 1, 1, 2, wordy, wordy)

    def member(self) -> Piece:
        """One character inside a set."""
        if self.at >= len(self.text):
            self.wrong("pii.pattern_unclosed", self.text.rfind("[", 0, self.at))
        if self.peek("\\"):
            return self.escaped()
        letter = self.text[self.at]
        if letter == "[":
            self.wrong("pii.pattern_set")
        self.at += 1
        return literal(letter)


def _meant(piece: Piece) -> str:
    """The character that a piece of a set is; empty where it is many."""
    text = piece.text
    if len(text) == 1:
        return text
    return text[1] if len(text) == 2 and text[0] == "\\" and text[1] not in LETTERED else ""


def understood(text: str) -> str:
    """The pattern as RE2 takes it, at its ends not inside a word; refused with the place where it is wrong."""
    if len(text) > LONGEST:
        raise Invalid("pii.pattern_too_long", most=LONGEST)
    if not text.strip() or not text.isprintable():
        raise Invalid("pii.pattern_unprintable")
    reader = Reader(text)
    piece = reader.alternatives()
    if reader.at < len(text):
        reader.wrong("pii.pattern_unopened")
    if piece.most > WIDEST or piece.steps > MOST_STEPS:
        reader.wrong("pii.pattern_too_long_match", 0)
    if piece.least == 0:
        raise Invalid("pii.pattern_empty")
    return "(?i)" + EDGE * piece.begins + f"(?:{piece.text})" + EDGE * piece.ends
