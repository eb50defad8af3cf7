"""What an operator does now and then: verify the log, and make the lineage again."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from portal.client import USAGE, Failed


def verify_export(directory: Path, more: Mapping[str, Sequence[object] | None], flags: Sequence[str]) -> int:
    """Run the offline verifier on an export, with a key that came by another way; its exit code."""
    from audit.offline import verify

    if not more["--key"]:
        raise Failed("Give the log's verifier key with --key, from a place you trust: not from the export.", USAGE)
    options = [text for name, values in more.items() for value in values or () if value for text in (name, str(value))]
    return verify.main([str(directory), *options, *flags])


def drill(directory: Path | None, keys: Sequence[str], *, database: bool) -> dict[str, Any]:
    """Practise the attacks on copies of an export, of this server's log, or of its database: what caught each."""
    from audit import drill, drill_copy

    try:
        if database:
            found = drill_copy.on_database()
        else:
            found = drill.on_export(directory, keys) if directory else drill.on_server()
    except drill.TooShort:
        raise Failed(f"There are fewer than {drill.LEAST} entries to practise on.") from None
    except drill_copy.CannotCopy:
        raise Failed(
            "This role may not make temporary tables, so there is nothing to practise on. "
            "Let it: GRANT TEMPORARY ON DATABASE ... TO ..."
        ) from None
    except ValueError as error:
        raise Failed(str(error), USAGE) from None
    rows = [{"attack": x.attack, "caught_by": x.checked_by, "entry": x.entry, "what": x.what} for x in found]
    lines = [f"{x.attack:<24} {'NOT CAUGHT' if not x.caught else x.entry:>10}  {x.checked_by}: {x.what}" for x in found]
    words = "\n".join([f"{'attack':<24} {'first bad':>10}  caught by", *lines])
    return {"all_caught": all(each.caught for each in found), "attacks": rows, "words": words}


def verify_database() -> dict[str, Any]:
    """Verify every entry in the database against what was signed."""
    from audit import verify

    report = verify.database()
    faults = [{"entry": fault.seq, "what": fault.what} for fault in report.faults[:100]]
    words = "\n".join(map(str, report.faults)) or f"OK: {report.size} entries, root {report.root.hex()}"
    return {"holds": report.sound, "size": report.size, "root": report.root.hex(), "faults": faults, "words": words}


def rebuild_lineage(progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Make every lineage projection again from the raw events."""
    from audit.actor import operator
    from jobs import selectors as clock
    from lineage import rebuild, services

    copy = rebuild.prepared(progress)
    try:
        events, differed = services.rebuild(actor=operator(), copy=copy, now=clock.now())
    finally:
        copy.close()
    return {"events": events, "differed": differed}


def retain_lineage(progress: Callable[[int], None], *, only_count: bool) -> dict[str, Any]:
    """Count the lineage that is past its time, and remove it unless it is only to be counted."""
    from governance.retention import tasks
    from jobs import selectors as clock

    found: dict[str, Any] = {"found": tasks.counted(clock.now())}
    return found if only_count else found | {"removed": tasks.carry_out(clock.now, progress)}


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


def sinks() -> list[dict[str, Any]]:
    """Every system that collects entries, as data with a sentence each."""
    from audit import delivery

    found = []
    for each in delivery.states():
        trouble = f" Away since {each.away_since:%Y-%m-%d %H:%M} UTC: {each.problem}." if each.away_since else ""
        words = f"{each.name} ({each.address}, {each.dialect}): has {each.delivered}, owed {each.owed}.{trouble}"
        moments = {name: getattr(each, name) and getattr(each, name).isoformat() for name in ("sent_at", "away_since")}
        found.append({**vars(each), **moments, "words": words})
    return found


def sink_secret(name: str) -> str:
    """The secret that a configured webhook is signed with."""
    from audit import sinks as collecting

    if name not in {each.name for each in collecting.configured()}:
        raise Failed(f"ATTESTRY_AUDIT_SINKS names no “{name}”.", USAGE)
    return collecting.secret(name)


def replay(on: str) -> dict[str, Any]:
    """What the log says was live at the end of that day (now, when empty), and where the tables say otherwise."""
    from audit.refusals import Refused
    from governance.reports import live, past
    from jobs import selectors as clock

    now = clock.now()
    try:
        moment = live.moment(on, now)
    except Refused:
        raise Failed("Give --on a day that has come, as in 2026-11-20.", USAGE) from None
    reading = past.read_until(moment, waiting=True)
    rows = [live.told(each) for each in reading.past.live]
    differs = [*past.compare_day(moment, reading)] if on else [*past.compare().differences]
    lines = [
        f"{each['promotion']}: version {each['version']['label']} of {each['model']['id']} ran in "
        f"{each['environment']} since {each['since']}, approved by {', '.join(each['approved_by'])}"
        for each in rows
    ]
    words = "\n".join([*lines, *(f"DIFFERS {each.words}" for each in differs)]) or "Nothing was live."
    found = [each._asdict() for each in differs]
    return {"on": moment.isoformat(), "live": rows, "differences": found, "words": words}
