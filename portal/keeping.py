"""`attestry audit ...`: commands for those who keep the log and those who check it."""

from pathlib import Path
from typing import Annotated

import typer

from portal.client import CHECKS, OK, USAGE, Failed
from portal.terminal import DataDir, Json, server, show

audit = typer.Typer(help="The append-only log.", no_args_is_help=True, rich_markup_mode=None)


@audit.command("verify")
def audit_verify(
    directory: Annotated[Path | None, typer.Argument(help="An export of the log.")] = None,
    key: Annotated[str, typer.Option(help="The verifier key, obtained by another way than the export.")] = "",
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
        raise typer.Exit(upkeep.verify_export(directory, key, as_json=as_json))
    server(data_dir)
    found = upkeep.verify_database()
    show(found, as_json=as_json, words=found["words"])
    raise typer.Exit(OK if found["holds"] else CHECKS)
