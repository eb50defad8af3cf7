"""From a query string to a question, and from a graph to a file: shared by both doors of lineage."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time

from django.http import HttpResponse, JsonResponse, QueryDict

from audit.actor import Actor
from audit.refusals import Malformed
from lineage import fold, formats, gaps, graphml, prov, svg
from lineage.graph import Budget, Direction, Graph, Question
from lineage.links import address, around, words
from lineage.selectors import parents_of

ENDINGS = {"prov": "prov.json"}
"""How the file of a form ends where that is not its name."""
DEPTHS, NODES = (0, 100), (1, 20_000)
SHAPES = ("", "jobs", "parent", "namespace")
WHOLE = {"ndjson", "prov"}
"""Forms that say what was found and nothing that stands for it."""


def question(asked: QueryDict) -> Question:
    """Return the question that a query string asks; refused with the parameter that is wrong."""
    kind = asked.get("type", "dataset")
    if kind not in {"dataset", "job", "model"}:
        raise Malformed("lineage.bad_parameter", name="type", allowed="dataset, job, model")
    direction = asked.get("direction", "both")
    if direction not in set(Direction):
        raise Malformed("lineage.bad_parameter", name="direction", allowed="up, down, both")
    if not asked.get("name"):
        raise Malformed("lineage.bad_parameter", name="name", allowed="namespace, name")
    return Question(
        namespace=asked.get("namespace", ""),
        name=asked.get("name", ""),
        type=kind,
        direction=Direction(direction),
        budget=Budget(number(asked, "depth", 10, DEPTHS), number(asked, "max_nodes", 500, NODES)),
        as_of=as_of(asked.get("as_of", "")),
        columns=asked.get("columns", "") in {"1", "true", "on"},
        version=asked.get("version", ""),
        through=asked.get("group") == "jobs",
    )


def as_of(text: str) -> datetime | None:
    """Return the time that `text` says: a date (its end, UTC) or a time with a zone; None for an empty text."""
    if not text:
        return None
    try:
        if len(text) == len("2026-01-01"):
            return end_of(date.fromisoformat(text))
        found = datetime.fromisoformat(text.replace(" ", "+"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise Malformed("lineage.bad_parameter", name="as_of", allowed="2026-01-31, 2026-01-31T12:00:00Z") from problem


def end_of(day: date) -> datetime:
    """Return the last moment of a day, UTC."""
    return datetime.combine(day, time.max, UTC)


def file(graph: Graph, form: str, *, attached: bool = False) -> HttpResponse:
    """Answer with `graph` in one of its forms: json, svg, csv, ndjson, prov or graphml."""
    makers: dict[str, Callable[[], HttpResponse]] = {
        "json": lambda: HttpResponse(formats.as_json(graph), content_type="application/json"),
        "svg": lambda: HttpResponse(
            svg.picture(graph, link=address, label=graph.focus, words=words(), further=around),
            content_type="image/svg+xml",
        ),
        "csv": lambda: HttpResponse(formats.as_csv(graph), content_type="text/csv; charset=utf-8"),
        "ndjson": lambda: HttpResponse(formats.as_ndjson(graph), content_type="application/x-ndjson"),
        "prov": lambda: JsonResponse(prov.graph_as_prov(graph)),
        "graphml": lambda: HttpResponse(graphml.as_graphml(graph), content_type="application/graphml+xml"),
    }
    if form not in makers:
        raise Malformed("lineage.bad_parameter", name="format", allowed=", ".join(makers))
    response = makers[form]()
    if attached:
        response.headers["Content-Disposition"] = f'attachment; filename="lineage.{ENDINGS.get(form, form)}"'
    return response


def number(asked: QueryDict, name: str, default: int, between: tuple[int, int]) -> int:
    """Return a whole number from the query; refused outside `between`."""
    text = asked.get(name) or str(default)
    low, high = between
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not low <= int(text) <= high:
        raise Malformed("lineage.bad_parameter", name=name, allowed=f"{low} to {high}")
    return int(text)


def shaped(graph: Graph, how: str, form: str = "") -> Graph:
    """Return `graph` made smaller: its `jobs` left out, or those of one `parent`, or of one `namespace`, as one node.

    Refused when `how` says anything else. For a `form` that says what was found it stays as it is.
    """
    if how not in SHAPES:
        raise Malformed("lineage.bad_parameter", name="group", allowed=", ".join(SHAPES[1:]))
    if form in WHOLE:
        return graph
    if how == "jobs":
        return fold.without_jobs(graph)
    if how == "namespace":
        return fold.folded(graph, fold.by_namespace(graph))
    jobs = {node.pk: node.id for node in graph.nodes if node.type == "job" and node.pk}
    return fold.folded(graph, parents_of(jobs)) if how == "parent" and jobs else graph


def place_of(actor: Actor, asked: QueryDict, when: datetime) -> gaps.Where:
    """Return where gaps are looked for: behind the version that a query string names, without one everywhere."""
    if not asked.get("name"):
        return gaps.in_workspace(actor, when)
    for name in ("namespace", "version"):
        if not asked.get(name):
            raise Malformed("lineage.bad_parameter", name=name, allowed="namespace, name, version")
    namespace, name, version = (str(asked[name]) for name in ("namespace", "name", "version"))
    return gaps.behind(actor, (namespace, name), version, when)
