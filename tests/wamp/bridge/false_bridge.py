"""A server that is no bridge, but answers like one, or like a proxy before it."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator

Given = tuple[int, str, bytes]
"""Status, Content-Type and body of an answer."""

PUBLISHED: Given = (200, "application/json", b'{"publication": 7}')


class Handler(http.server.BaseHTTPRequestHandler):
    """Gives one answer after the other; the last one again and again."""

    protocol_version = "HTTP/1.1"
    server: FalseBridge

    def do_POST(self) -> None:
        """Answer, whatever was asked."""
        self.rfile.read(int(self.headers["Content-Length"]))
        left = self.server.left
        status, media_type, body = left.pop(0) if left[1:] else left[0]
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        if 300 <= status < 400:
            self.send_header("Location", "https://example.com/wamp")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class FalseBridge(http.server.ThreadingHTTPServer):
    """A server that counts its connections.

    Attributes:
        left: The answers that it has not given yet; the last one stays.
    """

    connections = 0
    left: list[Given]

    def get_request(self) -> tuple[object, object]:
        self.connections += 1
        return super().get_request()


@contextlib.contextmanager
def answering(*answers: Given) -> Iterator[tuple[FalseBridge, str]]:
    """A server that gives these answers, and the URL of its bridge."""
    with FalseBridge(("127.0.0.1", 0), Handler) as server:
        server.left = list(answers or [PUBLISHED])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server, f"http://127.0.0.1:{server.server_port}/wamp"
        finally:
            server.shutdown()
            thread.join()
