"""The systems that collect our entries: which there are (settings), and how lines reach them.

`ATTESTRY_AUDIT_SINKS` names them, with spaces between: `siem=https://collector.example/attestry#ocsf`,
`mine=syslog+tls://logs.example:6514#ecs`. What a dialect is, `dialects` says; without one it is the log's own words.
A webhook is signed as Standard Webhooks have it (`v1`, HMAC-SHA256), with a secret derived from the server's secret key
and the sink's name, so that none is kept anywhere. Syslog is RFC 5424, framed by octet counts (RFC 6587, RFC 5425).
"""

import base64
import hashlib
import hmac
import os
import re
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from audit import outside
from audit.canonical import instant
from audit.dialects import DIALECTS
from audit.refusals import Invalid, Unavailable

SCHEMES = ("https", "http", "syslog+tls", "syslog+tcp", "syslog+udp")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
_PORTS = {"https": 443, "http": 80, "syslog+tls": 6514, "syslog+tcp": 601, "syslog+udp": 514}
_LOG_AUDIT, _NOTICE = 13, 5
"""Facility and severity of RFC 5424: log audit, normal but significant."""


@dataclass(frozen=True)
class Sink:
    """One system that collects entries: its name here, where it is, and the dialect it wants."""

    name: str
    where: SplitResult
    dialect: str

    @property
    def address(self) -> str:
        """Where it is, without path or query: those may hold what is nobody's business."""
        return f"{self.where.scheme}://{self.where.hostname}:{self.where.port or _PORTS[self.where.scheme]}"


@dataclass(frozen=True)
class Batch:
    """Lines for consecutive entries from `first` on, and the moment they are sent."""

    first: int
    lines: Sequence[str]
    at: datetime


def read(text: str) -> list[Sink]:
    """The sinks that a setting names; refused with the part that cannot be understood."""
    found = [_one(each) for each in text.split()]
    if len({each.name for each in found}) != len(found):
        raise Invalid("audit.bad_sink", part=text[:60])
    return found


def configured() -> list[Sink]:
    """The sinks of this server."""
    return read(settings.AUDIT_SINKS)


def secret(name: str) -> str:
    """The secret a webhook is signed with, to give to whoever receives it, as `whsec_` and base64."""
    return f"whsec_{base64.b64encode(_key(name)).decode()}"


def send(sink: Sink, batch: Batch) -> None:
    """Hand the batch over; refused, with nothing considered sent, when the sink did not take all of it.

    A webhook has taken it when it answered 2xx. Syslog over TCP or TLS has when the connection was closed in order
    after the last line, and over UDP nobody knows.
    """
    if sink.where.scheme in ("http", "https"):
        _post(sink, batch)
        return
    try:
        _syslog(sink, batch)
    except OSError as error:
        raise Unavailable("audit.sink_away", name=sink.name, why=type(error).__name__) from error


def _one(text: str) -> Sink:
    name, _, url = text.partition("=")
    try:
        where = urlsplit(url)
        dialect = where.fragment or "attestry"
        fits = _NAME.fullmatch(name) and where.scheme in SCHEMES and where.hostname and where.username is None
        if not fits or dialect not in DIALECTS or (where.port is not None and where.port < 1):
            raise ValueError
    except ValueError as error:
        raise Invalid("audit.bad_sink", part=name[:60]) from error
    return Sink(name, where._replace(fragment=""), dialect)


def _key(name: str) -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), f"attestry sink {name}".encode(), hashlib.sha256).digest()


def _post(sink: Sink, batch: Batch) -> None:
    body = "".join(f"{each}\n" for each in batch.lines).encode()
    identity, moment = f"{sink.name}-{batch.first}-{len(batch.lines)}", int(batch.at.timestamp())
    mark = hmac.new(_key(sink.name), f"{identity}.{moment}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": identity,
        "webhook-timestamp": str(moment),
        "webhook-signature": f"v1,{base64.b64encode(mark).decode()}",
    }
    try:
        answer = outside.post(sink.where.geturl(), body, "application/x-ndjson", headers)
    except outside.NoAnswer as error:
        raise Unavailable("audit.sink_away", name=sink.name, why=str(error)) from error
    if not 200 <= answer.status < 300:
        raise Unavailable("audit.sink_away", name=sink.name, why=f"it answered {answer.status}")


def _syslog(sink: Sink, batch: Batch) -> None:
    place = sink.where.hostname or "", sink.where.port or _PORTS[sink.where.scheme]
    messages = [_message(each, batch.first + at, batch.at) for at, each in enumerate(batch.lines)]
    if sink.where.scheme == "syslog+udp":
        family = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)[0][0]
        with socket.socket(family, socket.SOCK_DGRAM) as letters:
            for each in messages:
                letters.sendto(each, place)
        return
    with socket.create_connection(place, timeout=outside.PATIENCE) as plain:
        secure = sink.where.scheme == "syslog+tls"
        line = ssl.create_default_context().wrap_socket(plain, server_hostname=place[0]) if secure else plain
        for each in messages:
            line.sendall(b"%d %b" % (len(each), each))
        line.shutdown(socket.SHUT_WR)
        while line.recv(4096):
            pass


def _message(text: str, seq: int, at: datetime) -> bytes:
    """One RFC 5424 message: the entry's number as its message id, the JSON as its text in UTF-8."""
    head = f"<{_LOG_AUDIT * 8 + _NOTICE}>1 {instant(at)} {_host()} attestry {os.getpid()} seq-{seq} - "
    return head.encode() + b"\xef\xbb\xbf" + text.encode()


def _host() -> str:
    name = re.sub(r"[^\x21-\x7e]", "", socket.gethostname())
    return name[:255] or "-"
