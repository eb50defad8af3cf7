"""An evidence pack: one zip with a report in every form, the log's entries with proofs, and what checks them.

The same report gives the same bytes: files stand in it by name, without times, and as they are. Compression is left
to whoever sends or keeps it, for its result depends on the library that did it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, cast
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from audit import keys, trails
from audit.models import Checkpoint
from audit.offline import verify
from governance.reports import forms, rules, selectors
from governance.reports.forms import Told

START = (1980, 1, 1, 0, 0, 0)
"""The first moment a zip can tell; every file in a pack has it."""
README = """Evidence about {title}
as of {as_of}

What this model version was made from, who approved it, and every entry of the portal's log about it, with what proves
them. To check it you need Python 3.11 or later and the package "cryptography" (python -m pip install cryptography),
and the log's verifier key from a place you trust: your own notes, or somebody who does not run the portal. Unpack
the zip into an empty folder, go there, and run

    python verify.py . --key VERIFIER-KEY

with a verify.py that you trust; the one in here is there for convenience. It needs no network, database or account,
prints OK and exits with 0, or says what is wrong and exits with 5. It checks that

- every file below is the one that manifest.json names,
- every entry in log/trail.json stands in the log that the key signed, continues the one before, and none was left out,
- every raw event in lineage.ndjson is one that the log recorded when it was accepted.

What could not be shown stands in a line that begins with NOT SHOWN: entries newer than the last day's seal, say, or
events that were told after the time above. To see that this very zip is the one that the portal made, compare its
SHA-256 with the digest in the entry "report.made" of the log:

    sha256sum {filename}
    curl -H "Authorization: Bearer $TOKEN" $URL/api/v1/audit/subjects/{subject}

lineage.json      everything in one document: subject, approvals, data, steps, checks, gaps, digests of the evidence
lineage.csv       the steps as a table
lineage.svg       the picture
lineage.pdf       the same to read and to file (PDF/A-3), with lineage.json attached
lineage.ndjson    the producers' own events after redaction (OpenLineage), which can be sent to a portal again
lineage.prov.json the same as W3C PROV-JSON
lineage.graphml   the graph
log/trail.json    every entry of the log about the version, decisions among them, in exact bytes, each with its proof
log/events.json   the entries under which the raw events were accepted, each with its proof
log/checkpoint    what was signed: the log's name, its size, the root over all entries (C2SP signed note)
log/*.vkey        the verifier keys as this portal states them; compare them with yours, do not take them from here
manifest.json     the SHA-256 and size of every file; `withheld` are events that name what the reader may not see
"""


def write(told: Told, out: IO[bytes]) -> None:
    """Write the zip, file by file; what it holds is in memory one piece at a time."""
    manifest: dict[str, dict[str, Any]] = {}
    with ZipFile(out, "w", ZIP_STORED) as packed:
        for name, put in _files(told):
            with packed.open(_described(name), "w") as into:
                written = _Written(into)
                put(cast("IO[bytes]", written))
            manifest[name] = {"sha256": written.digest.hexdigest(), "size": written.size}
        packed.writestr(_described("manifest.json"), rules.as_json(_manifest(told, manifest)))


class _Written:
    """A file of the zip while it is written: how much, and the digest so far."""

    def __init__(self, into: IO[bytes]) -> None:
        self.into, self.size, self.digest = into, 0, sha256()

    def write(self, data: bytes) -> int:
        """Write on."""
        self.size += len(data)
        self.digest.update(data)
        return self.into.write(data)


Put = Callable[[IO[bytes]], Any]


def _files(told: Told) -> Iterator[tuple[str, Put]]:
    """Yield every file of the pack but its manifest, the one for people first, and what writes it."""
    yield "README.txt", _whole(_readme(told).encode())
    ours: dict[str, Put] = {f"lineage.{rules.ending(form)}": partial(make, told) for form, make in forms.MAKERS.items()}
    ours |= {name: _whole(data) for name, data in _log(told).items()}
    ours["verify.py"] = _whole(Path(verify.__file__).read_bytes())
    yield from sorted(ours.items())


def _whole(data: bytes) -> Put:
    return lambda into: into.write(data)


def _described(name: str) -> ZipInfo:
    """Return how a file stands in the zip: by its name alone, with nothing of the time and machine that made it."""
    about = ZipInfo(name, START)
    about.create_system, about.external_attr = 3, 0o644 << 16
    return about


def _readme(told: Told) -> str:
    report = told.report
    name = rules.filename(report.kind, report.title, "", "zip")
    subject = f"model_version:{report.subject}"
    return README.format(title=report.title, as_of=report.as_of.isoformat(), filename=name, subject=subject)


def _manifest(told: Told, described: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "pack": 1,
        "title": told.report.title,
        "subject": f"model_version:{told.report.subject}",
        "as_of": told.report.as_of.isoformat(),
        "files": described,
        "withheld": [f"sha256:{digest}" for digest, shown in told.shown.items() if not shown],
    }


def _log(told: Told) -> dict[str, bytes]:
    """Return what the log has about the version and its events; nothing before there was a log."""
    checkpoint = selectors.sealed(told.report.as_of)
    if checkpoint is None:
        return {}
    found = {"log/trail.json": _plain(told.content["log"]), "log/checkpoint": checkpoint.note.encode()}
    found["log/events.json"] = _plain({"results": _accepted(told, checkpoint)})
    for each in keys.verifiers():
        kind = "mldsa." if each != keys.verifier() else ""
        found[f"log/log.{kind}vkey"] = f"{each}\n".encode()
    return found


def _accepted(told: Told, checkpoint: Checkpoint) -> list[dict[str, Any]]:
    subjects = [f"lineage_event:{digest}" for digest, shown in told.shown.items() if shown]
    return trails.proven(told.actor, subjects, checkpoint)


def _plain(value: Any) -> bytes:
    return (json.dumps(value, sort_keys=True, ensure_ascii=False) + "\n").encode()
