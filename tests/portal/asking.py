"""A request as the server hands it over: through the real WSGI application, with whatever headers."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, NamedTuple
from wsgiref.util import setup_testing_defaults

from django.core.signals import request_finished, request_started
from django.db import close_old_connections


class Heard(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str


@contextmanager
def _the_tests_connection() -> Iterator[None]:
    """Let the request share the test's transaction, as Django's own test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


def ask(path: str, method: str = "POST", body: bytes = b"", **headers: str) -> Heard:
    """Ask with `headers` named as WSGI names them, such as CONTENT_TYPE or HTTP_COOKIE."""
    from portal.wsgi import application

    route, _, query = path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method, "PATH_INFO": route, "QUERY_STRING": query, "HTTP_HOST": "127.0.0.1:8000",
        "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body), "REMOTE_ADDR": "127.0.0.1",
    }  # fmt: skip
    setup_testing_defaults(environ)
    begun: list[Any] = []
    with _the_tests_connection():
        answer = application(environ | headers, lambda status, given, *_: begun.extend([status, given]))
        text = b"".join(answer).decode()
        answer.close()
    return Heard(int(begun[0][:3]), dict(begun[1]), text)
