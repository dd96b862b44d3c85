"""The part of WSGI's environ that a listening socket decides (PEP 3333)."""

from __future__ import annotations

import socket
from typing import Any
from wsgiref.util import FileWrapper

from wsocket.core.net.tcp_options import is_tcp

# Where a Unix socket is: names that a WSGI application must be given.
_NOWHERE = ("localhost", 80)


def base_environ(listening: socket.socket) -> dict[str, Any]:
    """The environ's part that is the same for every request to a listening socket."""
    host, port = listening.getsockname()[:2] if is_tcp(listening) else _NOWHERE
    return {
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_SOFTWARE": "wsocket",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,  # greenlets interleave as threads do
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.file_wrapper": FileWrapper,
    }
