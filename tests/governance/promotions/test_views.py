"""What the decision page tells, read without a browser."""

import html
import re

import pytest

from tests.governance.promotions.conftest import only

pytestmark = pytest.mark.django_db


def test_the_page_draws_what_the_version_was_made_from_and_leads_to_the_table(world, rest):
    rest.ask(world.people.ann, world.versions["1"])
    page = world.people.olga.client.get(f"/approvals/{only().key}").content.decode()
    (source,) = re.findall(r'<img src="([^"]+)"[^>]*loading="lazy"', page)
    answer = world.people.olga.client.get(html.unescape(source))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    assert "features" in answer.content.decode()
    assert "What it was made from, as a table" in page


def test_a_version_of_which_lineage_knows_nothing_is_not_drawn(world, rest):
    rest.ask(world.people.ann, world.versions["1"])
    world.asset.name = "unheard-of"
    world.asset.save()
    page = world.people.olga.client.get(f"/approvals/{only().key}").content.decode()
    assert "<img" not in page


def test_the_headings_say_which_version_is_which(world, rest):
    world.version("2", auc="0.94")
    world.alias("1")
    rest.ask(world.people.ann, world.versions["2"])
    page = world.people.olga.client.get(f"/approvals/{only().key}").content.decode()
    assert "Version 1, running now" in page
    assert "Version 2, asked for" in page
    assert ">Then<" not in page
