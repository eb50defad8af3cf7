"""`attestry audit ...` and `attestry db ...`: commands for those who keep the log and those who check it."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from portal.client import CHECKS, OK, SIGNED_OUT, USAGE, Failed, Portal
from portal.terminal import DataDir, Json, server, show, tell

db = typer.Typer(help="The database beneath the log.", no_args_is_help=True, rich_markup_mode=None)
audit = typer.Typer(help="The append-only log.", no_args_is_help=True, rich_markup_mode=None)


@audit.command("verify")
def audit_verify(
    directory: Annotated[Path | None, typer.Argument(help="An export of the log.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="The verifier key, got another way than the export.")] = None,
    after: Annotated[list[Path] | None, typer.Option(help="An earlier export, which this one must continue.")] = None,
    checkpoint: Annotated[list[Path] | None, typer.Option(help="A checkpoint kept earlier.")] = None,
    seen: Annotated[list[str] | None, typer.Option(help="SIZE:ROOT noted earlier.")] = None,
    subject: Annotated[str, typer.Option(help="List every entry about it.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the links between entries.")] = False,
    forms: Annotated[bool, typer.Option("--forms", help="Check every byte's canonical form as well.")] = False,
    database: Annotated[
        bool, typer.Option("--database", help="Verify the log in the database, on the server.")
    ] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Verify an export offline, or the database's own log; exit code 5 when it does not hold."""
    if database == (directory is not None):
        raise Failed("Name an exported directory with --key VKEY, or --database.", USAGE)
    from portal import upkeep

    if directory is not None:
        more = {"--key": key, "--after": after, "--checkpoint": checkpoint, "--seen": seen, "--subject": [subject]}
        flags = [name for name, given in (("--quick", quick), ("--forms", forms), ("--json", as_json)) if given]
        raise typer.Exit(upkeep.verify_export(directory, more, flags))
    server(data_dir)
    found = upkeep.verify_database()
    show(found, as_json=as_json, words=found["words"])
    raise typer.Exit(OK if found["holds"] else CHECKS)


@audit.command("witness")
def audit_witness(
    url: Annotated[str, typer.Option(help="The portal's address.")],
    key: Annotated[list[str], typer.Option(help="The log's verifier key, got another way; during a change, both.")],
    state: Annotated[Path, typer.Option(help="A folder for what was seen last, and for the witness's own key.")],
    token_file: Annotated[Path | None, typer.Option(help="A file with a token; else ATTESTRY_TOKEN.")] = None,
    as_json: Json = False,
) -> None:
    """See that the log only grew since the last look, and co-sign it; exit code 5 when it was rolled back or forked."""
    from audit import watch
    from audit.checkpoint import read_vkey
    from audit.refusals import Refused

    token = token_file.read_text().strip() if token_file else os.environ.get("ATTESTRY_TOKEN", "")
    if not token:
        raise Failed("Give a token with --token-file, or in ATTESTRY_TOKEN.", SIGNED_OUT)
    try:
        vkeys = [read_vkey(each) for each in key]
    except Refused:
        raise Failed("A verifier key must be a name, an id and a key with + between.", USAGE) from None
    portal = Portal(url, token)
    note = portal.fetch("/api/v1/audit/checkpoint").decode(errors="replace")

    def prove(old: int, new: int) -> list[str]:
        return list(portal.get("/api/v1/audit/consistency", **{"from": old, "to": new})["proof"])

    try:
        seen = watch.look(state, vkeys, note, prove, int(time.time()))
    except watch.Inconsistent as found:
        show({"holds": False, "why": str(found)}, as_json=as_json, words=f"BAD log: {found}")
        raise typer.Exit(CHECKS) from None
    at = seen.checkpoint
    tell(f"{at.origin} went from {seen.before} to {at.size} entries. This witness signs as {watch.vkey(state)}")
    answer = {"holds": True, "origin": at.origin, "size": at.size, "before": seen.before, "checkpoint": seen.note}
    show(answer, as_json=as_json, words=seen.note.rstrip("\n"))


