"""The wheel alone is enough: everything it needs is inside, and it runs away from the source."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.portal import house

pytestmark = pytest.mark.slow
PACKAGES = {"portal", "governance", "lineage", "audit", "jobs"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, built without isolation: nothing is downloaded."""
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(house.ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = target.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the wheel in it; it borrows the dependencies of the one that runs the tests."""
    place = tmp_path_factory.mktemp("venv") / "venv"
    venv.create(place, with_pip=False)
    python = place / "bin" / "python"
    (site,) = place.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", str(wheel)]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return place


def test_it_holds_our_packages_and_nothing_else_at_the_top(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {name for name in tops if not name.endswith(".dist-info")} == PACKAGES


def test_every_template_static_file_and_translation_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    for folder, under in (("templates", "portal/templates"), ("portal/static", "portal/static")):
        sources = [path for path in (house.ROOT / folder).rglob("*") if path.is_file()]
        assert sources
        assert {f"{under}/{path.relative_to(house.ROOT / folder)}" for path in sources} <= inside
    for source in (house.ROOT / "portal" / "locale").rglob("*.po"):
        assert str(source.relative_to(house.ROOT).with_suffix(".mo")) in inside
    assert "audit/offline/verify.py" in inside


def test_its_metadata_names_licence_command_and_extras(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        words = archive.read(metadata).decode()
        entry = archive.read(metadata.replace("METADATA", "entry_points.txt")).decode()
    assert "License-Expression: Apache-2.0" in words
    assert "Provides-Extra: demo" in words
    assert "attestry = portal.cli:main" in entry


def test_it_runs_from_another_folder(installed: Path, tmp_path: Path) -> None:
    port, log = house.free_port(), tmp_path / "log"
    environment = {name: value for name, value in house.environment(tmp_path / "data").items() if name != "PYTHONPATH"}
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [installed / "bin" / "attestry", "up", "--port", str(port)], cwd=tmp_path, env=environment,
            stdout=sink, stderr=sink,
        )  # fmt: skip
        try:
            assert house.eventually(lambda: house.ready(port), 120), log.read_text()
            status, page = house.get(port, "/account/login")
            assert status == 200
            assert b"/static/" in page
            cmdlines = [Path(f"/proc/{process.pid}/exe").resolve(), Path(os.readlink(f"/proc/{process.pid}/cwd"))]
            assert house.ROOT not in cmdlines[1].parents
        finally:
            process.terminate()
            assert process.wait(timeout=40) == 0


def test_it_imports_from_its_own_environment(installed: Path, tmp_path: Path) -> None:
    code = "import portal; print(portal.__file__)"
    python = installed / "bin" / "python"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert Path(done.stdout.strip()).is_relative_to(installed)
