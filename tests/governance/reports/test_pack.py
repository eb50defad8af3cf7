"""An evidence pack stands alone: unpacked in an empty folder, it is checked as its README says."""

import hashlib
import io
import json
import re
import shlex
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import transaction

from audit import keys, log, sequence, services, trails
from audit.actor import system
from governance.access import records
from governance.reports.models import Report
from jobs import selectors as clock
from lineage.models import Dataset, RawEvent
from tests.governance.reports.made import ask, taken, whole

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(tmp_path, settings, people):
    settings.DATA_DIR = tmp_path
    settings.AUDIT_KEY_FILE = tmp_path / "audit.key"
    settings.AUDIT_ORIGIN = "portal.example/audit"
    keys.ensure_key(settings.AUDIT_KEY_FILE)
    return str(keys.verifier())


@pytest.fixture
def logged(key, version, now):
    """The version has entries of its own, all is numbered, and the day's seal is on it."""
    for _ in range(3):
        with transaction.atomic():
            log.append(
                actor=system(), action="thing.done", subjects=[version.subject], at=now, scope_id=version.scope_id
            )
    seal(now)
    return version


def seal(now):
    sequence.run_once(now)
    services.pin_ends(actor=system(), size=trails.due(), now=now)
    sequence.run_once(now)


@pytest.fixture
def unpacked(logged, people, run_jobs, tmp_path, key):
    answer = taken(people.vera, logged, run_jobs, format="zip")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    folder = tmp_path / "empty"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        packed.extractall(folder)
    return folder


