"""`attestry privacy ...`: erasing on the server, as its operator; never both of the two people it takes."""

from typing import Annotated, Any
from uuid import UUID

import typer

from portal.client import PENDING, USAGE, Failed
from portal.terminal import DataDir, Json, server, show

privacy = typer.Typer(help="Erasing personal values.", no_args_is_help=True, rich_markup_mode=None)
Pk = Annotated[str, typer.Argument(help="The request's id.")]


@privacy.command("erase")
def privacy_erase(
    subject: Annotated[str, typer.Argument(help="A person's id or e-mail, or a subject such as promotion:ID.")],
    reason: Annotated[
        str, typer.Option(help="Why; kept as a personal value beside the log.")
    ] = "asked for on the command line",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Ask for the personal values about a person or subject to be erased; exit code 4, because somebody else confirms.

    A compliance officer or administrator confirms it in the browser, under Audit, Retention.
    """
    server(data_dir)
    from audit.actor import operator
    from governance.privacy import api, services
    from jobs import selectors as clock

    asked = services.ask(actor=operator(), subject=subject, reason=reason, now=clock.now())
    words = f"Asked for as {asked.pk}. A compliance officer or an administrator has to confirm it."
    show(api.asked_shape(asked), as_json=as_json, words=words)
    raise typer.Exit(PENDING)


@privacy.command("confirm")
def privacy_confirm(pk: Pk, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Erase what a person asked for elsewhere; refused when the operator asked."""
    server(data_dir)
    from audit.actor import operator
    from governance.privacy import api, services
    from jobs import selectors as clock

    done = api.erased_shape(services.erase(actor=operator(), request_id=_uuid(pk), now=clock.now()))
    assert done is not None
    left = "".join(
        f"\nStill named in {each['table']}.{each['column']}: {each['rows']} rows" for each in done["remains"]
    )
    show({"id": pk, "erased": done}, as_json=as_json, words=f"Erased {done['values']} values.{left}")


@privacy.command("list")
def privacy_list(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List what was asked for, newest first."""
    server(data_dir)
    from audit.retention import selectors
    from governance.privacy import api

    rows: list[dict[str, Any]] = [api.asked_shape(each) for each in selectors.proposals()[:100]]
    words = "\n".join(f"{each['id']} {each['state']:9} {each['kind']:7} {each['target']}" for each in rows)
    show({"results": rows, "next": None}, as_json=as_json, words=words or "Nothing was asked for.")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Failed("A request's id is a UUID; `attestry privacy list` shows them.", USAGE) from None
