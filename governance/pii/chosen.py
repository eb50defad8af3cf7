"""What a workspace chooses of the rules of scans: a part of them, and of their digest."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from audit.refusals import Invalid, NotSeen, Refused
from governance.pii.headers import words as words_of
from governance.pii.shapes import fold

COUNTRIES = ("US", "GB", "BR", "MX", "ES", "PT", "AR", "CL", "CO", "PE", "DE", "FR", "CA", "IN", "IL")
"""Whose telephone numbers are known without a country code, until somebody chooses others."""
NAMED_AT_MOST = 10
LANGUAGES = ("en", "es", "pt")
MOST_OWN, MOST_PATTERNS, MOST_WORDS = 50, 5, 30
LONGEST_LABEL, LONGEST_ENTITY, LONGEST_WORDS = 60, 40, 60
SURE, LIKELY, WEAK = 0.9, 0.5, 0.05
PREFIX = "OWN_"


@dataclass(frozen=True)
class Own:
    """A recogniser of a workspace's own: what it is called, its patterns, and the words of headers that announce it.

    `check` names a check of its digits, if there is one. `score` says what a match proves by itself: from `SURE` on one
    is enough, from `LIKELY` on when at least half of a column's values are one, below only under a header.
    """

    entity: str
    label: str
    patterns: tuple[str, ...]
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    check: str = ""
    score: float = LIKELY

    @property
    def ways(self) -> tuple[tuple[str, ...], ...]:
        """The words that announce it, in whatever language, each way as the words it takes."""
        return tuple(words_of(way) for _language, said in self.words for way in said)


def entity_of(label: str) -> str:
    """What an entity that is called so is to machines: `Employee number` is `OWN_EMPLOYEE_NUMBER`."""
    plain = re.sub(r"[^a-z0-9]+", "_", fold(label)).strip("_").upper()[: LONGEST_ENTITY - len(PREFIX)].strip("_")
    return PREFIX + (plain or hashlib.sha256(label.encode()).hexdigest()[:12].upper())


def own_of(told: Mapping[str, Any]) -> Own:
    """A recogniser as it was kept, or given to a process."""
    words = tuple((language, tuple(said)) for language, said in told["words"])
    return Own(told["entity"], told["label"], tuple(told["patterns"]), words, told["check"], told["score"])


def label_checked(label: str) -> str:
    """The label without blanks around; refused when it is not a few plain words."""
    label = " ".join(label.split())
    if not 2 <= len(label) <= LONGEST_LABEL or not label.isprintable() or not any(map(str.isalpha, label)):
        raise Invalid("pii.own_label", most=LONGEST_LABEL)
    return label


def words_checked(said: Mapping[str, Iterable[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The words by language, folded and in order; refused when they are too many, too long, or none at all."""
    found = []
    for language in LANGUAGES:
        ways = sorted({" ".join(words_of(way)) for way in said.get(language, ()) if way.strip()})
        if len(ways) > MOST_WORDS or any(not 1 <= len(way) <= LONGEST_WORDS for way in ways):
            raise Invalid("pii.own_words", most=MOST_WORDS, longest=LONGEST_WORDS)
        found.append((language, tuple(ways)))
    return tuple(found)


@dataclass(frozen=True)
class Chosen:
    """The countries whose telephone numbers are known without a country code, and recognisers, in a fixed order.

    `names` is the language model, with its version, that looks for names in free text; empty for none.
    """

    countries: tuple[str, ...] = COUNTRIES
    own: tuple[Own, ...] = ()
    names: str = ""

    def in_countries(self, wanted: Iterable[str], possible: Iterable[str]) -> "Chosen":
        """The same with other countries: one or more two-letter codes of those that are `possible`."""
        codes = {code.strip().upper() for code in wanted if code.strip()}
        unknown = sorted(codes - set(possible))
        if unknown:
            raise Refused("pii.unknown_country", codes=", ".join(code[:12] for code in unknown[:NAMED_AT_MOST]))
        if not codes:
            raise Refused("pii.no_country")
        return replace(self, countries=in_order(codes))

    def with_names(self, title: str, possible: Iterable[str]) -> "Chosen":
        """The same with a language model of those that are `possible`, or with none."""
        if title and title not in set(possible):
            raise Refused("pii.unknown_model", model=title[:80])
        return replace(self, names=title)

    def recogniser(self, entity: str) -> Own:
        """The recogniser of an entity; refused when there is none."""
        for each in self.own:
            if each.entity == entity:
                return each
        raise NotSeen("not_seen", what="recogniser")

    def with_own(self, wanted: Own) -> "Chosen":
        """The same with a recogniser more, or with another one of the same entity."""
        others = [each for each in self.own if each.entity != wanted.entity]
        if any(each.label.casefold() == wanted.label.casefold() for each in others):
            raise Refused("pii.own_label_taken")
        if len(others) >= MOST_OWN:
            raise Refused("pii.own_too_many", most=MOST_OWN)
        return replace(self, own=tuple(sorted([*others, wanted], key=lambda each: each.entity)))

    def without_own(self, entity: str) -> "Chosen":
        """The same without the recogniser of that entity."""
        gone = self.recogniser(entity)
        return replace(self, own=tuple(each for each in self.own if each != gone))

    def as_json(self) -> dict[str, Any]:
        """As it is kept, and given to the process of a scan."""
        return asdict(self)


def in_order(codes: Iterable[str]) -> tuple[str, ...]:
    """Countries in the order in which they are asked: the usual ones first, so that equal choices are equal rules."""
    wanted = set(codes)
    return (*(code for code in COUNTRIES if code in wanted), *sorted(wanted - set(COUNTRIES)))


def chosen_of(told: Mapping[str, Any]) -> Chosen:
    """What was kept, or given to a process; what was not said is as usual."""
    countries = tuple(told["countries"]) if "countries" in told else COUNTRIES
    return Chosen(countries, tuple(map(own_of, told.get("own", ()))), str(told.get("names", "")))
