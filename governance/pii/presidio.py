"""Presidio, on its engine without a model: the only file that knows it. Imported in the scan's child process alone."""

import hashlib
import logging
import os
import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import repeat
from pathlib import Path
from typing import Any

os.environ["TLDEXTRACT_PUBLIC_SUFFIX_LIST_URLS"] = ""
os.environ["REGEX_TIMEOUT_SECONDS"] = "2"

from governance.pii import credentials, national, shapes, sieve
from governance.pii.chosen import COUNTRIES, Chosen
from governance.pii.sight import Hit
from governance.pii.telephones import PHONE_WORD

BARE_REGIONS = ("US", "BR", "CO")
CHECKED = ("CREDIT_CARD", "IBAN_CODE", "CRYPTO", "MEDICAL_LICENSE")
THRESHOLDS = {
    **dict.fromkeys(CHECKED, 0.9), "EMAIL_ADDRESS": 0.9, "IP_ADDRESS": 0.5, "MAC_ADDRESS": 0.5, "PHONE_NUMBER": 0.4,
    "US_SSN": 0.05, "US_ITIN": 0.05, "US_PASSPORT": 0.05, "US_DRIVER_LICENSE": 0.01, "US_BANK_NUMBER": 0.05,
}  # fmt: skip
NEEDS = {
    "EMAIL_ADDRESS": re.compile("@"),
    "CREDIT_CARD": re.compile(r"(?:\d[ -]?){11}\d"),
    "IBAN_CODE": re.compile(r"[A-Z]{2}\d{2}[ -]?[A-Z0-9]{2}", re.IGNORECASE),
    "CRYPTO": re.compile(r"(?:[13]|bc1)[a-z0-9]{25}|0x[0-9a-f]{40}", re.IGNORECASE),
    "IP_ADDRESS": re.compile(
        r"(?<![\w.])(?<![a-z]/)\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)|(?:[0-9a-f]{1,4}:){6}|::",
        re.IGNORECASE,
    ),
    "MAC_ADDRESS": re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}", re.IGNORECASE),
}
UNDER_HEADER = frozenset({"MEDICAL_LICENSE", "US_PASSPORT", "US_DRIVER_LICENSE", "US_BANK_NUMBER"})
NINE = re.compile(r"\d{3}[- .]?\d{2}[- .]?\d{4}")
NINE_GROUPED = re.compile(r"\d{3}[- ]\d{2}[- ]\d{4}")
PHONE_GROUPED = re.compile(r"\+\d|\(\d{1,4}\)|(?<![\w.-])\d{1,4}[ .-]\d{2,5}[ .-]\d{2,4}(?!\d)")
MOST_TIMEOUTS = 3
ENOUGH = 64
USUAL = Chosen()
LAID_OUT = frozenset(national.LAID_OUT)
EVERYTHING = frozenset({*THRESHOLDS, *sieve.NUMBERS, "SECRET"})
"""All that is looked for in a value by itself, by the names of `sieve.group`."""
JUDGES = (
    "databases", "lakes", "tables",
    "checksums", "chosen", "columns", "credentials", "evidence", "examine", "expressions", "headers", "lookalikes",
    "lowest", "marks", "namereader", "names", "national", "own", "patterns", "presidio", "prose",
    "readers", "recognisers", "rules", "shapes", "sieve", "sight", "statistics", "telephones",
)  # fmt: skip


def versions() -> dict[str, str]:
    """The versions that can change a judgement, read without importing anything heavy."""
    return {name: version(name) for name in ("presidio-analyzer", "python-stdnum", "phonenumbers", "tldextract")}


def settings(chosen: Chosen) -> dict[str, object]:
    """All that pins the recognisers, and what a workspace chose, for the ruleset digest."""
    needs = {entity: pattern.pattern for entity, pattern in NEEDS.items()}
    return {"versions": versions(), "thresholds": THRESHOLDS, "needs": needs, "code": code(), **chosen.as_json()}


