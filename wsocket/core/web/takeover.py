"""Taking a connection from its WSGI server: one row per server.

The recipe is the same for every server in the table: find the socket, take the bytes
that the server has read after the request, put a dead socket in its place, and let the
server finish the request quietly. From then on the connection is ours, and it uses no
thread of the server."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import gevent.socket
from gevent import monkey

from wsocket.core.concurrency.kinds import Concurrency, concurrency_of
from wsocket.core.http.connection import HttpConnection
from wsocket.core.http.refusal import UNAVAILABLE
from wsocket.core.net.sockets import plain_socket
from wsocket.core.wsgi import CONNECTION, START_RESPONSE
from wsocket.errors import HandshakeError, UpgradeUnavailable

# gevent's pair would cost more, and nobody waits for these two.
_socketpair = monkey.get_original("socket", "socketpair")


def _nothing() -> None:
    """What a server does that does not count connections."""


class Source(NamedTuple):
    """A connection in its server.

    Attributes:
        sock: The socket.
        take_read_ahead: Takes the bytes which the server has read after the request.
        keep_place: Tells a server that counts connections to count this one on;
            returns what ends that.
    """

    sock: socket.socket
    take_read_ahead: Callable[[], bytes]
    keep_place: Callable[[], Callable[[], None]] = lambda: _nothing


class TakenConnection(NamedTuple):
    """A connection that now belongs to the application.

    Attributes:
        descriptor: The file descriptor of the connected socket. The caller closes it.
        read_ahead: Bytes that the server had read after the request.
        concurrency: How blocking code for this connection runs.
        release: Tells the server that the connection is closed; may be called twice.
    """

    descriptor: int
    read_ahead: bytes
    concurrency: Concurrency
    release: Callable[[], None] = _nothing

    def refuse(self) -> None:
        """Answer with 503, and close; the descriptor must not be in use."""
        self.release()
        with plain_socket(self.descriptor) as sock, suppress(OSError):
            sock.setblocking(False)
            sock.send(UNAVAILABLE)


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


SERVERS: tuple[Callable[[Mapping[str, Any], Any], Source | None], ...] = (
    _wsocket,
    _gunicorn,
    _werkzeug,
    _gevent,
    _wsgiref,
)


def client_descriptor(environ: Mapping[str, Any]) -> int | None:
    """The descriptor of a resource's connection, to look at; None if it is unknown.

    It is open until the request is answered.
    """
    start_response = environ.get(START_RESPONSE)
    for server in SERVERS:
        source = server(environ, start_response)
        if source is not None:
            descriptor: int = source.sock.fileno()
            return descriptor if descriptor >= 0 else None
    return None


def find_source(environ: Mapping[str, Any], start_response: Any) -> Source:
    """Find the request's connection.

    Raises:
        UpgradeUnavailable: The server is unknown, or TLS ends in it: the encryption is
            bound to the server's own socket object.
    """
    for server in SERVERS:
        source = server(environ, start_response)
        if source is not None:
            if hasattr(source.sock, "cipher"):
                raise UpgradeUnavailable(
                    "this WSGI server ends TLS itself, so its connections cannot be "
                    "taken over; use wsocket.run(ssl_context=...), or end TLS in a "
                    "reverse proxy"
                )
            return source
    software = environ.get("SERVER_SOFTWARE", "this WSGI server")
    raise UpgradeUnavailable(
        f"{software} does not let an application reach its connections, or a "
        "middleware wraps start_response; run under gevent.pywsgi, gunicorn, "
        "Werkzeug, wsgiref or wsocket.run"
    )


def take_over(environ: Mapping[str, Any], start_response: Any) -> TakenConnection:
    """Take the request's connection from its server.

    Afterwards the server holds a dead socket: it must still be told
    ``start_response("101 Switching Protocols", [])`` and be given an empty body.

    Raises:
        UpgradeUnavailable: See `find_source`; nothing was changed.
        HandshakeError: The request has a body.
        OSError: There is no descriptor left; nothing was changed.
    """
    _refuse_body(environ)
    source = find_source(environ, start_response)
    concurrency = concurrency_of(source.sock)
    with _dead_socket() as dead:
        if isinstance(source.sock, gevent.socket.socket):
            read_ahead = source.take_read_ahead()
            descriptor = _replace_gevent_socket(source.sock, dead)
        else:  # for mypy a gevent socket and any other one are the same
            # Who cannot duplicate it has not read anything yet.
            descriptor = os.dup(source.sock.fileno())  # type: ignore[unreachable]
            try:
                read_ahead = source.take_read_ahead()
                os.dup2(dead.fileno(), source.sock.fileno())
            except BaseException:  # such as that of a client that has left
                os.close(descriptor)
                raise
    return TakenConnection(descriptor, read_ahead, concurrency, source.keep_place())


def _refuse_body(environ: Mapping[str, Any]) -> None:
    """A body would be read as frames, and some servers hide the socket behind it."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if length != "0" or environ.get("HTTP_TRANSFER_ENCODING"):
        raise HandshakeError(
            "400 Bad Request", "A request that opens a websocket has no body."
        )


def _dead_socket() -> socket.socket:
    """A socket without a peer: reads return no bytes, writes fail with EPIPE."""
    ours: socket.socket
    ours, peer = _socketpair()
    peer.close()
    return ours


def _replace_gevent_socket(sock: Any, dead: socket.socket) -> int:
    """Put a dead socket into the server's socket object; return the descriptor it had.

    libev remembers the descriptors that it has registered. A connection that moved to
    another number would leave a stale registration behind. When an event arrives for
    one, libev registers every descriptor of the process again."""
    descriptor: int = sock.detach()
    sock.__init__(socket.AF_UNIX, socket.SOCK_STREAM, fileno=dead.detach())
    return descriptor
