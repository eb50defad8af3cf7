"""The launcher says what was skipped and fails when something required is missing."""

from collections import Counter
from pathlib import Path

import pytest

from tests import launch, services
from tests.launch import Outcome, read_report, required, summary

REPORT = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"><failure message="x"/></testcase>
<testcase name="c"><skipped type="pytest.skip" message="no redis"/></testcase>
<testcase name="d"><skipped type="pytest.skip" message="no redis"/></testcase>
<testcase name="e"><skipped type="pytest.xfail" message="known"/></testcase>
</testsuite></testsuites>"""


def test_skips_are_counted_by_their_reason(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    assert read_report(report) == (2, Counter({"no redis": 2}))


def test_a_run_that_left_no_report_ran_nothing(tmp_path: Path) -> None:
    assert read_report(tmp_path / "none.xml") == (0, Counter())


def test_the_last_words_name_what_was_skipped_and_why() -> None:
    words = summary([Outcome("sqlite", 0, 61.2, 10, Counter({"no redis": 2}))], {"postgresql": "not installed"})
    assert words == [
        "sqlite: 10 tests in 61 s, passed",
        "  skipped 2: no redis",
        "not tested with postgresql: not installed",
    ]


def test_a_run_without_skips_says_so() -> None:
    assert summary([Outcome("sqlite", 0, 1, 1)], {})[-1] == "nothing was skipped"


def test_an_unknown_requirement_is_a_mistake() -> None:
    assert required("postgresql, redis") == {"postgresql", "redis"}
    with pytest.raises(SystemExit, match="oracle"):
        required("oracle")


def test_a_missing_requirement_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(services, "missing", lambda: {"postgresql": "not installed"})
    monkeypatch.setattr(launch, "run", lambda database, urls, arguments: Outcome(database, 0, 1, 5))
    monkeypatch.delenv("ATTESTRY_TEST_REQUIRE", raising=False)
    assert launch.main([]) == 0
    monkeypatch.setenv("ATTESTRY_TEST_REQUIRE", "postgresql")
    assert launch.main([]) == 1
    assert "required by ATTESTRY_TEST_REQUIRE and missing: postgresql" in capsys.readouterr().err


def test_what_does_not_depend_on_the_database_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[list[str]] = []
    monkeypatch.setattr(services, "missing", dict)
    monkeypatch.setattr(
        launch, "run", lambda database, urls, arguments: runs.append(arguments) or Outcome(database, 0, 1, 1)
    )
    launch.main(["--on", "sqlite", "--on", "sqlite", "tests/audit"])
    quick, once = runs[0], runs[1]
    assert quick[:3] == ["-m", "not (slow or browser)", "-n"]
    assert once == ["-m", "slow or browser", "tests/audit"]
    assert runs[2:] == [[*quick[:-1], "--only-with-database", "tests/audit"]]


@pytest.mark.parametrize(("codes", "code"), [([0, 5], 0), ([5, 0], 0), ([5, 5], 1), ([0, 1], 1)])
def test_a_part_without_tests_is_no_failure_unless_all_are(
    codes: list[int], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "missing", dict)
    left = iter(codes)
    monkeypatch.setattr(launch, "run", lambda database, urls, arguments: Outcome(database, next(left), 1, 1))
    monkeypatch.delenv("ATTESTRY_TEST_REQUIRE", raising=False)
    assert launch.main(["--on", "sqlite"]) == code


def test_a_throwaway_postgresql_takes_rows_and_is_gone_afterwards() -> None:
    if services.postgresql_folder() is None:
        pytest.skip(services.HOW_TO_GET["postgresql"])
    psycopg = pytest.importorskip("psycopg")
    with services.postgresql() as url:
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        home = Path(url.rpartition("host=")[2])
        assert home.exists()
    assert not home.exists()