@db.command("roles")
def db_roles(
    apply: Annotated[bool, typer.Option("--apply", help="Run the SQL instead of printing it.")] = False,
    owner: Annotated[str, typer.Option(help="Who owns the tables, and cannot sign in.")] = "attestry_owner",
    app: Annotated[str, typer.Option(help="Who the portal works as.")] = "attestry_app",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Print or apply the SQL that separates who owns the tables from who the portal is (PostgreSQL).

    With --apply the application's role gets the password in ATTESTRY_APP_PASSWORD, where one is set. Safe to repeat.
    """
    server(data_dir)
    from portal import upkeep

    sql = upkeep.roles(owner, app, apply=apply)
    show(
        {"applied": apply, "sql": sql}, as_json=as_json, words="Applied." if apply else "\n".join(f"{s};" for s in sql)
    )


@db.command("fence")
def db_fence(
    state: Annotated[str, typer.Argument(help="`close`, or `open` before a migration changes the log's tables.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Close or open the event triggers that keep the log's tables as they are (PostgreSQL, as superuser)."""
    if state not in {"close", "open"}:
        raise Failed("Say `close` or `open`.", USAGE)
    server(data_dir)
    from portal import upkeep

    upkeep.move_fence(closed=state == "close")
    show(
        {"closed": state == "close"}, as_json=as_json, words=f"The fence is {'closed' if state == 'close' else 'open'}."
    )


@audit.command("rotate")
def audit_rotate(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Go over to new signing keys, on the server: the old ones sign that the new ones come. May be run again."""
    server(data_dir)
    from audit import keys, rotation
    from jobs import selectors as clock

    rotation.rotate(clock.now())
    lines = [str(each) for each in keys.verifiers()]
    tell("New keys sign the log. Back them up, and hand out these verifier keys:")
    show({"keys": lines}, as_json=as_json, words="\n".join(lines))


@audit.command("anchor")
def audit_anchor(
    tsa: Annotated[str, typer.Option(help="The time-stamp authority's address (ATTESTRY_TSA_URL).")] = "",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Have the newest checkpoint time-stamped (RFC 3161), on the server; the token is kept and exported."""
    server(data_dir)
    from django.conf import settings

    from audit import anchor
    from jobs import selectors as clock

    if not (tsa or settings.AUDIT_TSA_URL):
        raise Failed("Name a time-stamp authority with --tsa.", USAGE)
    kept = anchor.stamp(tsa or settings.AUDIT_TSA_URL, clock.now())
    said = {"size": kept.size, "stamped_at": kept.stamped_at.isoformat(), "authority": kept.authority}
    words = f"The log was {kept.size} entries long at {said['stamped_at']}, says {kept.authority}."
    show(said, as_json=as_json, words=words)


@audit.command("sinks")
def audit_sinks(
    secret: Annotated[str, typer.Option(help="Print the secret that this webhook is signed with.")] = "",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Say who collects the log's entries (ATTESTRY_AUDIT_SINKS) and how far each of them is."""
    server(data_dir)
    from portal import upkeep

    if secret:
        show({"secret": upkeep.sink_secret(secret)}, as_json=as_json, words=upkeep.sink_secret(secret))
        return
    found = upkeep.sinks()
    words = "\n".join(each["words"] for each in found) or "Nobody collects entries: ATTESTRY_AUDIT_SINKS is empty."
    show(found, as_json=as_json, words=words)


@audit.command("drill")
def audit_drill(
    directory: Annotated[
        Path | None, typer.Argument(help="An export; without it, one of the server's own log.")
    ] = None,
    key: Annotated[list[str] | None, typer.Option(help="With an export: the verifier key.")] = None,
    database: Annotated[bool, typer.Option("--database", help="On a copy of the server's whole database.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Practise every attack on copies of the log and see each one caught; exit code 5 when one was not."""
    from portal import upkeep

    if (directory is None) != (not key):
        raise Failed("Give an export and its verifier key with --key, or neither on the server.", USAGE)
    if directory is not None and database:
        raise Failed("Give an export or --database, not both.", USAGE)
    server(data_dir)
    found = upkeep.drill(directory, key or [], database=database)
    show(found, as_json=as_json, words=found["words"])
    raise typer.Exit(OK if found["all_caught"] else CHECKS)


@audit.command("replay")
def audit_replay(
    on: Annotated[str, typer.Option(help="A day, as in 2026-11-20: what was live at its end. Default: now.")] = "",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Rebuild what was live, and approved by whom, from the log alone; exit code 5 where the tables differ from it."""
    server(data_dir)
    from portal import upkeep

    found = upkeep.replay(on)
    show(found, as_json=as_json, words=found["words"])
    raise typer.Exit(CHECKS if found["differences"] else OK)
