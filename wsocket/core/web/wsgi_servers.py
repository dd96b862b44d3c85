"""Where each WSGI server keeps the connection of a request: one row per server.

No server says so in public. What is looked at here is tested with each of them
(`tests/servers/`).
"""

from __future__ import annotations

import _socket
import io
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from typing import IO, Any, NamedTuple, Protocol

from wsocket.core.http.connection import HttpConnection
from wsocket.core.wsgi import CONNECTION, Environ
from wsocket.errors import UpgradeUnavailable

ASGI_SOCKET = "wsocket.asgi_socket"
"""The key of environ under which `wsocket.asgi` puts its end of a websocket."""

ASGI_ADAPTER = "wsocket.asgi_adapter"
"""The key under which `AsgiNotice` puts what else runs the application on ASGI."""


class HasDescriptor(Protocol):
    """A socket, or what else has a file descriptor."""

    def fileno(self) -> int:
        """The file descriptor."""


class Descriptor:
    """The connection of a server that has no socket objects."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        """The file descriptor."""
        return self._number


def nothing() -> None:
    """What most servers need not be told."""


def no_bytes() -> bytes:
    """What a server has read after the request if it does not tell: nothing."""
    return b""


def dead_socket() -> AbstractContextManager[HasDescriptor]:
    """A socket without a peer: reads return no bytes, writes fail with EPIPE.

    There is one for each connection: a program that becomes a daemon may close all
    descriptors that it finds, and the number of one for all would be another file.
    """
    # The pair of `socket` costs as much as all the rest of taking a connection over.
    ours, peer = _socket.socketpair()
    peer.close()
    return closing(ours)


def null_device() -> IO[bytes]:
    """Reads return no bytes, and nothing becomes of what is written."""
    return open("/dev/null", "r+b", buffering=0)


class Source(NamedTuple):
    """A connection in its server.

    Attributes:
        sock: The socket.
        take_read_ahead: Takes the bytes which the server has read after the request.
        keep_place: Tells a server that counts connections to count this one on;
            returns what ends that.
        let_go: Keeps the server from complaining that it cannot answer the request.
        substitute: Makes what the server holds afterwards.
    """

    sock: HasDescriptor
    take_read_ahead: Callable[[], bytes]
    keep_place: Callable[[], Callable[[], None]] = lambda: nothing
    let_go: Callable[[], None] = nothing
    substitute: Callable[[], AbstractContextManager[HasDescriptor]] = dead_socket


def _buffered(reader: Any, sock: socket.socket) -> Callable[[], bytes]:
    """A function that empties a buffered *reader* over *sock*, and never waits."""

    def take() -> bytes:
        sock.settimeout(0)
        # The server would take bytes that stay in the buffer for its next request.
        return bytes(reader.read(len(reader.peek())))

    return take


def _wsocket(environ: Mapping[str, Any], start_response: Any) -> Source | None:
    """Our own servers, threaded or gevent's."""
    connection: HttpConnection | None = environ.get(CONNECTION)
    if connection is None:
        return None
    return Source(
        connection.sock,
        _buffered(connection.buffer, connection.sock),
        connection.keep_place,
    )


def _asgi(environ: Mapping[str, Any], start_response: Any) -> Source | None:
    """An ASGI server, through `wsocket.asgi`."""
    sock = environ.get(ASGI_SOCKET)
    return sock and Source(sock, no_bytes)


def _gunicorn(environ: Mapping[str, Any], start_response: Any) -> Source | None:
    """Gunicorn's sync, gthread and gevent workers."""
    sock = environ.get("gunicorn.socket")
    if sock is None:
        return None

    def take() -> bytes:
        unreader = environ["wsgi.input"].reader.unreader
        if hasattr(unreader, "take_buffered"):  # gunicorn 24 and later
            return bytes(unreader.take_buffered())
        return bytes(unreader.read()) if unreader.buf.getvalue() else b""

    return Source(sock, take)


def _werkzeug(environ: Mapping[str, Any], start_response: Any) -> Source | None:
    """Werkzeug's development server, and so ``flask run``."""
    sock = environ.get("werkzeug.socket")
    return sock and Source(sock, _buffered(environ["wsgi.input"], sock))


def _gevent(environ: Mapping[str, Any], start_response: Any) -> Source | None:
    """gevent.pywsgi, and gunicorn's gevent_pywsgi worker, which is built on it."""
    handler = getattr(start_response, "__self__", None)
    sock = getattr(handler, "socket", None)
    reader = getattr(handler, "rfile", None)
    if sock is None or reader is None:
        return None
    return Source(sock, _buffered(reader, sock))


def _wsgiref(environ: Mapping[str, Any], start_response: Any) -> Source | None:
    """wsgiref's server, and Django's runserver, which is built on it."""
    handler = getattr(start_response, "__self__", None)
    request_handler = getattr(handler, "request_handler", None)
    sock = getattr(request_handler, "connection", None)
    if request_handler is None or sock is None:
        return None
    return Source(sock, _buffered(request_handler.rfile, sock))


