"""The commands that work from anywhere: they speak REST to the portal that ATTESTRY_URL names."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from portal import client
from portal.client import CHECKS, ERROR, OK, PENDING, REFUSED, Failed

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Wait = Annotated[bool, typer.Option("--wait", help="Stay until it is decided or done.")]
Timeout = Annotated[float, typer.Option(min=0, help="Seconds to wait at most.")]

dataset = typer.Typer(help="Datasets and their scans.", no_args_is_help=True, rich_markup_mode=None)
promotion = typer.Typer(help="Requests for promotion.", no_args_is_help=True, rich_markup_mode=None)
lineage = typer.Typer(help="What was made from what.", no_args_is_help=True, rich_markup_mode=None)

SCAN_OVER = {"done", "failed"}
APPLIED = {"applied", "review_due", "superseded", "rolled_back", "ratified"}
"""States of a request that was applied, whatever came after."""
LOST = {"rejected", "withdrawn", "expired", "changes_requested", "revoked", "reverted", "compromised"}
"""States in which waiting longer brings nothing: people have said no, or want something changed first."""


def attach(app: typer.Typer, audit: typer.Typer) -> None:
    """Add these commands to the whole."""
    app.add_typer(dataset, name="dataset")
    app.add_typer(promotion, name="promotion")
    app.add_typer(lineage, name="lineage")
    app.command("promote")(promote)
    audit.command("export")(audit_export)


def show(data: Any, *, as_json: bool, words: str) -> None:
    """Print `data` as JSON when that was asked for, else `words`."""
    print(json.dumps(data, ensure_ascii=False) if as_json else words)


def tell(words: str) -> None:
    """Say something to whoever runs the command."""
    print(words, file=sys.stderr)


@dataset.command("scan")
def dataset_scan(
    target: Annotated[str, typer.Argument(help="A file the server can read, or the name of a dataset.")],
    wait: Wait = False,
    timeout: Timeout = 1800,
    as_json: Json = False,
) -> None:
    """Scan for personal data. With --wait: exit 0 clean, 5 findings, 1 incomplete or unreadable, 4 still running."""
    portal = client.from_environment()
    scan = portal.post(*_scan_request(portal, target))
    if wait and scan["state"] not in SCAN_OVER:
        path = f"/api/v1/scans/{scan['id']}"
        scan = client.poll(lambda: portal.get(path), lambda seen: seen["state"] in SCAN_OVER, timeout, time.sleep)
    show(scan, as_json=as_json, words=scan_words(scan))
    raise typer.Exit(scan_code(scan) if wait else OK)


def _scan_request(portal: client.Portal, target: str) -> tuple[str, dict[str, Any]]:
    """Where to ask for a scan: a path for what looks like a file, else the dataset of that name."""
    if "/" in target or Path(target).exists():
        return "/api/v1/scans", {"path": target if "://" in target else str(Path(target).absolute())}
    named = portal.get("/api/v1/datasets", name=target)["results"]
    named = named or portal.get("/api/v1/datasets", q=target)["results"]
    if len(named) != 1:
        many = ", ".join(each["name"] for each in named[:5])
        why = f"{len(named)} datasets match it: {many}" if named else "nothing you may see has that name"
        raise Failed(f"Which dataset is {target!r}? {why}.", REFUSED)
    return f"/api/v1/datasets/{named[0]['id']}/scans", {}


def scan_code(scan: dict[str, Any]) -> int:
    """The exit code that a scan's verdict stands for."""
    if scan["state"] not in SCAN_OVER:
        return PENDING
    return {"clean_full": OK, "clean_sampled": OK, "findings": CHECKS}.get(scan.get("verdict") or "", ERROR)


def scan_words(scan: dict[str, Any]) -> str:
    """A scan for people: its verdict, and a line for each column."""
    lines = [f"Scan {scan['id']}: {scan.get('verdict') or scan['state']}"]
    for column in scan.get("columns") or []:
        found = ", ".join(entity_words(each) for each in column["entities"]) or "-"
        lines.append(f"  {column['path']:<30} {column['verdict']:<14} {found}")
    return "\n".join(lines)


def entity_words(entity: dict[str, Any]) -> str:
    """One entity with its share and the interval around it, in per cent."""
    share, low, high = (100 * float(entity[name]) for name in ("share", "low", "high"))
    return f"{entity['type']} {share:.1f} % ({low:.1f} to {high:.1f})"


def promote(
    model: Annotated[str, typer.Argument(help="The model's name or id.")],
    version: Annotated[str, typer.Argument(help="The version, as its registry numbers it.")],
    to: Annotated[str, typer.Option("--to", help="The environment.")],
    purpose: Annotated[str, typer.Option(help="What it will be used for.")] = "",
    wait: Wait = False,
    timeout: Timeout = 1800,
    as_json: Json = False,
) -> None:
    """Ask for a promotion. With --wait: exit 0 applied, 3 not granted, 4 undecided, 5 undecided and failing."""
    portal = client.from_environment()
    body = {"model": model, "version": version, "environment": to, "purpose": purpose}
    case = portal.post("/api/v1/promotions", body)
    tell(f"{case['key']}: {portal.url}/approvals/{case['key']}")
    if wait:
        path, over = f"/api/v1/promotions/{case['key']}", APPLIED | LOST
        case = client.poll(lambda: portal.get(path), lambda seen: seen["state"] in over, timeout, time.sleep)
    show(case, as_json=as_json, words=promotion_words(case))
    raise typer.Exit(promotion_code(case) if wait else OK)


