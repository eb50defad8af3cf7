"""Names given from outside: when two are the same, and which are kept."""

import pytest

from audit.refusals import Invalid
from governance.identities import rules


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("ASilva", "asilva"),
        ("  Ana   Silva ", "ana silva"),
        ("Ana <Ana@Else.ORG>", "ana@else.org"),
        ("<ana@else.org>", "ana@else.org"),
        ("Ana <>", "ana"),
        ("a < b", "a < b"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
    ],
)
def test_a_name_is_compared_without_case_and_an_author_by_the_address(name, key):
    assert rules.key(name) == key


@pytest.mark.parametrize("name", ["", "   ", "<>", "x" * 201, "a\x00b", "a\u202eb"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(Invalid, match=r"identities\.name"):
        rules.clean(name)


def test_a_name_is_kept_as_it_was_written_but_for_space():
    assert rules.clean("  Ana \n Silva <Ana@Else.org>") == "Ana Silva <Ana@Else.org>"
