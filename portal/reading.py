"""How requests are read: text in UTF-8, and no files, whatever the request says of itself."""

from typing import Any, NoReturn

from django.core.exceptions import BadRequest
from django.core.files.uploadhandler import FileUploadHandler
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.utils.http import parse_header_parameters
from rest_framework.negotiation import DefaultContentNegotiation

from audit.refusals import Malformed, Refused


class FileSent(BadRequest):
    """A form came with a file; no door takes one."""


class NoFiles(FileUploadHandler):
    """Stops reading a form at its first file, before any of it is kept."""

    def new_file(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Refuse the file by its heading."""
        raise FileSent

    def receive_data_chunk(self, *_args: Any) -> NoReturn:
        """Refuse what follows it."""
        raise FileSent

    def file_complete(self, file_size: int) -> None:
        """There is never a file to complete."""


class TextRequest(WSGIRequest):
    """A request that is read as UTF-8; Django would take the sender's word, even for codecs that are no text."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            self.content_type, self.content_params = "", {"charset": "unreadable"}


class JsonAlways(DefaultContentNegotiation):
    """REST answers in its one format whatever the caller would rather have; the answer says what it is."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:  # noqa: ARG002
        """Return the view's own renderer."""
        return renderers[0], renderers[0].media_type


def unreadable(request: HttpRequest) -> Refused | None:
    """Return the refusal of a request whose headings rule out reading it: another charset, or a length that is none."""
    charset = str((request.content_params or {}).get("charset") or "utf-8")
    if charset.strip("\"' ").lower() not in {"utf-8", "utf8", "us-ascii", "ascii"}:
        return Refused("request.charset")
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not (length.isascii() and length.isdigit() and len(length) < 19):
        return Malformed("request.malformed", detail="Content-Length")
    return None
