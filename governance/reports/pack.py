"""An evidence pack: one zip with a report in every form, the log's entries with proofs, and what checks them.

The same report gives the same bytes: files stand in it by name, without times, and as they are. Compression is left
to whoever sends or keeps it, for its result depends on the library that did it.
"""

import io
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
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


def body(told: Told) -> bytes:
    """Return the zip."""
    return archive(files(told))


def files(told: Told) -> dict[str, bytes]:
    """Return every file of the pack; the first two are for people, the others stand by name."""
    found = {f"lineage.{rules.ending(form)}": make(told) for form, make in forms.MAKERS.items()}
    found |= _log(told) | {"verify.py": Path(verify.__file__).read_bytes()}
    first = {"README.txt": _readme(told).encode()}
    first["manifest.json"] = rules.as_json(_manifest(told, first | found))
    return first | dict(sorted(found.items()))


def archive(content: Mapping[str, bytes]) -> bytes:
    """Return files as a zip that depends on nothing but them."""
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as packed:
        for name, data in content.items():
            about = ZipInfo(name, START)
            about.create_system, about.external_attr = 3, 0o644 << 16
            packed.writestr(about, data)
    return out.getvalue()


def _readme(told: Told) -> str:
    report = told.report
    name = rules.filename(report.kind, report.title, "", "zip")
    subject = f"model_version:{report.subject}"
    return README.format(title=report.title, as_of=report.as_of.isoformat(), filename=name, subject=subject)


def _manifest(told: Told, content: Mapping[str, bytes]) -> dict[str, Any]:
    described = {name: {"sha256": sha256(data).hexdigest(), "size": len(data)} for name, data in content.items()}
    return {
        "pack": 1,
        "title": told.report.title,
        "subject": f"model_version:{told.report.subject}",
        "as_of": told.report.as_of.isoformat(),
        "files": described,
        "withheld": [f"sha256:{digest}" for digest, line in told.lines if line is None],
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
    subjects = [f"lineage_event:{digest}" for digest, line in told.lines if line is not None]
    return trails.proven(told.actor, subjects, checkpoint)


def _plain(value: Any) -> bytes:
    return (json.dumps(value, sort_keys=True, ensure_ascii=False) + "\n").encode()