def promotion_code(case: dict[str, Any]) -> int:
    """The exit code that a request's state stands for."""
    if case["state"] in APPLIED:
        return OK
    if case["state"] in LOST:
        return REFUSED
    return CHECKS if any(blocks(check) for check in case["checks"]) else PENDING


def blocks(check: dict[str, Any]) -> bool:
    """Whether a check stands in the way of the promotion."""
    return bool(check.get("blocks", check["result"] in {"fail", "missing"}))


def promotion_words(case: dict[str, Any]) -> str:
    """A request for people: its state, its checks, and who has said what of how many."""
    lines = [f"{case['key']} {case['model']} {case['version']} to {case['environment']}: {case['state']}"]
    lines += [f"  {check['result']:<8} {check['name']}" for check in case.get("checks") or []]
    for rule in case.get("rules") or []:
        able = rule.get("remaining", rule["eligible"])
        lines.append(f"  {rule['given']} of {rule['needed']} from {rule['name']}; {able} more may decide")
    return "\n".join(lines)


@promotion.command("show")
def promotion_show(key: str, as_json: Json = False) -> None:
    """Show a request: its checks, and who has decided."""
    case = client.from_environment().get(f"/api/v1/promotions/{key}")
    show(case, as_json=as_json, words=promotion_words(case))


@promotion.command("withdraw")
def promotion_withdraw(
    key: str,
    reason: Annotated[str, typer.Option(help="Why; kept with the request.")] = "",
    as_json: Json = False,
) -> None:
    """Take back a request of yours."""
    portal = client.from_environment()
    revision = portal.get(f"/api/v1/promotions/{key}")["revision"]
    body = {"revision": revision} | ({"reason": reason} if reason else {})
    case = portal.post(f"/api/v1/promotions/{key}/withdraw", body)
    show(case, as_json=as_json, words=promotion_words(case))


Namespace = Annotated[str, typer.Option(help="Such as file, or mlflow://127.0.0.1:5000.")]
Kind = Annotated[str, typer.Option("--type", help="dataset, model or job.")]
Direction = Annotated[str, typer.Option(help="up, down or both.")]
AsOf = Annotated[str, typer.Option("--as-of", help="A past moment, such as 2026-11-20T12:00:00Z.")]


@lineage.command("show")
def lineage_show(
    name: str,
    namespace: Namespace = "",
    kind: Kind = "dataset",
    direction: Direction = "both",
    depth: Annotated[int, typer.Option(min=1)] = 10,
    as_of: AsOf = "",
    as_json: Json = False,
) -> None:
    """Show what something was made from, and what was made from it."""
    query = {"namespace": namespace, "name": name, "type": kind, "direction": direction, "as_of": as_of}
    graph = client.from_environment().get("/api/v1/lineage", **query, depth=depth)
    lines = [f"{edge['from']}  ->  {edge['to']}" for edge in graph["edges"]]
    if graph.get("truncated"):
        tell("There is more than this: raise --depth.")
    if graph.get("hidden_nodes"):
        tell(f"{graph['hidden_nodes']} more that you may not see.")
    show(graph, as_json=as_json, words="\n".join(lines) or "Nothing leads there or away from there.")


@lineage.command("export")
def lineage_export(
    name: str,
    namespace: Namespace = "",
    kind: Kind = "dataset",
    form: Annotated[str, typer.Option("--format", help="json, svg, csv, ndjson, prov or graphml.")] = "json",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; default stdout.")] = None,
    as_of: AsOf = "",
    as_json: Json = False,
) -> None:
    """Write the lineage of something to a file, or to stdout."""
    query = {"namespace": namespace, "name": name, "type": kind, "direction": "both", "as_of": as_of}
    data = client.from_environment().fetch("/api/v1/lineage", **query, format="json" if as_json else form)
    if output is None:
        sys.stdout.buffer.write(data)
    else:
        output.write_bytes(data)
        tell(f"{output}: {len(data)} bytes")


def audit_export(
    directory: Annotated[Path, typer.Argument(help="A folder; one that holds an earlier export is extended.")],
    as_json: Json = False,
) -> None:
    """Fetch the whole log as static files that anybody can verify offline."""
    from portal import logcopy

    done = logcopy.fetch(client.from_environment(), directory, tell)
    words = f"{directory}: {done['size']} entries. Verify with: python {directory}/verify.py {directory} --key VKEY"
    show(done, as_json=as_json, words=words)