def code() -> str:
    """The digest of the modules that judge: a rule cannot change without the ruleset's digest."""
    seal = hashlib.sha256()
    for name in JUDGES:
        seal.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    for name in ("given_names", "family_names"):
        seal.update(Path(__file__).with_name(f"{name}.txt").read_bytes())
    return seal.hexdigest()


class Timeouts(logging.Handler):
    """Counts what Presidio only mentions in its log: a pattern that ran out of time was not looked for."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """A warning about time means a value that was not examined."""
        if "timed out" in record.getMessage():
            self.count += 1


@dataclass
class Tally:
    """National numbers value by value; a check that at most luck has passed in many bare numbers is tried no more."""

    suggested: frozenset[str] = frozenset()
    tried: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)

    def vain(self, entity: str, least: float) -> bool:
        """Enough were tried, and too few passed to go on."""
        if entity in self.suggested or self.tried[entity] < ENOUGH:
            return False
        return self.passed[entity] < least * self.tried[entity]

    def hits(self, value: str, may: Set[str] = EVERYTHING) -> list[Hit]:
        """The numbers in a value that pass their checks."""
        found: list[Hit] = []
        if may.isdisjoint(sieve.NUMBERS):
            return found
        bare = value.isdecimal()
        for kind in national.kinds_for(value):
            if (kind.base == 1 and kind.entity not in self.suggested | LAID_OUT) or (
                bare and self.vain(kind.entity, max(0.2, 3 * kind.base))
            ):
                continue
            for seen in kind.pattern.finditer(value):
                self.tried[kind.entity] += 1
                if kind.passes(seen.group()):
                    self.passed[kind.entity] += 1
                    found.append(Hit(kind.entity, seen.start(), seen.end(), 1.0 if kind.base < 1 else 0.1))
        return found


class Analyzer:
    """Presidio's engine with its own recognisers and ours, asked only for what a value can possibly be."""

    def __init__(self, chosen: Chosen = USUAL) -> None:
        self.chosen = chosen
        self.timeouts = Timeouts()
        logger = logging.getLogger("presidio-analyzer")
        logger.handlers, logger.propagate = [self.timeouts], False
        logger.setLevel(logging.WARNING)
        self._by_entity: dict[str, Any] = {}
        from governance.pii.patterns import find  # noqa: PLC0415 - a second of imports, only where it is used

        self._find = find

    def look(
        self, value: str, suggested: frozenset[str], kinds: Tally | None = None, may: Set[str] = EVERYTHING
    ) -> tuple[Hit, ...]:
        """What is seen in one value that `may` be in it; recognisers that could not match or count are not run."""
        kinds = kinds or Tally(suggested)
        if shapes.is_measure(value):
            numbers = suggested & national.KINDS.keys()
            return tuple(hit for hit in kinds.hits(value, may) if hit.entity in numbers) if numbers else ()
        entities = possible(value, suggested, may)
        hits = self._ask(value, entities) if entities else ()
        hits += tuple(kinds.hits(value, may))
        if "SECRET" in may:
            hits += tuple(Hit("SECRET", start, end, 1.0) for start, end in credentials.spans(value))
        if "PHONE_NUMBER" in may and may_be_phone(value, suggested) and not any(covers(hit, value) for hit in hits):
            hits += self._phones(value, kinds)
        return hits

    def _phones(self, value: str, tally: Tally) -> tuple[Hit, ...]:
        """Telephone numbers; where hardly any of many values that are nothing else was one, the next is not tried."""
        bare = "PHONE_NUMBER" not in tally.suggested and shapes.is_bare_phone(value)
        name = "bare telephone" if bare else "telephone" if shapes.is_phone(value) else ""
        if name and "PHONE_NUMBER" not in tally.suggested and tally.vain(name, 0.9 if bare else 0.1):
            return ()
        hits = self._bare(value) if bare else self._ask(value, ["PHONE_NUMBER"])
        tally.tried[name] += 1
        tally.passed[name] += bool(hits)
        return hits

    def _bare(self, value: str) -> tuple[Hit, ...]:
        """A number without any mark under a header that says nothing: only where few such numbers are valid."""
        bare = BARE_REGIONS if value[0] != "0" else ("GB",)
        regions = tuple(code for code in bare if code in self.chosen.countries)
        found = bool(regions) and self._recogniser("PHONE_NUMBER").valid(value, regions)
        return (Hit("PHONE_NUMBER", 0, len(value), 0.4),) if found else ()

    def _recogniser(self, entity: str) -> Any:
        self._by_entity = self._by_entity or {
            each.supported_entities[0]: each for each in recognizers(self.chosen.countries)
        }
        return self._by_entity[entity]

    def _ask(self, value: str, entities: list[str]) -> tuple[Hit, ...]:
        """Ask each entity's recogniser by itself: what Presidio's engine does around that changes nothing here."""
        found: dict[Hit, None] = {}
        for entity in entities:
            for seen in self._find(self._recogniser(entity), value):
                if seen.score >= THRESHOLDS.get(entity, 1.1):
                    found[Hit(entity, *seen)] = None
        return tuple(found)

    def examine(self, values: Sequence[str], suggested: frozenset[str]) -> tuple[list[tuple[Hit, ...]], int]:
        """The hits of each value, and how many patterns ran out of time; after three the rest is not examined."""
        start, hits, kinds = self.timeouts.count, [], Tally(suggested)
        could = sieve.each(values, suggested) if len(values) >= sieve.WORTH else repeat(EVERYTHING, len(values))
        for value, may in zip(values, could, strict=True):
            late = self.timeouts.count - start
            hits.append(self.look(value, suggested, kinds, may) if may and late < MOST_TIMEOUTS else ())
        return hits, self.timeouts.count - start


