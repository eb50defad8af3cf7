"""What an operator does now and then: verify the log, and make the lineage again."""

import os
from pathlib import Path
from typing import Any

from portal.client import USAGE, Failed


def verify_export(directory: Path, key: str, *, as_json: bool) -> int:
    """Run the offline verifier on an export, with a key that came by another way; its exit code."""
    from audit.offline import verify

    if not key:
        raise Failed("Give the log's verifier key with --key, from a place you trust: not from the export.", USAGE)
    return verify.main([str(directory), "--key", key, *(["--json"] if as_json else [])])


def verify_database() -> dict[str, Any]:
    """Verify every entry in the database against what was signed."""
    from audit import verify

    report = verify.database()
    faults = [{"entry": fault.seq, "what": fault.what} for fault in report.faults[:100]]
    words = "\n".join(map(str, report.faults)) or f"OK: {report.size} entries, root {report.root.hex()}"
    return {"holds": report.sound, "size": report.size, "root": report.root.hex(), "faults": faults, "words": words}


def rebuild_lineage() -> dict[str, Any]:
    """Make every lineage projection again from the raw events."""
    from audit.actor import operator
    from jobs import selectors as clock
    from lineage import services

    return {"events": services.rebuild(actor=operator(), now=clock.now())}


def roles(owner: str, application: str, *, apply: bool) -> list[str]:
    """Return the SQL that sets up the two roles of the database, and run it where asked."""
    from audit import roles as two
    from audit import services
    from audit.actor import operator
    from jobs import selectors as clock

    named = two.Named(owner, application)
    if not apply:
        return two.statements(named)
    password = os.environ.get("ATTESTRY_APP_PASSWORD", "")
    return services.separate_roles(actor=operator(), named=named, password=password, now=clock.now())


def move_fence(*, closed: bool) -> None:
    """Close or open the event triggers around the log's tables."""
    from audit import services
    from audit.actor import operator
    from jobs import selectors as clock

    services.move_fence(actor=operator(), closed=closed, now=clock.now())
