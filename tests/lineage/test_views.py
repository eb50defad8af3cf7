"""The lineage page: ask, see, read as a table, take away."""

import re

import pytest

from tests.lineage.conftest import post

CLEAN = {"namespace": "file", "name": "/clean"}


def page(who, **query):
    answer = who.client.get("/lineage", query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_house_says_what_to_do(people):
    assert "OPENLINEAGE_URL" in page(people.ann)


def test_without_a_name_the_newest_are_offered(chain, people):
    text = page(people.ann)
    assert 'href="/lineage?type=dataset&amp;namespace=file&amp;name=%2Fclean"' in text
    assert "type=model" in text and "type=job" in text


def test_a_part_of_a_name_finds_it(chain, people):
    text = page(people.ann, name="lea")
    assert "/clean" in text and "/features" not in text
    assert "Nothing that you may see" in page(people.ann, name="zzz")


def test_the_graph_the_table_and_the_downloads_are_there(chain, people):
    text = page(people.ann, **CLEAN)
    drawing = text[text.index('<svg xmlns="http://www.w3.org/2000/svg" class="lineage"') : text.rindex("</svg>")]
    assert set(re.findall(r'class="lineage__name"[^>]*>([^<]+)<', drawing)) == {
        "/raw", "/clean", "/features", "generate", "clean", "derive", "train", "models:/fraud",
    }  # fmt: skip
    assert 'href="/models/by-name?namespace=mlflow' in drawing
    assert re.search(r'href="/datasets/by-lineage/\d+"', drawing)
    assert "<table" in text and "<caption" in text
    for form in ("svg", "csv", "ndjson", "json"):
        href = re.search(rf'href="(/lineage/file\?[^"]*format={form})"', text).group(1).replace("&amp;", "&")
        answer = people.ann.client.get(href)
        assert answer.status_code == 200
        assert answer["Content-Disposition"] == f'attachment; filename="lineage.{form}"'


def test_the_table_reads_like_the_picture(chain, people):
    table = page(people.ann, **CLEAN).split("<tbody>")[1]
    assert re.findall(r'<th scope="row"><a [^>]*>([^<]+)<', table) == [
        "generate", "/raw", "clean", "/clean", "derive", "/features", "train",
    ]  # fmt: skip


def test_the_page_has_no_inline_style_or_script(chain, people):
    text = page(people.ann, **CLEAN)
    assert " style=" not in text
    assert re.findall(r"<script(?![^>]*src=)[^>]*>[^<]", text) == []


def test_what_was_cut_is_named(chain, people):
    assert "There is more beyond what is drawn" in page(people.ann, **CLEAN, depth="1")


@pytest.mark.parametrize("query", [{"depth": "x"}, {"direction": "left"}, {"as_of": "then"}, {"name": "/none"}])
def test_a_wrong_answer_is_said_in_the_form(chain, people, query):
    assert "error-summary" in page(people.ann, **{**CLEAN, **query})


def test_a_stranger_finds_nothing(chain, people):
    assert "Nothing here yet" in page(people.eve)
    assert "error-summary" in page(people.eve, **CLEAN)
    assert people.eve.client.get("/lineage/file", CLEAN).status_code == 404


def test_an_earlier_day_shows_the_thing_alone(chain, people):
    assert "Nothing is known before or after it" in page(people.ann, **CLEAN, as_of="2026-11-19")


def test_names_are_only_text(producer, people, say):
    evil = '<img src=x onerror="alert(1)">'
    post(producer, say("j", [evil], ["/out"]))
    text = page(people.ann, namespace="file", name=evil)
    assert "<img" not in text and "&lt;img" in text
