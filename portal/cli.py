"""`attestry`: one command for the server, for people elsewhere, and for auditors offline.

Data goes to stdout and words to stderr. Nothing heavy is imported here: commands import what they need when they run.
"""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from portal import erasing, keeping, remote
from portal.client import ERROR, OK, Failed
from portal.terminal import DataDir, Json, load_django, server, show, tell

app = typer.Typer(
    help="Decide which machine-learning models may run where, and prove it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
token = typer.Typer(help="Tokens of service accounts.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(token, name="token")
app.add_typer(keeping.audit, name="audit")
app.add_typer(erasing.privacy, name="privacy")
app.add_typer(keeping.db, name="db")
remote.attach(app, keeping.audit)
lineage = remote.lineage


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="Play the demo: people, a model, a request to decide.")] = False,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many jobs run side by side.")] = 2,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy speaks https for us.")] = False,
) -> None:
    """Start everything and stay: web, worker and, for the demo, an MLflow server. Ctrl-C stops it all."""
    from portal import datadir
    from portal import up as house

    plan = house.Plan(datadir.locate(data_dir), host, port, workers, demo, behind_proxy)
    raise typer.Exit(house.run(plan))


@app.command()
def migrate(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Make keys and tables, or bring them up to date. Safe to repeat."""
    from portal import datadir

    datadir.make(datadir.locate(data_dir))
    load_django()
    from portal import groundwork

    groundwork.lay(lambda _: None)
    show({"state": "ready"}, as_json=as_json, words="Keys, tables and static files are in place.")


@app.command(hidden=True)
def prepare(demo: Annotated[bool, typer.Option("--demo")] = False) -> None:
    """Do what `up` needs done before it starts its children."""
    load_django()
    from portal import groundwork, welcome

    groundwork.lay(tell)
    welcome.write(demo=demo)


@app.command()
def web(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    threads: Annotated[
        int, typer.Option(min=1, max=64, help="Requests answered side by side; batches of lineage take up to 40.")
    ] = 48,
    data_dir: DataDir = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy speaks https for us.")] = False,
) -> None:
    """Serve pages and interface, without a worker; `up` is the whole house."""
    from portal import datadir
    from portal import up as house

    behind = behind_proxy or bool(os.environ.get("ATTESTRY_BEHIND_PROXY"))
    if not behind and not house.is_loopback(host):
        house.check_exposure(host, behind_proxy=False, base_url="")
    os.umask(0o077)
    datadir.existing(data_dir)
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "portal.served:application", address=host, port=port, interface=Interfaces.WSGI, workers=1, websockets=False,
        blocking_threads=threads, backpressure=max(256, threads * 8), log_access=False, respawn_failed_workers=True,
    ).serve()  # fmt: skip


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many jobs run side by side.")] = 2,
    check: Annotated[bool, typer.Option("--check", help="Only tell, by exit code, whether one lives here.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Do owed work and keep the log in order. Without BROKER_URL run exactly one; with it, as many as you like."""
    server(data_dir)
    if check:
        from portal import doctor as health

        raise typer.Exit(OK if health.worker_lives_here() else ERROR)
    from portal.celery import app as celery

    warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
    # threads: a pool process that is killed holding its queue's lock would leave the others waiting for ever
    celery.worker_main(["--quiet", "worker", "--pool=threads", f"--concurrency={concurrency}", "--loglevel=INFO",
                        "--without-gossip",
                        "--without-mingle", "--without-heartbeat", f"--hostname=worker-{os.getpid()}@%h"])  # fmt: skip


@token.command("create")
def token_create(
    name: Annotated[str, typer.Option(help="What the service account is for.")],
    role: Annotated[str, typer.Option(help="Roles, with commas: ingest, register, request, deploy, viewer, auditor.")],
    scope: Annotated[str, typer.Option(help="Where it may act, as in acme/payments; default everywhere.")] = "",
    days: Annotated[int, typer.Option(min=1, max=366)] = 90,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a service account's token and print it, once, alone on stdout."""
    server(data_dir)
    from portal import welcome

    made = welcome.service_token(name, [part.strip() for part in role.split(",") if part.strip()], scope, days)
    show(made, as_json=as_json, words=made["token"])


@app.command()
def backup(
    file: Path,
    without_keys: Annotated[bool, typer.Option("--without-keys", help="Leave the keys out; keep them apart.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Write database, keys and the last signed checkpoint to one archive, while everything runs."""
    server(data_dir)
    from portal import backup as archive

    manifest = archive.write(file, with_keys=not without_keys)
    kept = "It does not hold the keys" if without_keys else "It holds the keys: keep it private"
    words = f"{file}: {manifest['log_size']} log entries or more, {manifest['database']}. {kept}."
    show(manifest, as_json=as_json, words=words)


@app.command()
def restore(file: Path, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Bring back a backup into an empty data directory (and an empty PostgreSQL database)."""
    from portal import datadir

    datadir.make_place(datadir.locate(data_dir))
    load_django()
    from portal import restore as archive

    archive.check_empty(datadir.locate())
    manifest = archive.bring_back(file)
    if manifest["memory"] == "backup":
        tell(archive.NO_MEMORY)
    words = f"Restored a log of {manifest['log_size']} entries or more, as of {manifest['made_at']}."
    show(manifest, as_json=as_json, words=words)


@app.command()
def doctor(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Look everything over and say what is wrong and what to do; exit code 1 when something is."""
    server(data_dir)
    from portal import doctor as health

    findings = health.examine()
    words = "\n".join(f"{finding.mark:<5} {finding.about}: {finding.words}" for finding in findings)
    show(health.summary(findings), as_json=as_json, words=words)
    raise typer.Exit(ERROR if any(finding.bad for finding in findings) else OK)


@lineage.command("rebuild")
def lineage_rebuild(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Make every projection again from the raw events."""
    server(data_dir)
    from portal import upkeep

    def tell(done: int, total: int) -> None:
        if done % 10_000 < 200 or done == total:
            typer.echo(f"{done} of {total} events", err=True)

    done = upkeep.rebuild_lineage(tell)
    show(done, as_json=as_json, words=f"{done['events']} events replayed, {done['differed']} rows put right.")


@lineage.command("retain")
def lineage_retain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Remove raw events and runs that are past their time and that nothing relies on, as a worker does every day."""
    server(data_dir)
    from portal import upkeep

    done = upkeep.retain_lineage(lambda count: typer.echo(f"{count} removed", err=True), only_count=dry_run)
    told = [
        f"{kind}: {n['old']} past their time, {n['pinned']} kept for approvals and requests, {n['held']} under a hold, "
        f"{n['removed']} to go"
        for kind, n in done["found"].items()
    ]
    told += [f"{kind}: {count} removed" for kind, count in done.get("removed", {}).items()]
    show(done, as_json=as_json, words="\n".join(told))


def main() -> None:
    """Run the command; every refusal is one sentence on stderr and an exit code."""
    try:
        app()
    except Exception as error:
        code = _explain(error)
        if code is None:
            raise
        sys.exit(code)


def _explain(error: Exception) -> int | None:
    """Say an expected refusal and return its exit code; None for what we did not expect."""
    if isinstance(error, Failed):
        if error.problem and "--json" in sys.argv:
            print(json.dumps(error.problem, ensure_ascii=False))
        tell(error.sentence)
        return error.code
    from portal import datadir

    if isinstance(error, datadir.Unfit):
        tell(str(error))
        return ERROR
    return _explain_refusal(error)


def _explain_refusal(error: Exception) -> int | None:
    from audit.refusals import Refused
    from portal.client import REFUSED

    if not isinstance(error, Refused):
        return None
    from portal.sentences import say

    tell(say(error))
    return REFUSED


if __name__ == "__main__":
    main()
