"""What a workspace chooses of the rules of scans: a part of them, and of their digest."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from audit.refusals import Refused

COUNTRIES = ("US", "GB", "BR", "MX", "ES", "PT", "AR", "CL", "CO", "PE", "DE", "FR", "CA", "IN", "IL")
"""Whose telephone numbers are known without a country code, until somebody chooses others."""
NAMED_AT_MOST = 10


@dataclass(frozen=True)
class Chosen:
    """The countries whose telephone numbers are known without a country code, in a fixed order."""

    countries: tuple[str, ...] = COUNTRIES

    def in_countries(self, wanted: Iterable[str], possible: Iterable[str]) -> "Chosen":
        """The same with other countries: one or more two-letter codes of those that are `possible`."""
        codes = {code.strip().upper() for code in wanted if code.strip()}
        unknown = sorted(codes - set(possible))
        if unknown:
            raise Refused("pii.unknown_country", codes=", ".join(code[:12] for code in unknown[:NAMED_AT_MOST]))
        if not codes:
            raise Refused("pii.no_country")
        return replace(self, countries=in_order(codes))

    def as_json(self) -> dict[str, Any]:
        """As it is kept, and given to the process of a scan."""
        return asdict(self)


def in_order(codes: Iterable[str]) -> tuple[str, ...]:
    """Countries in the order in which they are asked: the usual ones first, so that equal choices are equal rules."""
    wanted = set(codes)
    return (*(code for code in COUNTRIES if code in wanted), *sorted(wanted - set(COUNTRIES)))


def chosen_of(told: Mapping[str, Any]) -> Chosen:
    """What was kept, or given to a process; what was not said is as usual."""
    return Chosen(countries=tuple(told["countries"]) if "countries" in told else COUNTRIES)
