"""The bytes of a column say of each text what the text says of itself."""

import unicodedata

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.pii import marks

TEXTS = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=20) | st.from_regex(r"[0-9@:=./ ,+A-z-]{0,30}"), max_size=12
)


@settings(deadline=None)
@given(TEXTS, st.integers(0, 3))
def test_each_text_has_the_marks_and_digits_that_are_in_it(texts: list[str], skipped: int) -> None:
    array = pa.array(texts, pa.large_string()).slice(min(skipped, len(texts)))
    found = marks.of(array)
    for at, text in enumerate(array.to_pylist()):
        assert found.size[at] == len(text.encode())
        assert found.digits[at] == sum(letter in "0123456789" for letter in text)
        assert found.others[at] >= sum(
            unicodedata.category(letter)[0] == "N" for letter in text if not letter.isascii()
        )
        assert found.others[at] <= sum(not letter.isascii() for letter in text)
        assert found.has(marks.LETTER)[at] == any(letter.isascii() and letter.isalpha() for letter in text)
        for mark, kind in marks.MARKS.items():
            assert found.has(kind)[at] or mark not in text
        assert found.count(3)[at] or sum(letter.isdigit() for letter in text) < 3


def test_accents_are_no_digits_and_the_digits_of_every_script_may_be() -> None:
    assert marks.of(pa.array(["São Paulo, llegó, Ж, א"], pa.large_string())).others[0] == 0
    every = [chr(code) for code in range(0x80, 0x110000) if unicodedata.category(chr(code))[0] == "N"]
    assert (marks.of(pa.array(every, pa.large_string())).others == 1).all()


def test_the_digits_of_a_long_text_are_counted_in_full() -> None:
    assert marks.of(pa.array(["7" * 5000, "7"], pa.large_string())).digits.tolist() == [5000, 1]
