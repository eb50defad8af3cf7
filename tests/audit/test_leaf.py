"""A leaf is an entry in its place, written by hand quickly and read back the slow way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import SAFE, canonical, parse
from audit.leaf import MOST_SUBJECTS, VERSION, Alike, Link, entry_bytes, leaf_bytes, subjects_of
from audit.refusals import Invalid

subjects = st.from_regex(r"[a-z][a-z0-9_]*:[A-Za-z0-9._:/~-]{1,200}", fullmatch=True)
links = st.lists(
    st.builds(Link, subjects, st.integers(0, SAFE), st.none() | st.integers(0, SAFE)), unique_by=lambda each: each[0]
)


@given(links, st.integers(0, SAFE))
def test_a_leaf_is_written_as_the_canonical_form_has_it(links: list[Link], seq: int) -> None:
    entry = {"about": {"a": 1}, "subjects": [each.subject for each in links], "v": 1}
    said = [{"id": each.subject, "subj_seq": each.number, "subj_prev": each.previous} for each in links]
    assert leaf_bytes(canonical(entry), seq, links) == canonical({"entry": entry, "seq": seq, "subjects": said, "v": 1})


@given(st.lists(subjects), st.dictionaries(st.sampled_from(["subjects", "v", "z"]), st.text('":,[]v subject1\\')))
def test_subjects_are_read_from_the_end_whatever_comes_before(names: list[str], about: dict[str, str]) -> None:
    entry = canonical({"about": {**about, "nested": {"subjects": ["not:this"], "v": 1}}, "subjects": names, "v": 1})
    assert subjects_of(entry) == names == parse(entry)["subjects"]


@pytest.mark.parametrize("bad", [b"", b"{}", b'{"subjects":["a:1"]', b'{"subjects":[1],"v":1}', b',"v":1}"subjects":['])
def test_bytes_that_are_no_entry_are_refused(bad: bytes) -> None:
    with pytest.raises(Invalid):
        subjects_of(bad)


def test_subjects_nobody_would_offer_are_still_read_as_json_has_them() -> None:
    for names in ([], ["a:1"], ['a"b'], ["a\\", "b:2"], ["é:1"], ['x","y'], ["a:1", "b c"]):
        assert subjects_of(canonical({"subjects": names, "v": 1})) == names


AT = "2026-11-20T10:00:00.000000Z"
ALIKE = {
    "v": VERSION, "action": "lineage.event_accepted", "outcome": "success",
    "actor": {"id": "1", "kind": "service", "via": "token", "on_behalf_of": None, "token": None}, "scope": None,
    "private": {},
}  # fmt: skip


@given(
    st.lists(subjects, max_size=3, unique=True),
    st.dictionaries(st.sampled_from(["about", "id", "subjects"]), st.text('"{}[]:,\\aé')),
)
def test_entries_that_are_alike_are_written_as_each_alone(names: list[str], about: dict[str, str]) -> None:
    alone = entry_bytes({**ALIKE, "at": AT, "id": "x-1", "subjects": names, "about": about})
    assert Alike(ALIKE).bytes_of("x-1", AT, names, about) == alone


@pytest.mark.parametrize(
    ("names", "about"),
    [
        (["no subject"], {}),
        (["a:1", "a:1"], {}),
        ([f"a:{n}" for n in range(MOST_SUBJECTS + 1)], {}),
        (["a:1"], {"x": 1.5}),
        (["a:1"], {"x": "y" * 65_536}),
    ],
)
def test_and_what_one_alone_may_not_say_is_refused_alike(names: list[str], about: dict[str, object]) -> None:
    with pytest.raises(Invalid) as alone:
        entry_bytes({**ALIKE, "at": AT, "id": "x-1", "subjects": names, "about": about})
    with pytest.raises(Invalid) as together:
        Alike(ALIKE).bytes_of("x-1", AT, names, about)
    assert together.value.code == alone.value.code
