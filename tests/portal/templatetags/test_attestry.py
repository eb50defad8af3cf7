"""The portal's own tags: escaped, in words, without inline style or script."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.template import Context, engines
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from portal.templatetags import attestry
from portal.templatetags.icons import ICONS
from portal.templatetags.words import LOOKS

HOUSE = Path(__file__).resolve().parents[3]
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Request:
    now = NOON
    path = "/models/7"


def draw(source: str, **values: object) -> str:
    return engines["django"].from_string("{% load attestry %}" + source).render({"request": Request(), **values})


def test_every_state_has_an_icon_and_a_word() -> None:
    for state, look in LOOKS.items():
        assert look.icon in ICONS, state
        assert str(look.word), state
        assert str(look.word) in attestry.result(state)


def test_a_state_that_nobody_drew_is_shown_in_its_own_words() -> None:
    assert "Sent to court" in attestry.result("sent_to_court")


def test_a_state_cannot_carry_markup() -> None:
    assert "<b>" not in attestry.result("<b>x</b>")


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(minutes=-3), "3 min ago"),
        (timedelta(hours=-1), "1 hour ago"),
        (timedelta(hours=5), "in 5 hours"),
        (timedelta(days=-40), "40 days ago"),
    ],
)
def test_a_moment_is_near_in_words_and_exact_on_hover(away: timedelta, words: str) -> None:
    html = draw("{% when at %}", at=NOON + away)
    assert words in html
    assert f'datetime="{(NOON + away).isoformat()}"' in html
    assert "UTC" in html


def test_no_moment_is_a_dash_that_says_never() -> None:
    assert 'aria-label="never"' not in draw("{% when at %}", at=None)
    assert "never" in draw("{% when at %}", at=None)


@given(st.one_of(st.none(), st.text(), st.floats(), st.decimals()))
def test_a_bar_stands_on_whatever_it_is_given(share: object) -> None:
    html = attestry.bar(share, "0.1", "0.9")
    width = re.search(r'bar__fill" y="4" width="([^"]+)"', html)
    assert width is None or 0 <= float(width[1]) <= attestry.BAR_WIDTH


def test_a_bar_says_its_interval_in_words() -> None:
    assert "34.0 %, between 30.0 % and 39.0 %" in attestry.bar("0.34", "0.30", "0.39")


def test_a_bar_stays_a_picture_in_languages_that_write_commas() -> None:
    with translation.override("es"):
        html = attestry.bar("0.345", "0.301", "0.399")
    assert "34,5 %" in html
    assert not re.search(r'(width|d)="[^"]*\d,\d', html)


def test_a_digest_is_whole_in_the_page() -> None:
    value = "sha256:" + "ab" * 32
    html = attestry.digest(value)
    assert f'title="{value}"' in html
    assert re.sub(r"<[^>]+>", "", html).startswith(value)


def test_a_digest_that_is_not_there_says_so() -> None:
    assert "not computed yet" in attestry.digest("")


@pytest.mark.parametrize(("path", "mark"), [("/models/7", "page"), ("/models", "true"), ("/mode", ""), ("/audit", "")])
def test_the_navigation_knows_where_we_are(path: str, mark: str) -> None:
    html = attestry.current(Context({"request": Request()}), path)
    assert (f'aria-current="{mark}"' if mark else "") == html


def test_icons_used_in_templates_exist() -> None:
    for page in (HOUSE / "templates").rglob("*.html"):
        for name in re.findall(r"""{% icon ["']([^"']+)["'] %}""", page.read_text()):
            assert name in ICONS, f"{page}: {name}"


def test_a_table_that_may_scroll_is_named_and_reached_by_keyboard() -> None:
    for page in (HOUSE / "templates").rglob("*.html"):
        for wrap in re.findall(r'<div class="table-wrap"[^>]*>', page.read_text()):
            assert 'tabindex="0" role="region" aria-label="' in wrap, page


def test_no_template_carries_inline_style_or_script() -> None:
    for page in (HOUSE / "templates").rglob("*.html"):
        text = page.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=[\x22']|<script(?![^>]*\ssrc=)|javascript:", text), page


def test_the_sheet_stays_small() -> None:
    assert len((HOUSE / "portal/static/portal/attestry.css").read_bytes()) <= 35 * 1024
