"""Recognisers of our own, in Presidio's terms: payment cards in full, and national numbers by python-stdnum."""

import re
from typing import Any

from presidio_analyzer import Pattern, PatternRecognizer
from presidio_analyzer.predefined_recognizers import CreditCardRecognizer, PhoneRecognizer

from governance.pii.evidence import standing_alone
from governance.pii.shapes import digits

LONGEST_NUMBER = 24
LENGTHS = (
    (re.compile(r"3[47]"), {15}),  # American Express
    (re.compile(r"4"), {13, 16, 19}),  # Visa
    (re.compile(r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)"), {16}),  # Mastercard, both series
    (re.compile(r"30[0-5]|309|3[689]"), {14, 16, 17, 18, 19}),  # Diners
    (re.compile(r"35(?:2[89]|[3-8])"), {16, 17, 18, 19}),  # JCB
    (re.compile(r"1800|2131"), {15}),  # JCB of old
    (re.compile(r"5[06-8]|6"), {12, 13, 14, 15, 16, 17, 18, 19}),  # Maestro, Discover, UnionPay, Elo, RuPay
)


class Cards(CreditCardRecognizer):
    """Presidio's card recogniser with the ranges it misses: Mastercard 2-series, 12 and 18 to 19 digits."""

    def __init__(self) -> None:
        wide = Pattern("Cards of 12 to 19 digits", r"(?<!\d)\d(?:[ -]?\d){11,18}(?!\d)", 0.3)
        super().__init__(patterns=[*CreditCardRecognizer.PATTERNS, wide], supported_language="en")

    def validate_result(self, pattern_text: str) -> bool:
        """Luhn, a known issuer range, the length that issuer uses, and more than one different digit."""
        number = re.sub(r"[ -]", "", pattern_text)
        known = any(start.match(number) and len(number) in lengths for start, lengths in LENGTHS)
        return known and len(set(number)) > 1 and bool(super().validate_result(pattern_text))


class Phones(PhoneRecognizer):
    """Presidio's telephone recogniser, asked region by region only until one explains the whole value."""

    def __init__(self, regions: tuple[str, ...]) -> None:
        super().__init__(supported_regions=regions)
        self._regions = regions

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:
        """The union of what the regions see, until no digits are left for another number."""
        found: list[Any] = []
        for region in self._regions:
            self.supported_regions = (region,)
            found += super().analyze(text, entities, nlp_artifacts)
            if explained(text, found) or (text.startswith("+") and len(text) < LONGEST_NUMBER):
                break  # a number with its country code means the same in every region
        return found


def explained(text: str, found: list[Any]) -> bool:
    """Something was found that is no part of a longer code, and too few digits for another number stand outside."""
    sure = [seen for seen in found if standing_alone(text, seen.start, seen.end)]
    inside = {at for seen in sure for at in range(seen.start, seen.end)}
    return bool(sure) and digits("".join(letter for at, letter in enumerate(text) if at not in inside)) < 7


class National(PatternRecognizer):
    """A national number by its pattern and python-stdnum's check."""

    def __init__(self, entity: str, pattern: str, module: Any) -> None:
        self._module = module
        super().__init__(supported_entity=entity, patterns=[Pattern(entity, pattern, 0.3)], supported_language="en")

    def validate_result(self, pattern_text: str) -> bool:
        """The check digits, and not one digit repeated (which satisfies them in vain)."""
        text = re.sub(r"[^0-9A-Za-z]", "", pattern_text)
        return len(set(text)) > 1 and bool(self._module.is_valid(text.upper()))
