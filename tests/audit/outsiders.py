"""Somebody outside, on this machine: a witness that keeps to C2SP tlog-witness, over real HTTP."""

import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import Vkey, cosign, read, verify, vkey_of
from audit.merkle import consistent
from audit.refusals import Refused

Reply = tuple[int, str, bytes]


@contextmanager
def serving(answer: Callable[[str, bytes], Reply]) -> Iterator[str]:
    """Answer POST requests with what `answer(path, body)` returns; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, kind, data = answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class SpecWitness:
    """Checks in the order of the specification, and remembers the largest size it signed of each log."""

    logs: list[Vkey]
    name: str = "witness.example/w1"
    time: int = 0
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    latest: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)

    @property
    def vkey(self) -> Vkey:
        return vkey_of(self.name, self.key, witness=True)

    def __call__(self, path: str, body: bytes) -> Reply:
        self.asked.append(body)
        try:
            head, _, note = body.decode().partition("\n\n")
            first, *proof = head.split("\n")
            old, state = int(first.removeprefix("old ")), read(note)
            hashes = [b64decode(each, validate=True) for each in proof]
        except (ValueError, Refused):
            return 400, "text/plain", b""
        if path != "/w/add-checkpoint" or first != f"old {old}" or len(proof) > 63 or old > state.size:
            return 400, "text/plain", b""
        known = [each for each in self.logs if each.name == state.origin]
        if not known:
            return 404, "text/plain", b""
        try:
            verify(note, known[0])
        except Refused:
            return 403, "text/plain", b""
        size, root = self.latest.get(state.origin, (0, b""))
        if old != size or (old == state.size and root != state.root):
            return 409, "text/x.tlog.size", f"{size}\n".encode()
        if hashes if old in (0, state.size) else not consistent(old, state.size, hashes, root, state.root):
            return 422, "text/plain", b""
        self.latest[state.origin] = (state.size, state.root)
        return 200, "text/plain", cosign(state, self.key, self.name, self.time).encode()
