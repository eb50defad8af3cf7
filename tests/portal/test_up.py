"""`attestry up`, started as people start it: it comes up, says where it is, outlives its children, leaves nothing."""

import fcntl
import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from portal import datadir, up
from portal.datadir import Unfit
from portal.supervisor import marked
from tests.portal import house

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A running house: its data directory, port, log and supervisor."""
    folder = tmp_path_factory.mktemp("up")
    here = SimpleNamespace(data=folder / "data", port=house.free_port(), log=folder / "log")
    with house.running("up", "--port", str(here.port), data=here.data, log=here.log) as process:
        here.process = process
        assert house.eventually(lambda: "Attestry is ready" in here.log.read_text(), 120), here.log.read_text()
        yield here


def children(home: Any) -> dict[str, int]:
    """Ids of the running children by their command."""
    found = {}
    for pid in marked(str(home.data)):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if "portal.cli" in words:
            found.setdefault(words[words.index("portal.cli") + 1], pid)
    return found


def test_the_banner_gives_an_address_a_link_and_where_passwords_are(home: Any) -> None:
    words = home.log.read_text()
    assert f"http://127.0.0.1:{home.port}" in words
    assert f"http://127.0.0.1:{home.port}/account/link/" in words
    assert str(home.data / "people.json") in words


def test_what_is_private_is_closed_to_others(home: Any) -> None:
    assert stat.S_IMODE(home.data.stat().st_mode) == 0o700
    for path in home.data.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert not (home.data / "welcome.json").exists()


def test_it_listens_on_this_machine_alone(home: Any) -> None:
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    addresses = {parts[1].split(":")[0] for parts in listening if parts[1].endswith(f":{home.port:04X}")}
    assert addresses == {"0100007F"}


def test_a_second_one_on_the_same_directory_is_refused_with_a_sentence(home: Any) -> None:
    second = house.attestry("up", "--port", str(house.free_port()), data=home.data)
    assert second.returncode == 1
    assert f"is running on {home.data} already (process {home.process.pid})" in second.stderr


def test_a_port_that_is_taken_is_refused_with_a_sentence(home: Any, tmp_path: Path) -> None:
    other = house.attestry("up", "--port", str(home.port), data=tmp_path / "data")
    assert other.returncode == 1
    assert f"Port {home.port}" in other.stderr


def test_its_worker_alone_carries_the_log_of_writes_over(home: Any) -> None:
    def held() -> bool:
        with (home.data / "carrying.lock").open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    assert house.eventually(held, 20)


def test_the_doctor_finds_nothing_wrong_while_it_runs(home: Any) -> None:
    seen = house.attestry("doctor", data=home.data)
    assert seen.returncode == 0, seen.stdout + seen.stderr


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_killed_child_comes_back(home: Any, name: str) -> None:
    before = children(home)[name]
    os.kill(before, signal.SIGKILL)
    assert house.eventually(lambda: children(home).get(name, before) != before, 30)
    assert house.eventually(lambda: house.ready(home.port), 60)
    assert f"{name:<8}| ended (killed by SIGKILL)" in home.log.read_text()


def test_it_starts_again_quickly_and_stops_without_leaving_anything(tmp_path: Path) -> None:
    data, log, port = tmp_path / "data", tmp_path / "log", house.free_port()
    with house.running("up", "--port", str(port), data=data, log=log):
        assert house.eventually(lambda: house.ready(port), 120), log.read_text()
    assert list(marked(str(data))) == []
    begun = time.monotonic()
    with house.running("up", "--port", str(port), data=data, log=log) as process:
        assert house.eventually(lambda: house.ready(port), 60), log.read_text()
        took = time.monotonic() - begun
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=40) == 0
    assert list(marked(str(data))) == []
    assert took < 30, f"{took:.1f} s; alone on the machine it must be below 10"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "attestry.example.org"])
def test_listening_beyond_this_machine_needs_a_proxy_and_https(host: str) -> None:
    with pytest.raises(Unfit, match="--behind-proxy"):
        up.check_exposure(host, behind_proxy=False, base_url="https://a.example")
    with pytest.raises(Unfit, match="ATTESTRY_BASE_URL"):
        up.check_exposure(host, behind_proxy=True, base_url="http://a.example")
    up.check_exposure(host, behind_proxy=True, base_url="https://a.example")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_alone_needs_neither(host: str) -> None:
    up.check_exposure(host, behind_proxy=False, base_url="")


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(Unfit, match="is a file"):
        datadir.make(tmp_path / "data")


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    datadir.make_key(tmp_path / "key")
    first = (tmp_path / "key").read_text()
    datadir.make_key(tmp_path / "key")
    assert (tmp_path / "key").read_text() == first
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_the_demo_registry_keeps_its_port(tmp_path: Path) -> None:
    first = up.registry_port(tmp_path)
    assert first in up.REGISTRY_PORTS
    assert up.registry_port(tmp_path) == first
