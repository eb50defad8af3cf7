"""Where columns with personal data went: values in, values out."""

from collections.abc import Mapping, Sequence
from typing import Any

Step = Mapping[str, Any]
Place = tuple[str, str, str]


def followed(datasets: Sequence[Mapping[str, Any]], steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Return, for each column in which a scan found personal data, the steps it took and the columns it reached.

    A column is reached `masked` when every way to it has a step that masks. A step to the column "" is one to the
    whole dataset, as when a column filters its rows; it is told, and not followed.
    """
    found = []
    for dataset in datasets:
        for finding in dataset["pii"]["findings"]:
            start = (dataset["namespace"], dataset["name"], finding["column"])
            taken, reached = _walk(start, steps)
            about = {**_told(start), "entity": finding["entity"]}
            found.append({**about, "steps": taken, "reaches": reached})
    return found


def _walk(start: Place, steps: Sequence[Step]) -> tuple[list[Step], list[dict[str, Any]]]:
    onward: dict[Place, list[Step]] = {}
    for step in steps:
        onward.setdefault(_place(step["from"]), []).append(step)
    masked: dict[Place, bool] = {start: False}
    taken: dict[tuple[Place, Place], Step] = {}
    waiting = [start]
    for place in waiting:
        for step in onward.get(place, ()) if place[2] else ():
            to = _place(step["to"])
            taken[place, to] = step
            hidden = masked[place] or bool(step["masking"])
            if to not in masked or (masked[to] and not hidden):
                masked[to] = hidden
                waiting.append(to)
    reached = sorted((place, hidden) for place, hidden in masked.items() if place != start)
    return list(taken.values()), [{**_told(place), "masked": hidden} for place, hidden in reached]


def _place(end: Mapping[str, str]) -> Place:
    return end["namespace"], end["name"], end["column"]


def _told(place: Place) -> dict[str, str]:
    return dict(zip(("namespace", "name", "column"), place, strict=True))
