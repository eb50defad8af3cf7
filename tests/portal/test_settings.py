import pytest

from portal.settings import database


@pytest.mark.parametrize(("said", "meant"), [("", 5), ("?prepare_threshold=0", 0), ("?prepare_threshold=none", None)])
def test_statements_are_kept_unless_the_address_says_otherwise(said: str, meant: int | None) -> None:
    assert database(f"postgresql://somebody@host/name{said}")["OPTIONS"] == {"prepare_threshold": meant}


def test_a_threshold_that_is_no_number_is_refused_at_the_start() -> None:
    with pytest.raises(SystemExit, match="prepare_threshold"):
        database("postgresql://somebody@host/name?prepare_threshold=often")
