"""What the protections that are in force are worth: which attack each one stops, shows, or leaves possible.

A rule: codes of active protections in, verdicts out. Two attackers are told apart. *Through the portal*: somebody who
acts with the portal's own rights in the database. *From above*: whoever owns the database or the server, superusers
included; nothing here stops them, and the question is only whether it shows.
"""

from collections.abc import Collection
from dataclasses import dataclass

RESISTED, DETECTED, OPEN = "resisted", "detected", "not"
CODES = (
    "guards",
    "roles",
    "event_triggers",
    "authorizer",
    "signed",
    "memory",
    "key_file",
    "key_elsewhere",
    "witnesses",
    "timestamps",
    "exports",
    "verified",
    "prompt",
)
"""Every protection there could be."""
ATTACKS = {
    "A": "edit",
    "B": "cut",
    "C": "rewrite",
    "D": "backdate",
    "E": "split",
    "F": "repeat",
    "G": "key_theft",
    "H": "lift_guards",
    "I": "old_backup",
}
_STOPPED = ({"guards", "roles"}, {"guards", "authorizer"})
_HELD_OUTSIDE = ({"signed", "exports"}, {"signed", "witnesses"}, {"signed", "timestamps"}, {"signed", "key_elsewhere"})
Ways = tuple[Collection[str], ...]
_THROUGH: dict[str, tuple[Ways, Ways]] = {
    "A": (_STOPPED, ({"signed"},)),
    "B": (_STOPPED, ({"signed", "memory"},)),
    "C": (_STOPPED, ({"signed", "key_file"},)),
    "D": ((), ({"witnesses"}, {"timestamps"})),
    "E": (({"witnesses"},), ({"exports"},)),
    "F": (({"guards"},), ({"signed"},)),
    "G": (({"key_file"}, {"key_elsewhere"}), _HELD_OUTSIDE),
    "H": (({"roles"}, {"authorizer"}), ({"verified"},)),
    "I": (_STOPPED, ({"signed", "memory"},)),
}
_FROM_ABOVE: dict[str, tuple[Ways, Ways]] = {
    "A": ((), ({"signed"},)),
    "B": ((), _HELD_OUTSIDE),
    "C": ((), _HELD_OUTSIDE),
    "D": ((), ({"witnesses"}, {"timestamps"})),
    "E": (({"witnesses"},), ({"exports"},)),
    "F": ((), ({"signed"},)),
    "G": (({"key_elsewhere"},), _HELD_OUTSIDE),
    "H": ((), ({"verified"}, {"signed"})),
    "I": ((), ({"signed", "memory"}, *_HELD_OUTSIDE)),
}


@dataclass(frozen=True)
class Verdict:
    """`resisted` (it does not happen), `detected` (it shows) or `not`, and the protections that make it so."""

    result: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attack:
    """One way to attack the log: its letter, its name, and what becomes of it by each attacker."""

    letter: str
    name: str
    through: Verdict
    above: Verdict


def attacks(active: Collection[str]) -> list[Attack]:
    """Every attack, and what the protections that are `active` make of it."""
    return [
        Attack(letter, name, _verdict(_THROUGH[letter], active), _verdict(_FROM_ABOVE[letter], active))
        for letter, name in ATTACKS.items()
    ]


def prevention(active: Collection[str]) -> str:
    """Who keeps the log from being changed: the `database`, only the `application`, or `nobody`."""
    if {"guards", "roles"} <= set(active):
        return "database"
    return "application" if "guards" in active else "nobody"


def detection(active: Collection[str]) -> str:
    """Whether a change shows: `full` (to whoever holds something outside), `partial` (to this server), or `none`."""
    if any(set(way) <= set(active) for way in _HELD_OUTSIDE):
        return "full"
    return "partial" if "signed" in active else "none"


def _verdict(ways: tuple[Ways, Ways], active: Collection[str]) -> Verdict:
    for result, choices in zip((RESISTED, DETECTED), ways, strict=True):
        for way in choices:
            if set(way) <= set(active):
                return Verdict(result, tuple(code for code in CODES if code in way))
    return Verdict(OPEN)
