"""The page with precision and recall speaks of the rules and columns of today, and a part of it is seen to hold."""

from bench import pii_accuracy
from bench.labelled.columns import columns

ENOUGH = 0.97


def test_the_page_speaks_of_todays_rules_and_columns() -> None:
    page = pii_accuracy.PAGE.read_text()
    assert pii_accuracy.digest() in page, "rules or columns changed: run `python -m bench.pii_accuracy --write`"


def test_every_class_on_the_page_has_precision_and_recall_enough() -> None:
    lines = pii_accuracy.PAGE.read_text().split("## National numbers")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines if line.startswith("| ")][1:]
    assert len(rows) > 60
    for name, count, precision, recall, *_held in rows:
        assert int(count) >= 60, name
        assert float(precision.split()[0]) >= ENOUGH and float(recall.split()[0]) >= ENOUGH, (name, precision, recall)


def test_columns_drawn_from_another_seed_are_named_rightly() -> None:
    made = list(columns("another", 1))
    whole, _held = pii_accuracy.measure(made)
    assert len(whole.odd) <= 0.03 * len(made), list(pii_accuracy.spoken(whole.odd))