def _cheroot(environ: Mapping[str, Any], start_response: Any) -> Source | None:
    """Cheroot, which is CherryPy's server."""
    request = getattr(getattr(start_response, "__self__", None), "req", None)
    connection = getattr(request, "conn", None)
    if connection is None:
        return None

    def let_go() -> None:
        # What it could not write to the dead socket would stay in its buffer, and
        # Python 3.13 complains about that when it is freed.
        connection.wfile = io.BytesIO()

    sock = connection.socket
    return Source(sock, _buffered(connection.rfile, sock), let_go=let_go)


def _waitress(environ: Mapping[str, Any], start_response: Any) -> Source | None:
    """Waitress. Its main thread reads no more while a request is answered."""
    asks_channel = environ.get("waitress.client_disconnected")
    channel = getattr(asks_channel, "__self__", None)
    if channel is None:
        return None

    def take() -> bytes:
        # It has taken them for the next request.
        if len(channel.requests) > 1:
            raise UpgradeUnavailable(
                "waitress has read bytes after the request as one more request; a "
                "client has to wait for the response (RFC 6455 section 4.1)"
            )
        following, channel.request = channel.request, None
        return b"" if following is None else bytes(following.header_plus)

    return Source(channel.socket, take)


def _eventlet(environ: Mapping[str, Any], start_response: Any) -> Source | None:
    """eventlet.wsgi."""
    body = environ.get("eventlet.input")
    if body is None:
        return None
    sock = body.get_socket()

    def let_go() -> None:
        sys.modules["eventlet.wsgi"].WSGI_LOCAL.already_handled = True

    return Source(sock, _buffered(body.rfile, sock), let_go=let_go)


def _uwsgi(environ: Mapping[str, Any], start_response: Any) -> Source | None:
    """uWSGI. Bytes that it has read after the request are lost."""
    if "uwsgi.version" not in environ:
        return None
    uwsgi: Any = sys.modules["uwsgi"]
    if not uwsgi.has_threads:
        raise UpgradeUnavailable(
            "uWSGI was started without threads, so wsocket's I/O loop cannot run "
            "between two requests; start it with --enable-threads or --threads"
        )
    # Its log would call a dead socket the fault of the client.
    return Source(Descriptor(uwsgi.connection_fd()), no_bytes, substitute=null_device)


_REACHABLE = (
    "gunicorn, gevent.pywsgi, waitress, cheroot, uWSGI, eventlet, Werkzeug, wsgiref or "
    "wsocket.run"
)

# What a server puts into environ, and why its connections cannot be taken over.
_UNREACHABLE = {
    "mod_wsgi.version": (
        "mod_wsgi does not let an application reach Apache's connections; run "
        f"{_REACHABLE} behind Apache's mod_proxy_wstunnel"
    ),
}

# Packages that run a WSGI application on an ASGI server, without websockets: where
# their `start_response` is from.
_ASGI_ADAPTERS = {
    "a2wsgi": "a2wsgi",
    "asgiref": "asgiref's WsgiToAsgi",
    "hypercorn": "hypercorn's own adapter for WSGI applications",
    "starlette": "the WSGIMiddleware of Starlette or FastAPI",
    "uvicorn": "uvicorn's own adapter for WSGI applications",
}

SERVERS: tuple[Callable[[Mapping[str, Any], Any], Source | None], ...] = (
    _wsocket,
    _asgi,
    _gunicorn,
    _werkzeug,
    _gevent,
    _wsgiref,
    _cheroot,
    _waitress,
    _eventlet,
    _uwsgi,
)


def correct_protocol(environ: Environ) -> None:
    """Mend what eventlet says of every request: that it is HTTP/1.0."""
    if "eventlet.input" in environ:
        environ["SERVER_PROTOCOL"] = "HTTP/1.1"


def asgi_adapter(environ: Mapping[str, Any], start_response: object) -> str:
    """What runs this application on an ASGI server; "" if nothing does."""
    if "asgi.scope" in environ:
        return _ASGI_ADAPTERS["a2wsgi"]
    module: str = getattr(start_response, "__module__", None) or ""
    return _ASGI_ADAPTERS.get(module.partition(".")[0], "")


def is_bjoern(environ: Mapping[str, Any]) -> bool:
    """Whether bjoern serves a request: it says nothing of itself in *environ*."""
    return "bjoern" in sys.modules and "SERVER_SOFTWARE" not in environ


def why_unreachable(environ: Mapping[str, Any]) -> str:
    """Why no row of `SERVERS` knows a request's connection, and what would do."""
    if ASGI_ADAPTER in environ:
        return (
            f"an ASGI server runs this application through {environ[ASGI_ADAPTER]}, "
            "which has no websockets; serve wsocket.asgi.as_asgi(app) instead"
        )
    for marker, reason in _UNREACHABLE.items():
        if marker in environ:
            return reason
    nameless = "bjoern" if is_bjoern(environ) else "this WSGI server"
    software = environ.get("SERVER_SOFTWARE", nameless)
    return (
        f"{software} does not let an application reach its connections, or a "
        f"middleware wraps start_response; run under {_REACHABLE}"
    )
