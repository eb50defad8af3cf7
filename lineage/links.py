"""Where a node of a graph leads, and what its kind is called in the reader's language."""

from urllib.parse import urlencode

from django.utils.translation import gettext as _

from lineage.graph import Node


def address(node: Node) -> str:
    """Return the page about a node: the dataset's or model's own, or the graph around a job; empty for stubs.

    The catalog answers `/datasets/by-lineage/<id>` and `/models/by-name`; lineage knows no more of it than that.
    """
    if node.type == "dataset":
        return f"/datasets/by-lineage/{node.pk}"
    if node.type == "model":
        return f"/models/by-name?{urlencode({'namespace': node.namespace, 'name': node.name})}"
    return around(node) if node.type == "job" else ""


def around(node: Node) -> str:
    """Return the address of the graph around a node; empty for stubs."""
    if node.type in {"hidden", "group"}:
        return ""
    return f"/lineage?{urlencode({'type': node.type, 'namespace': node.namespace, 'name': node.name})}"


def words() -> dict[str, str]:
    """Return what the kinds of nodes are called."""
    return {
        "dataset": _("Dataset"),
        "job": _("Job"),
        "model": _("Model"),
        "group": _("Namespace"),
        "hidden": _("Not visible to you"),
        "more": _("more beyond"),
    }


def questions(kind: str, namespace: str, name: str, version: str) -> list[tuple[str, str]]:
    """Return the questions that can be asked about a thing, in words, and the page that answers each."""
    thing = {"namespace": namespace, "name": name}
    found = [(_("Who must be told when it changes"), f"/lineage/tell?{urlencode({'type': kind, **thing})}")]
    if kind == "dataset":
        found.insert(0, (_("Which models its columns reach"), f"/lineage/reaches?{urlencode(thing)}"))
    if kind == "model":
        found.append((_("Compare two versions"), f"/lineage/changes?{urlencode({**thing, 'after': version})}"))
        found.append((_("What trained a version"), f"/lineage/trained?{urlencode({**thing, 'version': version})}"))
    if kind == "model" and version:
        found.append((_("What is missing behind it"), f"/lineage/gaps?{urlencode({**thing, 'version': version})}"))
    return found
