"""Recognisers of our own, in Presidio's terms: payment cards in full, telephones region by region."""

import re
from typing import Any

import phonenumbers
from presidio_analyzer import Pattern, RecognizerResult
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    CryptoRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    PhoneRecognizer,
)
from stdnum.iso7064 import mod_97_10

from governance.pii.shapes import digits, is_laid_out_phone, is_phone
from governance.pii.sight import standing_alone

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


class Mails(EmailRecognizer):
    """Presidio's recogniser of mail addresses, asked of the words with an @: its pattern fits no space."""

    WORD = re.compile(r"\S*@\S*")

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None, regex_flags: Any = None) -> list[Any]:
        """What it finds in each of these words, where it stands in the whole."""
        found: list[Any] = []
        for word in self.WORD.finditer(text):
            for seen in super().analyze(word.group(), entities, nlp_artifacts, regex_flags) or []:
                at = word.start()
                found.append(RecognizerResult(seen.entity_type, seen.start + at, seen.end + at, seen.score))
        return found


class Ibans(IbanRecognizer):
    """Presidio's IBAN recogniser, and the check digits alone where it knows no form of that country's."""

    ANY = re.compile(r"(?<![\w-])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?![\w-])", re.IGNORECASE | re.ASCII)

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None, regex_flags: Any = None) -> list[Any]:
        """What Presidio finds, else what passes modulo 97."""
        found: list[Any] = super().analyze(text, entities, nlp_artifacts, regex_flags) or []
        if any(seen.score >= 1 for seen in found):
            return found
        seen = [each for each in self.ANY.finditer(text) if mod_97_10.is_valid(moved(each.group()))]
        return [RecognizerResult("IBAN_CODE", each.start(), each.end(), 1.0) for each in seen]


def moved(text: str) -> str:
    """An IBAN as its check wants it: the first four letters last."""
    plain = re.sub(r"[ -]", "", text).upper()
    return plain[4:] + plain[:4]


class Wallets(CryptoRecognizer):
    """Presidio's recogniser of Bitcoin addresses, and Ethereum's: `0x` and forty hexadecimal digits."""

    ETHER = re.compile(r"(?<![\w-])0x[0-9a-fA-F]{40}(?![\w-])")

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None, regex_flags: Any = None) -> list[Any]:
        """What Presidio finds, and Ethereum's form, which has no check digits in lower case."""
        found: list[Any] = super().analyze(text, entities, nlp_artifacts, regex_flags) or []
        return found + [RecognizerResult("CRYPTO", seen.start(), seen.end(), 1.0) for seen in self.ETHER.finditer(text)]


class Phones(PhoneRecognizer):
    """Presidio's telephone recogniser, asked region by region only until one explains the whole value."""

    AMONG_WORDS = re.compile(r"(?<![\w+(])(?:\+|\()?\d[\d ().-]{5,20}\d(?!\w)", re.ASCII)

    def __init__(self, regions: tuple[str, ...]) -> None:
        super().__init__(supported_regions=regions)
        self._regions = list(regions)

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:
        """The union of what the regions see, until no digits are left for another number."""
        if is_phone(text) and self.valid(text):
            return [RecognizerResult("PHONE_NUMBER", 0, len(text), self.SCORE)]
        found = self.plainly(text)
        if explained(text, found):
            return found
        for region in self._regions:
            self.supported_regions = (region,)
            found += super().analyze(text, entities, nlp_artifacts)
            if explained(text, found) or (text.startswith("+") and len(text) < LONGEST_NUMBER):
                break  # a number with its country code means the same in every region
        return found

    def plainly(self, text: str) -> list[Any]:
        """Numbers among words that are laid out as people do: the usual case, and much quicker to tell."""
        seen = [each for each in self.AMONG_WORDS.finditer(text) if is_laid_out_phone(each.group())]
        good = [each for each in seen if self.valid(each.group())]
        return [RecognizerResult("PHONE_NUMBER", each.start(), each.end(), self.SCORE) for each in good]

    def valid(self, text: str, regions: tuple[str, ...] = ()) -> bool:
        """A number as a whole, valid in one of the regions; the one that knew the last one is asked first."""
        for region in regions or self._regions:
            try:
                number = phonenumbers.parse(text, region)
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_valid_number(number):
                if not regions:
                    self._regions.remove(region)
                    self._regions.insert(0, region)
                return True
        return False


def explained(text: str, found: list[Any]) -> bool:
    """Something was found that is no part of a longer code, and too few digits for another number stand outside."""
    sure = [seen for seen in found if standing_alone(text, seen.start, seen.end)]
    inside = {at for seen in sure for at in range(seen.start, seen.end)}
    return bool(sure) and digits("".join(letter for at, letter in enumerate(text) if at not in inside)) < 7
