import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.refusals import Invalid, Refused
from governance.catalog import rules
from governance.catalog.rules import Place, VersionState

FULL = {
    "purpose": "Flag card payments for review.",
    "out_of_scope_use": "Refusing a payment without a person.",
    "affected_people": "Card holders in Brazil and Mexico.",
    "owners": "Payments risk team",
    "metrics_by_slice": [{"slice": "over 60", "metric": "auc", "value": "0.91"}],
    "limits": "Not tested on instalments.",
    "oversight": "An analyst decides each case.",
    "risk_tier": "high",
}


def test_a_full_card_has_no_gaps_and_an_empty_one_has_all() -> None:
    assert rules.card_gaps(rules.read_card(FULL)) == []
    assert rules.card_gaps({}) == list(rules.CARD_FIELDS)


@given(st.sets(st.sampled_from(rules.CARD_FIELDS)))
def test_exactly_what_is_left_out_is_a_gap(left_out: set[str]) -> None:
    card = rules.read_card({field: value for field, value in FULL.items() if field not in left_out})
    assert set(rules.card_gaps(card)) == left_out


def test_blank_is_a_gap() -> None:
    assert rules.card_gaps(rules.read_card({"purpose": "  \n "}))[0] == "purpose"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ([], "catalog.card_shape"),
        ({"colour": "red"}, "request.unknown_fields"),
        ({"purpose": 3}, "catalog.card_shape"),
        ({"purpose": "a\x00b"}, "catalog.card_shape"),
        ({"purpose": "x" * 10_001}, "catalog.card_too_long"),
        ({"risk_tier": "extreme"}, "catalog.risk_tier"),
        ({"risk_tier": ["high"]}, "catalog.risk_tier"),
        ({"metrics_by_slice": "auc"}, "catalog.card_shape"),
        ({"metrics_by_slice": [["a", "b", "1"]]}, "catalog.card_shape"),
        ({"metrics_by_slice": [{"slice": "a", "metric": "b"}]}, "catalog.card_shape"),
        ({"metrics_by_slice": [{"slice": "a", "metric": "b", "value": "good"}]}, "catalog.slice_value"),
        ({"metrics_by_slice": [{"slice": "a", "metric": "b", "value": "NaN"}]}, "catalog.slice_value"),
        ({"metrics_by_slice": [FULL["metrics_by_slice"][0]] * 2}, "catalog.slice_twice"),
    ],
)
def test_what_is_no_card_is_refused_by_name(raw: object, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        rules.read_card(raw)
    assert refusal.value.code == code


def test_slices_survive_the_form() -> None:
    rows = FULL["metrics_by_slice"]
    assert rules.slices_from_text(rules.slices_to_text(rows)) == rows
    with pytest.raises(Invalid):
        rules.slices_from_text("over 60: 0.91")


def test_labels_are_lower_case_sorted_and_said_once() -> None:
    assert rules.read_labels([" Tier:One", "pii", "PII", ""]) == ["pii", "tier:one"]


@pytest.mark.parametrize("labels", [["a b"], ["-a"], ["a" * 63], ["é"], [f"l{n}" for n in range(21)]])
def test_a_label_nobody_could_type_is_refused(labels: list[str]) -> None:
    with pytest.raises(Invalid):
        rules.read_labels(labels)


@given(st.lists(st.sampled_from("ab"), min_size=1))
def test_a_version_is_compromised_exactly_when_another_digest_was_seen(seen: list[str]) -> None:
    state, known = VersionState.NOTED, ""
    for digest in seen:
        state = rules.state_after(state, known, digest)
        known = known or digest
    assert state == (VersionState.COMPROMISED if len(set(seen)) > 1 else VersionState.SEALED)


TREE = {"org": {"org"}, "a": {"org", "a"}, "a1": {"org", "a", "a1"}, "b": {"org", "b"}}


@pytest.mark.parametrize("event", TREE)
@pytest.mark.parametrize("registry", TREE)
def test_where_something_lives_does_not_depend_on_who_named_it_first(event: str, registry: str) -> None:
    event_place, registry_place = Place(event, TREE[event]), Place(registry, TREE[registry])
    event_first = rules.place_of(event_place, registry_place, adopted=False, by_registry=True)
    registry_first = rules.place_of(registry_place, event_place, adopted=False, by_registry=False)
    assert event_first == registry_first


def test_nothing_moves_what_somebody_adopted() -> None:
    assert rules.place_of(Place("org", TREE["org"]), Place("a", TREE["a"]), adopted=True, by_registry=True) == "org"
