from itertools import permutations
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.policies.rules import Rule
from governance.promotions.quorum import assign, satisfied

PEOPLE = [UUID(int=n) for n in range(1, 6)]
ANA, BEN, *_ = PEOPLE


def rule(name, needed):
    return Rule(name, "approver", needed, ("artifact",))


def test_no_rules_are_never_satisfied():
    assert not satisfied([], {})


def test_one_person_fills_one_slot_only():
    rules = [rule("a", 1), rule("b", 1)]
    assert not satisfied(rules, {"a": {ANA}, "b": {ANA}})
    assert satisfied(rules, {"a": {ANA, BEN}, "b": {ANA}})


def test_the_same_person_twice_is_one_person():
    assert not satisfied([rule("a", 2)], {"a": [ANA, ANA]})


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(st.integers(1, 2), min_size=1, max_size=3),
    st.lists(st.sets(st.sampled_from(PEOPLE)), min_size=3, max_size=3),
)
def test_matching_agrees_with_trying_every_order(needed, sets):
    rules = [rule(f"r{n}", k) for n, k in enumerate(needed)]
    people = {each.name: sets[n] for n, each in enumerate(rules)}
    slots = [each.name for each in rules for _ in range(each.needed)]
    brute = (
        any(
            all(person in people[slot] for person, slot in zip(order, slots, strict=True))
            for order in permutations(PEOPLE, len(slots))
        )
        if len(slots) <= len(PEOPLE)
        else False
    )
    assert satisfied(rules, people) == brute
    given_out = [person for each in assign(rules, people).values() for person in each]
    assert len(given_out) == len(set(given_out))
