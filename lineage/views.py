"""The page of lineage: ask for a graph, see it, read it as a table, take it away."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.doors import actor_of, met, now_of, page
from audit.refusals import NotSeen, Refused
from lineage import about, changes, draw, fold, gaps, originals, selectors, story, svg
from lineage.answers import end_of, file, place_of, question, shaped
from lineage.graph import Budget, Direction, Graph, Node, Question
from lineage.links import address, around, questions, words

DRAWN = 150
"""At most this many nodes are drawn on the page; the frontier says where there is more."""
DEPTH = 5
FORMATS = ("svg", "csv", "ndjson", "json", "prov", "graphml")
FEW = 20
"""How many gaps of each kind are shown when no kind is asked for."""
GAPS = {
    "no_producer": gettext_lazy("Data that nothing is known to have made"),
    "no_end": gettext_lazy("Runs without an end"),
    "late": gettext_lazy("Data read while it was still being written"),
    "told_late": gettext_lazy("Events told more than a day late"),
    "drift": gettext_lazy("Columns that changed"),
    "failed_check": gettext_lazy("Quality checks that failed"),
}
"""What each kind of gap is called."""


class Ask(forms.Form):
    """What to show: a name, which way, how far, as of when."""

    name = forms.CharField(label=gettext_lazy("Dataset, model or job"), max_length=2000, required=False)
    namespace = forms.CharField(label=gettext_lazy("Namespace"), max_length=2000, required=False)
    type = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        required=False,
        choices=[
            ("dataset", gettext_lazy("Dataset")),
            ("model", gettext_lazy("Model")),
            ("job", gettext_lazy("Job")),
        ],
    )
    direction = forms.ChoiceField(
        label=gettext_lazy("Direction"),
        required=False,
        choices=[
            ("both", gettext_lazy("Both ways")),
            ("up", gettext_lazy("What it was made from")),
            ("down", gettext_lazy("What was made of it")),
        ],
    )
    version = forms.CharField(label=gettext_lazy("Version"), max_length=500, required=False)
    depth = forms.IntegerField(label=gettext_lazy("Steps"), min_value=1, max_value=50, required=False)
    as_of = forms.DateField(
        label=gettext_lazy("As of"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    group = forms.ChoiceField(
        label=gettext_lazy("Drawn as"),
        required=False,
        choices=[
            ("", gettext_lazy("Each thing by itself")),
            ("jobs", gettext_lazy("Data only, without jobs")),
            ("parent", gettext_lazy("Jobs of one parent as one")),
            ("namespace", gettext_lazy("One namespace as one")),
        ],
    )
    columns = forms.BooleanField(label=gettext_lazy("Show columns"), required=False)


def show(request: HttpRequest) -> HttpResponse:
    """Show the graph that the address asks for, or what may be asked for."""
    given = {"type": "dataset", "direction": "both", "depth": str(DEPTH)} | request.GET.dict()
    form = Ask(given if request.GET else None, initial={} if request.GET else given)
    if not request.GET or not form.is_valid():
        return _choose(request, form, "")
    asked = form.cleaned_data
    if not asked["name"] or not asked["namespace"]:
        return _choose(request, form, asked["name"])
    try:
        graph = shaped(story.graph_for(actor_of(request), _question(asked)), asked["group"])
        known = about.thing(actor_of(request), asked["type"] or "dataset", asked["namespace"], asked["name"])
    except NotSeen as refusal:
        form.add_error("name", met(request, refusal))
        return _choose(request, form, "")
    return render(request, "lineage/show.html", {"form": form, "known": known, **_shown(request, graph, asked)})


def _choose(request: HttpRequest, form: Ask, text: str) -> HttpResponse:
    """Offer what matches `text`; without a text, what was seen last."""
    found = [] if form.errors else selectors.matching(actor_of(request), text)
    rows = [{"node": (node := one.as_node()), "href": around(node), "seen": one.last_seen} for one in found]
    return render(request, "lineage/show.html", {"form": form, "found": rows, "text": text, "words": words()})


def _question(asked: dict[str, Any]) -> Question:
    return Question(
        namespace=asked["namespace"],
        name=asked["name"],
        type=asked["type"] or "dataset",
        direction=Direction(asked["direction"] or "both"),
        budget=Budget(asked["depth"] or DEPTH, DRAWN),
        as_of=end_of(asked["as_of"]) if asked["as_of"] else None,
        columns=asked["columns"],
        version=asked["version"],
        through=asked["group"] == "jobs",
    )


def _shown(request: HttpRequest, graph: Graph, asked: dict[str, Any]) -> dict[str, Any]:
    label = _("Lineage of %(name)s: data runs from left to right") % {"name": asked["name"]}
    way = request.GET.get("way", "")
    lit = fold.between(graph, way) if way else set[str]()
    drawing = svg.picture(graph, link=address, label=label, words=words(), lit=lit, further=around)
    nodes = {node.id: node for node in graph.nodes}
    query = {key: value for key, value in request.GET.items() if value}
    return {
        "graph": graph,
        "asked": asked,
        "drawing": mark_safe(drawing),  # noqa: S308 - every text in it was escaped where it was drawn
        "rows": [_row(nodes[one], nodes[other]) for one, other in _in_order(graph)],
        "steps": [(nodes[one.dataset], nodes[one.to_dataset], one) for one in graph.column_edges or ()],
        "frontier": [{"node": nodes[one], "href": around(nodes[one])} for one in graph.frontier],
        "downloads": [(form, f"/lineage/file?{urlencode({**query, 'format': form})}") for form in FORMATS],
        "words": words(),
        "way": way,
        "ways": [(node.id, node.name) for node in graph.nodes if node.type != "hidden" and node.id != graph.focus],
        "kept": [(key, value) for key, value in query.items() if key != "way"],
        "impact": _impact(graph),
        "questions": questions(asked["type"] or "dataset", asked["namespace"], asked["name"], asked["version"]),
    }


def _impact(graph: Graph) -> dict[str, int]:
    """Count what the thing in the middle was made from, and what was made of it."""
    up, down = fold.upstream(graph), fold.downstream(graph)
    made = [node for node in graph.nodes if node.type != "job"]
    return {
        "up": sum(node.id in up for node in made),
        "down": sum(node.id in down for node in made),
        "models": sum(node.id in down and node.type == "model" for node in made),
    }


def _in_order(graph: Graph) -> list[tuple[str, str]]:
    """Return the edges as one reads the picture: from left to right, then from top to bottom."""
    at = draw.lay_out([node.id for node in graph.nodes], graph.edges).at
    return sorted(graph.edges, key=lambda edge: (at[edge[0]], at[edge[1]]))


def _row(one: Node, other: Node) -> dict[str, Any]:
    return {
        "from": one,
        "from_href": address(one),
        "to": other,
        "to_href": address(other),
    }


def event(request: HttpRequest) -> HttpResponse:
    """Show one raw event as it was kept, and where its entry in the log is."""
    found = originals.event_seen_by(actor_of(request), request.GET.get("digest", ""))
    cut = bool(found.text) and len(found.text or "") > originals.SHOWN
    return render(request, "lineage/event.html", {"found": found, "raw": found.raw, "cut": cut})


def download(request: HttpRequest) -> HttpResponse:
    """Answer with the graph as a file."""
    graph, form = story.graph_for(actor_of(request), question(request.GET)), request.GET.get("format", "json")
    return file(shaped(graph, request.GET.get("group", ""), form), form, attached=True)


class Compare(forms.Form):
    """Which two versions of which model to lay side by side."""

    name = forms.CharField(label=gettext_lazy("Model"), max_length=2000)
    namespace = forms.CharField(label=gettext_lazy("Namespace"), max_length=2000)
    before = forms.CharField(label=gettext_lazy("Version before"), max_length=500)
    after = forms.CharField(label=gettext_lazy("Version after"), max_length=500)


def compare(request: HttpRequest) -> HttpResponse:
    """Show what changed from one version of a model to another, or ask which are meant."""
    whole = "before" in request.GET
    form = Compare(request.GET if whole else None, initial=request.GET.dict())
    shown: dict[str, Any] = {"form": form}
    if whole and form.is_valid():
        asked = form.cleaned_data
        model, versions = (asked["namespace"], asked["name"]), (asked["before"], asked["after"])
        try:
            found = changes.between(actor_of(request), model, versions, now_of(request))
            hidden = any(count for side in found["hidden"].values() for count in side.values())
            shown |= {"found": found, "hidden": hidden, "words": _changed()}
            shown |= {"earlier": _behind(*model, versions[0]), "later": _behind(*model, versions[1])}
        except NotSeen as refusal:
            form.add_error("name", met(request, refusal))
    return render(request, "lineage/changes.html", shown)


def _changed() -> dict[str, str]:
    return {"added": _("New"), "removed": _("No longer used"), "kept": _("Changed")}


def _behind(namespace: str, name: str, version: str) -> str:
    asked = {"type": "model", "namespace": namespace, "name": name, "version": version, "direction": "up"}
    return f"/lineage?{urlencode(asked)}"


class Missing(forms.Form):
    """Gaps of which kind, behind which version; without a version, everywhere."""

    name = forms.CharField(label=gettext_lazy("Model"), max_length=2000, required=False)
    version = forms.CharField(label=gettext_lazy("Version"), max_length=500, required=False)
    namespace = forms.CharField(label=gettext_lazy("Namespace"), max_length=2000, required=False)
    kind = forms.ChoiceField(
        label=gettext_lazy("What is missing"),
        required=False,
        choices=[("", gettext_lazy("Everything")), *GAPS.items()],
    )


def missing(request: HttpRequest) -> HttpResponse:
    """Show what is missing behind a version, or in all that one may see."""
    form = Missing(request.GET if request.GET else None, initial=request.GET.dict())
    shown: dict[str, Any] = {"form": form, "words": GAPS}
    if form.is_bound and not form.is_valid():
        return render(request, "lineage/gaps.html", shown)
    try:
        where, kind = place_of(actor_of(request), request.GET, now_of(request)), request.GET.get("kind", "")
        if kind:
            rows, shown["next_cursor"] = page(request, gaps.KINDS[kind].find(where), order=("-pk",))
            found, more = gaps.tell(kind, rows, where), list[str]()
        else:
            found, more = gaps.first(where, FEW)
        kinds = [kind] if kind else list(gaps.KINDS)
        tables = [(name, [one for one in found if one["kind"] == name], name in more) for name in kinds]
        shown |= {"tables": tables, "found": found, "hidden": where.hidden, "asked": request.GET}
    except Refused as refusal:
        form.add_error("name", met(request, refusal)) if form.is_bound else None
    return render(request, "lineage/gaps.html", shown)
