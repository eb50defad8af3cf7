"""Exports made by earlier versions verify for ever."""

import tarfile
from pathlib import Path

import pytest

from audit.offline import verify
from tests.audit.made import unpack

HERE = Path(__file__).with_name("fixtures")
VKEY = "made.example/audit+ebbe3ccf+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
ROOTS = {"v1": "f95e46910904047fe0fce3499a2d29da9f234dc0902b2c56f186f38603fa3cb3"}


@pytest.mark.parametrize("name", sorted(ROOTS))
@pytest.mark.parametrize("how", ["quick", "full", "forms"])
def test_an_export_of_an_earlier_version_verifies(name: str, how: str, tmp_path: Path) -> None:
    with tarfile.open(HERE / f"{name}.tar") as tar:
        unpack(tar, tmp_path)
    report = verify.check(tmp_path, VKEY, how=how)
    assert report.faults == []
    assert (report.size, report.pruned, report.root.hex()) == (302, 31, ROOTS[name])


def test_every_export_that_is_kept_is_checked() -> None:
    assert {path.stem for path in HERE.glob("*.tar")} == set(ROOTS)
