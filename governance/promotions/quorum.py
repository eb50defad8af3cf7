"""Whether enough different people approve, and whether enough different people could.

One person may be eligible under several rules but fills one slot only, so slots and people are matched (augmenting
paths, Kuhn 1955): counting per rule, or giving people away greedily, answers wrongly when somebody holds two roles.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from governance.policies.rules import Rule


def assign(rules: Sequence[Rule], people: Mapping[str, Collection[UUID]]) -> dict[str, set[UUID]]:
    """Return a largest assignment of distinct people to the rules' slots, by rule name.

    `people` says who may fill a slot of each rule.
    """
    slots = [rule.name for rule in rules for _ in range(rule.needed)]
    taken: dict[UUID, int] = {}
    for slot in range(len(slots)):
        _place(slot, slots, people, taken, set())
    given: dict[str, set[UUID]] = {rule.name: set() for rule in rules}
    for person, slot in taken.items():
        given[slots[slot]].add(person)
    return given


def satisfied(rules: Sequence[Rule], people: Mapping[str, Collection[UUID]]) -> bool:
    """Whether distinct people fill every slot; no rules at all is never satisfied."""
    given = assign(rules, people)
    return bool(rules) and all(len(given[rule.name]) == rule.needed for rule in rules)


def _place(
    slot: int, slots: Sequence[str], people: Mapping[str, Collection[UUID]], taken: dict[UUID, int], tried: set[UUID]
) -> bool:
    for person in sorted(people.get(slots[slot], ()), key=str):
        if person in tried:
            continue
        tried.add(person)
        if person not in taken or _place(taken[person], slots, people, taken, tried):
            taken[person] = slot
            return True
    return False
