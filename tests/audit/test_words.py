"""What counts as a word, in entries and in what somebody looks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import canonical, composed
from audit.words import LONGEST, sought, words_of

UUID = "0B5c1c1e-77aa-4bcd-8e9f-0123456789ab"


def entry(about: object, **rest: object) -> bytes:
    said = {
        "v": 1, "id": UUID, "at": "2026-11-20T09:30:00.000000Z", "action": "promotion.decided", "outcome": "success",
        "actor": {"id": UUID, "kind": "person", "via": "session", "on_behalf_of": None, "token": None},
        "scope": None, "subjects": ["model:7"], "about": about, "private": {"reason": "ab" * 32},
    }  # fmt: skip
    return canonical(composed(said | rest))


def finds(text: str, about: object) -> bool:
    words = words_of(entry({"it": about}))
    return bool(sought(text)) and all(
        any(one.startswith(each) for one in words) if begins else each in words for each, begins in sought(text)
    )


def test_the_words_of_an_entry_are_what_it_says() -> None:
    about = {"verdict": "approve", "before": {"stage": ["Staging", 4, True, None]}}
    assert words_of(entry(about)) == {
        "verdict", "approve", "before", "stage", "staging", "4", "true",
        "promotion", "decided", "success", "person", "session", "model", "7", "reason", UUID.lower().replace("-", ""),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PR-42", "closes pr-42."), ("pr42", "PR-42"), ("42", "PR-42"), ("pr", "PR-42"), ("credit*", "Credit-card"),
        ("credit-c*", "credit-card"), ("SÃO paulo", "Sao Paulo"), ("ubermodell", "Übermodell"), ("straße", "STRASSE"),
        ("Über*", "ubermodell"), (UUID, f"x:{UUID.upper()}"), (UUID[:13] + "*", UUID), ("2026-11-20", "on 2026-11-20"),
        ("2026-11*", "2026-11-20T09:30:00Z"), ("b a b", "a, b"), ("模型", "模型 7"), ("мод*", "Модель"), ("½", "1 2"),
        ("it", "x"), ("line two", "line\nTwo"), ('a"b', 'say "a\\b"'), ("and OR not", "or and not"), ("x_y", "y x"),
        ("near(a b)", "a b near"), ("* a *", "a"), ("ＡＢＣ", "abc"), ("e\u0301t\u00e9", "ete"),
    ],
)  # fmt: skip
def test_what_is_meant_is_found(text: str, said: str) -> None:
    assert finds(text, said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PR-43", "PR-42"), ("credit", "credits"), ("redit*", "credit"), ("a c", "a b"), (UUID[:8], UUID),
        ("card-credit", "credit-card"), ("pr-42", "pr 42"), ("2026", "x"), ("ababab*", "x"), ("null", None),
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(text: str, said: str | None) -> None:
    assert not finds(text, said)


@pytest.mark.parametrize("text", ["", "*", " ", "''", "()", '"', "***", "-", "_", "&|!<->", "🙂", "\u0301", ":*", "؟"])
def test_without_letters_and_digits_there_is_no_word(text: str) -> None:
    assert sought(text) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"nonsense", b'{"about":1}', entry({}, id=1), b"\xff", b"null"])
def test_what_is_no_entry_has_no_words(body: bytes) -> None:
    assert words_of(body) == set()


def test_of_a_very_long_word_the_beginning_counts() -> None:
    assert finds("x" * 300, "x" * (LONGEST + 1))
    assert finds("x" * 300 + "*", "x" * (LONGEST + 1))
    assert not finds("x" * (LONGEST - 1), "x" * LONGEST)


@given(st.text())
def test_a_word_is_letters_and_digits_and_changes_no_more(text: str) -> None:
    for word, _ in sought(text):
        assert word.isalnum()
        assert sought(word) == [(word, False)]
        assert len(word.encode()) < 2**11


@given(st.text(), st.text())
def test_every_text_is_found_by_itself(text: str, other: str) -> None:
    assert finds(text, [other, text]) == bool(sought(text))
