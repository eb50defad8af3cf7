"""What is found by pattern is what Presidio's own search finds, in the same order and as sure."""

import logging
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from presidio_analyzer import Pattern, PatternRecognizer

from governance.pii import patterns, presidio
from tests.governance.pii.test_sieve import values


@cache
def recognisers() -> list[Any]:
    return presidio.recognizers()


@settings(deadline=None, max_examples=300)
@given(values(), values())
def test_the_same_places_and_scores_as_presidios_own_search(one: str, other: str) -> None:
    for text in (one, f"{one} / {other}, {one}"):
        for each in recognisers():
            if "PHONE_NUMBER" not in each.supported_entities:  # which asks the region first that knew the last one
                theirs = each.analyze(text, each.supported_entities, None) or []
                assert [(seen.start, seen.end, seen.score) for seen in theirs] == patterns.find(each, text)


def test_a_pattern_that_runs_out_of_time_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(patterns, "REGEX_TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(logging.getLogger("presidio-analyzer"), "propagate", True)
    slow = PatternRecognizer("SLOW", patterns=[Pattern("slow one", "^(.*?,){14}P", 0.5), Pattern("b", "b", 0.5)])
    with caplog.at_level(logging.WARNING, "presidio-analyzer"):
        assert patterns.find(slow, "1," * 60 + "b") == [(120, 121, 0.5)]
    assert "'slow one' timed out" in caplog.text
