from types import SimpleNamespace
from typing import Any


def test_the_document_is_openapi_3_1_and_lists_every_room(client: Any, founded: Any) -> None:
    document = client.get("/api/schema").json()
    assert document["openapi"] == "3.1.0"
    assert "/api/v1/jobs/{id}" in document["paths"] or "/api/v1/jobs/{pk}" in document["paths"]


def test_the_page_shows_each_operation_of_the_document(client: Any, people: SimpleNamespace) -> None:
    document = client.get("/api/schema").json()
    page = people.ann.client.get("/api/docs").content.decode()
    assert [path for path in document["paths"] if path not in page] == []