def possible(value: str, suggested: frozenset[str], may: Set[str] = EVERYTHING) -> list[str]:
    """The entity types, but for telephones, whose necessary condition holds: no other could have counted."""
    entities = [entity for entity, pattern in NEEDS.items() if entity in may and pattern.search(value)]
    entities += [entity for entity in UNDER_HEADER & suggested & may if shapes.digits(value) >= 5]
    nine = NINE if suggested & {"US_SSN", "US_ITIN"} else NINE_GROUPED
    if "US_SSN" in may and nine.search(value):
        entities += ["US_SSN", "US_ITIN"]
    return sorted(entities)


def may_be_phone(value: str, suggested: frozenset[str]) -> bool:
    """Seven digits or more, grouped as telephone numbers are, under a header or after a word that announces one."""
    count = shapes.digits(value)
    if count < 7 or (count > 15 and count == len(value)):
        return False
    if "PHONE_NUMBER" in suggested or shapes.is_bare_phone(value):
        return True
    return bool(PHONE_GROUPED.search(value)) or announced(value)


def covers(hit: Hit, value: str) -> bool:
    """Hardly a digit is left outside the hit, which is no number that passes its check once in ten by luck."""
    weak = hit.entity in national.KINDS and national.KINDS[hit.entity].base > national.STRONG
    return not weak and shapes.digits(value[: hit.start] + value[hit.end :]) < 7


def announced(value: str) -> bool:
    """A word such as `call` or `celular` comes right before some digits."""
    text = shapes.fold(value)
    return any(
        PHONE_WORD.search(text[max(0, run.start() - 40) : run.start()]) for run in re.finditer(r"(?<!\d)\d{7,}", text)
    )


def recognizers(countries: tuple[str, ...] = COUNTRIES) -> list[Any]:
    """Presidio's recognisers that can name a person's data; national numbers are looked for by their checks alone."""
    from presidio_analyzer import predefined_recognizers as own  # noqa: PLC0415

    from governance.pii.recognisers import Cards, Ibans, Mails, Phones, Wallets  # noqa: PLC0415

    plain = [
        own.IpRecognizer, own.MacAddressRecognizer, own.UsSsnRecognizer, own.UsItinRecognizer,
        own.UsPassportRecognizer, own.UsLicenseRecognizer, own.UsBankRecognizer, own.MedicalLicenseRecognizer,
        Ibans, Mails, Wallets,
    ]  # fmt: skip
    return [*(kind(supported_language="en") for kind in plain), Phones(countries), Cards()]


def warm() -> None:
    """Import what takes long, so that it is not counted with a table."""
    recognizers()
