"""One page on the servers that wsocket does without.

python hello_app.py pywsgi|wsgiref PORT
"""

from __future__ import annotations

import sys
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from gevent import pywsgi

HOST, PORT = "127.0.0.1", int(sys.argv[2])


class Patient(WSGIServer):
    """Lets more than 5 connections wait: the kernel drops the others for seconds."""

    request_queue_size = 2048


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
    pywsgi.WSGIServer((HOST, PORT), app, log=None).serve_forever()
else:
    make_server(HOST, PORT, app, Patient, Quiet).serve_forever()
