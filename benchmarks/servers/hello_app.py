"""One page on the servers that wsocket does without.

python hello_app.py pywsgi|wsgiref PORT
"""

from __future__ import annotations

import sys
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from gevent.pywsgi import WSGIServer

HOST, PORT = "127.0.0.1", int(sys.argv[2])


class Quiet(WSGIRequestHandler):
    """Writes no access log."""

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing."""


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    body = b"Hello World!"
    start_response(
        "200 OK",
        [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
        ],
    )
    return [body]


if sys.argv[1] == "pywsgi":
    WSGIServer((HOST, PORT), app, log=None).serve_forever()
else:
    make_server(HOST, PORT, app, handler_class=Quiet).serve_forever()
