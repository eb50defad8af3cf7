"""Understanding events: whatever can be kept is kept, and what was odd is said."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.refusals import Malformed
from lineage import event

RUN = "01a1f883-1864-7d57-a48f-0268cd68af62"


def say(**more):
    return {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-20T10:00:00Z",
        "producer": "https://example.org/p",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
        "run": {"runId": RUN},
        "job": {"namespace": "jobs", "name": "clean"},
        "inputs": [{"namespace": "file", "name": "/raw.csv"}],
        "outputs": [{"namespace": "file", "name": "/clean.csv"}],
        **more,
    }


def test_a_good_event_has_no_warnings():
    seen = event.understand(say())
    assert (seen.kind, seen.state, seen.warnings) == ("run", "COMPLETE", ())
    assert seen.run is not None
    assert seen.run.uuid == UUID(RUN)
    assert seen.at == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_a_job_event_and_a_dataset_event_are_told_apart():
    assert event.understand(say(run=None)).kind == "job"
    seen = event.understand({"eventTime": "2026-11-20T10:00:00Z", "dataset": {"namespace": "file", "name": "/a"}})
    assert seen.kind == "dataset"
    assert [one.name for one in seen.outputs] == ["/a"]


def test_a_run_id_that_is_no_uuid_becomes_the_same_uuid_each_time():
    first = event.understand(say(run={"runId": "run_id"}))
    again = event.understand(say(run={"runId": "run_id"}))
    other = event.understand(say(run={"runId": "run_id"}, job={"namespace": "jobs", "name": "other"}))
    assert first.run is not None and again.run is not None and other.run is not None
    assert first.run.uuid == again.run.uuid != other.run.uuid
    assert first.run.uuid.version == 5
    assert "run.id_not_uuid" in first.warnings


def test_a_run_without_an_id_is_kept_as_what_its_job_declares():
    seen = event.understand(say(run={}))
    assert seen.kind == "job"
    assert "run.no_id" in seen.warnings


@pytest.mark.parametrize(
    ("given", "warning", "expected"),
    [
        ("2020-12-28T19:52:00.001", "time.no_zone", datetime(2020, 12, 28, 19, 52, 0, 1000, tzinfo=UTC)),
        ("2020-12-28T19:52:00.001+10:00", None, datetime(2020, 12, 28, 9, 52, 0, 1000, tzinfo=UTC)),
        (
            "2020-12-28T19:52:00.123456789Z",
            "time.finer_than_microseconds",
            datetime(2020, 12, 28, 19, 52, 0, 123456, tzinfo=UTC),
        ),
        ("yesterday", "time.unreadable", None),
        ("0001-01-01T00:00:00+14:00", "time.unreadable", None),
        (12, "time.missing", None),
    ],
)
def test_times_are_read_as_they_are_meant(given, warning, expected):
    seen = event.understand(say(eventTime=given))
    assert seen.at == expected
    assert (warning in seen.warnings) if warning else not seen.warnings


def test_only_an_event_without_job_and_dataset_is_refused():
    for nothing in ({}, {"job": {"namespace": "n"}}, {"run": {"runId": RUN}, "inputs": [{"namespace": "n"}]}):
        with pytest.raises(Malformed, match="nothing_identified"):
            event.understand(nothing)
    for wrong in (None, [], "text", 3):
        with pytest.raises(Malformed, match="not_an_object"):
            event.understand(wrong)


def test_wrong_types_become_warnings():
    seen = event.understand(
        say(
            inputs="none",
            outputs=[{"name": "/a", "facets": {"x": 3}}, {"namespace": "n"}],
            eventType="DONE",
            producer="feast",
        )
    )
    assert set(seen.warnings) >= {
        "inputs.not_a_list",
        "namespace.missing",
        "facet.not_an_object",
        "outputs.no_name",
        "state.unknown",
        "producer.not_a_uri",
    }
    assert [one.name for one in seen.outputs] == ["/a"]


def test_a_deleted_facet_is_gone():
    seen = event.understand(say(job={"namespace": "n", "name": "j", "facets": {"sql": {"_deleted": True}, "b": {}}}))
    assert seen.job is not None
    assert set(seen.job.facets) == {"b"}


def test_the_parent_run_is_found_and_a_broken_one_is_not():
    parent = {"run": {"runId": RUN}, "job": {"namespace": "n", "name": "dag"}}
    seen = event.understand(say(run={"runId": RUN, "facets": {"parent": parent}}))
    broken = event.understand(say(run={"runId": RUN, "facets": {"parent": {"run": {"noRunId": "x"}}}}))
    assert seen.run is not None and broken.run is not None
    assert event.parent_of(seen.run) == UUID(RUN)
    assert event.parent_of(broken.run) is None


def test_numbers_json_does_not_know_and_broken_text_are_mended():
    value, warnings = event.decode(
        b'{"a": NaN, "b": -Infinity, "c": "x\\u0000y", "d": "\\ud83d", "e": "\\ud83d\\ude00"}'
    )
    assert value == {"a": None, "b": None, "c": "xy", "d": "\ufffd", "e": "😀"}
    assert set(warnings) == {"number.not_finite", "text.nul", "text.lone_surrogate"}
    assert event.decode(b'{"a": "\xff"}') == ({"a": "\ufffd"}, ["text.not_utf8"])


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 200_000, b"nope", b'{"a": ' + b"1" * 5000 + b"}"])
def test_what_is_not_json_is_refused(body):
    with pytest.raises(Malformed, match="not_json"):
        event.decode(body)


def test_the_canonical_text_does_not_depend_on_order_and_has_no_infinity():
    assert event.canonical({"b": 1, "a": "é"}) == '{"a":"é","b":1}'
    assert event.canonical({"a": [float("inf")]}) == '{"a":[null]}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("aZ\x00é:/", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aZ\x00é:/", max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["job", "run", "dataset", "inputs", "outputs", "eventTime", "eventType"]), JSON))
def test_no_json_value_is_more_than_a_refusal(value):
    named = [
        value.get("job"),
        value.get("dataset"),
        *event.items(value.get("inputs")),
        *event.items(value.get("outputs")),
    ]
    if any(isinstance(one, dict) and isinstance(one.get("name"), str) and one["name"] for one in named):
        event.understand(value)
    else:
        with pytest.raises(Malformed, match="nothing_identified"):
            event.understand(value)


@pytest.mark.parametrize(
    ("text", "kept", "warnings"),
    [
        (r'"\ud83d\ude00"', "\U0001f600", []),
        (r'"\ud83d"', "\ufffd", ["text.lone_surrogate"]),
        (r'"\ude00"', "\ufffd", ["text.lone_surrogate"]),
        (r'"\ude00\ud83d"', "\ufffd\ufffd", ["text.lone_surrogate"]),
        (r'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600", ["text.lone_surrogate"]),
        (r'"\ud83d\ude00\ude00"', "\U0001f600\ufffd", ["text.lone_surrogate"]),
        (r'"\\ud83d\ude00"', "\\ud83d\ufffd", ["text.lone_surrogate"]),
        (r'"\\\ud83d"', "\\\ufffd", ["text.lone_surrogate"]),
        (r'"\\ud83d"', "\\ud83d", []),
        (r'"a\u0000b"', "ab", ["text.nul"]),
    ],
)
def test_half_a_surrogate_pair_is_mended_and_a_whole_one_kept(text, kept, warnings):
    assert event.decode(text.encode()) == (kept, warnings)
