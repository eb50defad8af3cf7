"""Time-stamps over checkpoints, by a real authority: openssl behind a small HTTP server on this machine."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from audit import anchor
from audit.models import Anchor, Checkpoint
from audit.refusals import Invalid, Unavailable
from jobs import records, tasks
from jobs.models import Job
from tests.audit.outsiders import Reply, serving

CONFIG = """
[req]
distinguished_name = dn
[dn]
[authority]
basicConstraints = critical,CA:TRUE
[stamper]
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = here
[here]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
"""


class Authority:
    """Answers questions about time with `openssl ts -reply`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[bytes] = []
        (folder / "config").write_text(CONFIG)
        (folder / "serial").write_text("01\n")
        self.run("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=ca -extensions authority")
        self.run("req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=tsa")
        self.run(
            "x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tsa.pem"
            " -extfile config -extensions stamper"
        )

    def run(self, command: str) -> None:
        words = command.split(" ")
        words += ["-config", "config"] if words[0] in {"req", "ts"} else []
        subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, check=True)

    def __call__(self, path: str, body: bytes) -> Reply:
        self.asked.append(body)
        (self.folder / "question").write_bytes(body)
        self.run("ts -reply -queryfile question -signer tsa.pem -inkey tsa.key -out answer")
        return 200, "application/timestamp-reply", (self.folder / "answer").read_bytes()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    (tmp_path / "tsa").mkdir()
    return Authority(tmp_path / "tsa")


@pytest.fixture
def url(authority: Authority) -> Iterator[str]:
    with serving(authority) as address:
        yield address


def test_a_checkpoint_is_stamped_and_openssl_finds_the_token_right(
    authority: Authority, url: str, sequenced: Callable, now: datetime
) -> None:
    sequenced(5)
    made = anchor.stamp(url, now)
    note = Checkpoint.objects.get(pk=5).note
    assert (made.size, made.authority) == (5, url)
    assert abs(made.stamped_at - now) < timedelta(minutes=5)
    assert anchor.verifies(bytes(made.token), note, authority.folder / "ca.pem")
    assert not anchor.verifies(bytes(made.token), note + " ", authority.folder / "ca.pem")
    damaged = bytearray(made.token)
    damaged[-20] ^= 1
    assert not anchor.verifies(bytes(damaged), note, authority.folder / "ca.pem")


def test_the_question_is_the_one_that_openssl_would_ask(authority: Authority, tmp_path: Path) -> None:
    (authority.folder / "note").write_bytes(b"note")
    authority.run("ts -query -data note -sha256 -cert -no_nonce -out theirs")
    theirs = (authority.folder / "theirs").read_bytes()
    ours = anchor.question("note", 1 << 62)
    nonce = b"\x02\x08\x40" + bytes(7)
    assert ours[2:].replace(nonce, b"") == theirs[2:]


def test_a_state_is_stamped_once_by_each_authority(
    authority: Authority, url: str, sequenced: Callable, now: datetime
) -> None:
    sequenced(5)
    assert anchor.stamp(url, now) == anchor.stamp(url, now)
    assert len(authority.asked) == 1
    assert not anchor.due(now + timedelta(days=2), timedelta(days=1))
    sequenced(1)
    assert anchor.due(now + timedelta(days=2), timedelta(days=1))
    assert not anchor.due(now, timedelta(days=1))


def test_with_the_authoritys_certificate_named_only_its_tokens_are_kept(
    authority: Authority, url: str, sequenced: Callable, now: datetime, settings: Any, tmp_path: Path
) -> None:
    sequenced(5)
    (tmp_path / "other").mkdir()
    settings.AUDIT_TSA_CA = str(Authority(tmp_path / "other").folder / "ca.pem")
    with pytest.raises(Invalid):
        anchor.stamp(url, now)
    assert not Anchor.objects.exists()
    settings.AUDIT_TSA_CA = str(authority.folder / "ca.pem")
    assert anchor.stamp(url, now).size == 5


def test_an_answer_to_another_question_is_refused(authority: Authority, sequenced: Callable, now: datetime) -> None:
    sequenced(5)
    first = anchor.question("something else", 1 << 62)
    again = anchor.question(Checkpoint.objects.get(pk=5).note, 1 << 62)
    for asked in (first, again):
        with serving(lambda path, _, asked=asked: authority(path, asked)) as address, pytest.raises(Invalid):
            anchor.stamp(address, now)


@pytest.mark.parametrize("answer", [(500, "application/timestamp-reply"), (200, "text/html")])
def test_an_authority_that_does_not_answer_leaves_nothing(
    answer: tuple[int, str], sequenced: Callable, now: datetime
) -> None:
    sequenced(5)
    with serving(lambda *_: (*answer, b"")) as address, pytest.raises(Unavailable):
        anchor.stamp(address, now)
    with pytest.raises(Unavailable):
        anchor.stamp("http://127.0.0.1:9", now)
    with serving(lambda *_: (200, "application/timestamp-reply", b"nonsense")) as address, pytest.raises(Invalid):
        anchor.stamp(address, now)
    assert not Anchor.objects.exists()


def test_an_export_gets_every_token_beside_the_checkpoint_it_stamps(sequenced: Callable, now: datetime) -> None:
    for count in (3, 2, 4):
        sequenced(count)
        size = Checkpoint.objects.order_by("-size")[0].size
        Anchor.objects.create(size=size, authority="http://tsa", token=b"token%d" % size, stamped_at=now, at=now)
    files = dict(anchor.files(5))
    assert files["anchors/5.checkpoint"] == Checkpoint.objects.get(pk=5).note.encode()
    assert [data for name, data in files.items() if name.endswith(".tsr")] == [b"token3", b"token5"]
    assert len(files) == 4


def test_the_errand_stamps_once_a_day_and_waits_while_the_authority_is_away(
    authority: Authority, url: str, sequenced: Callable, now: datetime, settings: Any
) -> None:
    from audit import tasks as ours

    settings.AUDIT_TSA_URL = ""
    assert "audit.anchor" not in ours.clock()
    settings.AUDIT_TSA_URL = "http://127.0.0.1:9"
    assert "audit.anchor" in ours.clock()
    sequenced(3)
    with transaction.atomic():
        job = records.enqueue("audit.anchor")
    tasks.perform(str(job.pk))
    assert Job.objects.get(pk=job.pk).words == "The time-stamp authority does not answer."
    settings.AUDIT_TSA_URL = url
    for _ in range(2):
        with transaction.atomic():
            job = records.enqueue("audit.anchor")
        tasks.perform(str(job.pk))
        assert Job.objects.get(pk=job.pk).state == Job.State.DONE
        sequenced(1)
    assert [each.size for each in Anchor.objects.all()] == [3]