def as_the_readme_says(folder, key):
    """Run the command that stands in the README, in the folder, with nothing of the portal around it."""
    said = re.search(r"^ {4}(python verify\.py .*)$", (folder / "README.txt").read_text(), re.MULTILINE)[1]
    command = [sys.executable, "-I", *shlex.split(said.replace("VERIFIER-KEY", shlex.quote(key)))[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_a_pack_is_checked_as_its_readme_says(unpacked, key, logged):
    code, words = as_the_readme_says(unpacked, key)
    assert code == 0, words
    assert words.startswith("OK: ") and f"about {logged.subject}" in words and "none left out" in words
    assert "3 raw events are the ones that the log recorded" in words
    assert "NOT SHOWN" not in words


def test_it_has_every_form_and_the_manifest_names_each_file(unpacked):
    manifest = json.loads((unpacked / "manifest.json").read_text())
    there = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert there == {*manifest["files"], "manifest.json"}
    forms = {"json", "csv", "svg", "ndjson", "prov.json", "graphml", "pdf"}
    assert {f"lineage.{form}" for form in forms} | {"verify.py", "log/trail.json", "log/checkpoint"} <= there
    for name, said in manifest["files"].items():
        data = (unpacked / name).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (said["sha256"], said["size"])


def test_a_flipped_byte_in_any_file_is_found(unpacked, key):
    for path in sorted(path for path in unpacked.rglob("*") if path.is_file() and path.name != "verify.py"):
        before = path.read_bytes()
        damaged = bytearray(before)
        damaged[len(before) // 2] ^= 1
        path.write_bytes(damaged)
        code, words = as_the_readme_says(unpacked, key) if path.name != "README.txt" else checked(unpacked, key)
        if path.name != "manifest.json":
            assert (code, words[:3]) == (5, "BAD"), (path, words)
        path.write_bytes(before)
    assert as_the_readme_says(unpacked, key)[0] == 0


def checked(folder, key):
    """Run the verifier without reading the README."""
    command = [sys.executable, "-I", "verify.py", ".", "--key", key]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout


def repacked(folder, name, data):
    """Put other bytes into a pack, and into its manifest, as somebody would who wants it believed."""
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_an_entry_left_out_is_found_though_the_manifest_agrees(unpacked, key):
    trail = json.loads((unpacked / "log/trail.json").read_text())
    del trail["results"][-1]
    repacked(unpacked, "log/trail.json", json.dumps(trail).encode())
    assert checked(unpacked, key)[0] == 5


def test_an_event_that_the_log_did_not_record_is_told(unpacked, key):
    lines = (unpacked / "lineage.ndjson").read_bytes()
    repacked(unpacked, "lineage.ndjson", lines + b'{"made":"up"}\n')
    assert "NOT SHOWN: that the log recorded 1 of the raw events" in checked(unpacked, key)[1]


def test_the_key_of_another_log_vouches_for_nothing(unpacked, tmp_path, settings):
    settings.AUDIT_KEY_FILE = tmp_path / "other.key"
    keys.ensure_key(settings.AUDIT_KEY_FILE)
    assert checked(unpacked, str(keys.verifier()))[0] == 5


def test_the_same_pack_has_the_same_bytes_while_the_log_goes_on(logged, people, run_jobs):
    as_of = clock.now()
    first = taken(people.vera, logged, run_jobs, format="zip", as_of=as_of.isoformat()).content
    seal(as_of + timedelta(minutes=1))
    assert taken(people.olga, logged, run_jobs, format="zip", as_of=as_of.isoformat()).content == first
    assert b'"made"' not in first and b"Vera" not in first


def test_before_there_was_a_log_it_says_that_nothing_can_be_shown(version, people, run_jobs, tmp_path, key):
    answer = taken(people.vera, version, run_jobs, format="zip", as_of="2026-11-20T11:30:00Z")
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path / "early")
    assert checked(tmp_path / "early", key)[0] == 5


def test_what_the_reader_may_not_see_is_named_by_digest_alone(logged, person, payments, founded, run_jobs, tmp_path):
    elsewhere = records.place(founded, "team", "elsewhere")
    Dataset.objects.filter(name="/more").update(scope_id=elsewhere.pk)
    answer = taken(person("Rita", "auditor", payments), logged, run_jobs, format="zip")
    assert b"/more" not in answer.content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert len(json.loads(packed.read("manifest.json"))["withheld"]) == 1
        assert len(json.loads(packed.read("log/events.json"))["results"]) == 2


def test_nothing_of_the_time_or_machine_stands_in_the_zip(logged, people, run_jobs):
    content = taken(people.vera, logged, run_jobs, format="zip").content
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        files = packed.infolist()
    assert len(files) > 12
    told = {(one.date_time, one.create_system, one.external_attr, one.compress_type, one.flag_bits) for one in files}
    assert told == {((1980, 1, 1, 0, 0, 0), 3, 0o644 << 16, zipfile.ZIP_STORED, 0)}
    assert not any(one.extra or one.comment for one in files)
    assert [files[0].filename, files[-1].filename] == ["README.txt", "manifest.json"]


def test_a_report_is_kept_and_sent_in_parts(logged, people, run_jobs, monkeypatch):
    monkeypatch.setattr("governance.reports.rules.PART", 1000)
    all_of_it = taken(people.vera, logged, run_jobs, format="zip")
    report = Report.objects.get()
    assert len(report.parts) == -(-report.size // 1000) > 20
    assert f"sha256:{hashlib.sha256(all_of_it.content).hexdigest()}" == report.digest
    path = f"/api/v1/reports/{report.pk}/content"
    for asked in ((0, 0), (999, 1000), (1000, 1999), (1001, 3500), (report.size - 1, report.size - 1)):
        answer = people.vera.api.get(path, headers={"range": f"bytes={asked[0]}-{asked[1]}"})
        assert answer.streaming and answer["Content-Length"] == str(asked[1] - asked[0] + 1)
        assert whole(answer).content == all_of_it.content[asked[0] : asked[1] + 1]


def test_a_large_pack_is_made_in_little_memory(logged, people, run_jobs):
    """The raw events of a pack pass through, one piece at a time: 40 MB of them cost a fraction of that."""
    pad = "".join(chr(97 + one % 26) for one in range(1_000_000))
    for number in range(40):
        keep_event(logged, f"{pad}{number}", number)
    tracemalloc.start()
    try:
        answer = ask(people.vera, logged, format="zip")
        run_jobs()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    report = Report.objects.get(pk=answer.json()["id"])
    assert report.size > 40_000_000
    assert peak < 25_000_000, peak


def keep_event(version, text, number):
    """Another raw event of the run that trained the version."""
    event = {"eventTime": "2026-11-20T10:06:00Z", "producer": "https://example.org/p", "note": text}
    event |= {"run": {"runId": "00000000-0000-4000-8000-000000000005"}, "job": {"namespace": "jobs", "name": "train"}}
    body = json.dumps(event, sort_keys=True, separators=(",", ":")).encode()
    RawEvent.objects.create(
        sha256=hashlib.sha256(body).hexdigest(), body=zlib.compress(body), size=len(body), kind="run",
        at=datetime(2026, 11, 20, 10, 6, number, tzinfo=UTC), received_at=datetime(2026, 11, 20, 10, 6, tzinfo=UTC),
        run_uuid=UUID("00000000-0000-4000-8000-000000000005"), scope_id=version.scope_id, principal_id=UUID(int=1),
    )  # fmt: skip


def test_a_download_that_was_cut_off_goes_on(logged, people, run_jobs):
    full = taken(people.vera, logged, run_jobs, format="zip")
    path, size, etag = f"/api/v1/reports/{Report.objects.get().pk}/content", len(full.content), full["ETag"]

    def part(asked, **headers):
        return whole(people.vera.api.get(path, headers={"range": asked, **headers}))

    rest = part("bytes=100-", **{"if-range": etag})
    assert (rest.status_code, full.content[:100] + rest.content) == (206, full.content)
    assert rest["Content-Range"] == f"bytes 100-{size - 1}/{size}"
    assert part("bytes=-5").content == full.content[-5:]
    assert part("bytes=2-3").content == full.content[2:4]
    over = part(f"bytes={size}-")
    assert (over.status_code, over["Content-Range"]) == (416, f"bytes */{size}")
    for asked in ("bytes=5-2", "bytes=-", "lines=1-2", "bytes=0-1,4-5", "bytes=x-"):
        assert (part(asked).status_code, part(asked).content) == (200, full.content)
    assert part("bytes=100-", **{"if-range": '"other"'}).status_code == 200
