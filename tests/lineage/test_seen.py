"""What looks the same is understood once, and says the same every time."""

import zlib

from lineage import facets, reading, said
from lineage.event import understand
from lineage.seen import SMALL, once


def event(run="01941111-2222-7333-8444-555566667777", **more):
    job = {"namespace": "n", "name": "j", "facets": {"sql": {"query": "SELECT 1"}, "odd": 3, **more}}
    return {
        "eventType": "START",
        "eventTime": "2026-11-20T10:00:00Z",
        "run": {"runId": run, "facets": {"odd": 3}},
        "job": job,
    }


def test_what_says_the_same_is_the_same_thing_and_warns_again():
    one, two = understand(event()), understand(event("01941111-2222-7333-8444-555566667778"))
    assert one.job is two.job
    assert "facet.not_an_object" in one.warnings
    assert one.warnings == two.warnings
    assert (one.run and one.run.uuid) != (two.run and two.run.uuid)


def test_what_says_something_else_is_something_else():
    one, two = understand(event()), understand(event(sql={"query": "SELECT 2"}))
    assert one.job and two.job
    assert facets.code(one.job) != facets.code(two.job)
    assert understand(event(x={"y": 1})).job is not understand(event(x={"y": True})).job


def test_what_is_large_is_not_remembered_and_understood_all_the_same():
    large = event(plan={"text": "x" * SMALL})
    one, two = understand(large), understand(large)
    assert one.job is not two.job
    assert one == two


def test_changing_what_was_sent_changes_nothing_that_is_remembered():
    sent = event(ownership={"owners": [{"name": "team:a", "type": "OWNER"}]})
    one = understand(sent)
    sent["job"]["facets"]["ownership"]["owners"][0]["name"] = "team:b"
    assert one.job
    assert [owner.name for owner in said.owners(one.job)] == ["team:a"]
    again = understand(sent).job
    assert again
    assert [owner.name for owner in said.owners(again)] == ["team:b"]


def test_what_was_worked_out_is_not_worked_out_again():
    asked = []

    @once
    def names(seen):
        asked.append(seen)
        return sorted(seen.facets)

    one = understand(event())
    assert one.job
    assert names(one.job) == names(one.job) == ["sql"]
    assert len(asked) == 1


def test_a_secret_in_a_facet_is_taken_out_every_time_and_beside_known_facets():
    clean = event(note={"text": "nothing to hide here"})
    assert not reading.read(clean, []).removed
    for _ in range(3):
        kept = reading.read(event(note={"text": "nothing to hide here"}, extra={"text": "password=hunter2x"}), [])
        assert b"hunter2x" not in zlib.decompress(kept.packed)
        assert [one["at"] for one in kept.removed] == ["/job/facets/extra/text"]


def test_a_facet_whose_name_says_what_its_keys_are_is_looked_at_by_itself():
    held = {"password": {"nullCount": 1}, "api_key": "abcdefgh"}
    for _ in range(2):
        columns = reading.read(event(columnMetrics=held), [])
        other = reading.read(event(metrics=held), [])
        assert b"abcdefgh" in zlib.decompress(columns.packed)
        assert b"abcdefgh" not in zlib.decompress(other.packed)
