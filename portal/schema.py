"""The OpenAPI document as a page people can read."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

VERBS = ("get", "post", "put", "patch", "delete")


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document; made once, because the code does not change while it runs."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema


def operations() -> list[dict[str, Any]]:
    """Return each operation with its verb, path, promise, parameters and the fields of its body."""
    found = []
    for path, item in sorted(document()["paths"].items()):
        for verb in VERBS:
            if verb in item:
                found.append(_operation(path, verb, item[verb]))
    return found


def _operation(path: str, verb: str, said: dict[str, Any]) -> dict[str, Any]:
    body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return {
        "anchor": said.get("operationId", f"{verb}-{path}"),
        "verb": verb.upper(),
        "path": path,
        "promise": said.get("description", ""),
        "parameters": said.get("parameters", []),
        "fields": _fields(body),
        "answers": sorted(said.get("responses", {})),
    }


def _fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    name = schema.get("$ref", "").rpartition("/")[2]
    shape = document()["components"]["schemas"].get(name, schema) if name else schema
    needed = set(shape.get("required", []))
    return [
        {"name": field, "type": _type(about), "needed": field in needed, "text": about.get("description", "")}
        for field, about in shape.get("properties", {}).items()
    ]


def _type(about: dict[str, Any]) -> str:
    said = about.get("type") or about.get("$ref", "").rpartition("/")[2] or "any"
    return " or ".join(said) if isinstance(said, list) else str(said)


@require_safe
def docs_page(request: HttpRequest) -> HttpResponse:
    """Show every operation of the API."""
    return render(request, "portal/api.html", {"operations": operations()})
