"""Taking a connection from its WSGI server.

The recipe is the same for every server (`wsgi_servers.py`): find the socket, take
the bytes that the server has read after the request, put a dead socket in its place,
and let the server finish the request quietly. From then on the connection is ours, and
it uses no thread of the server."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import gevent.socket

from wsocket.core.concurrency.kinds import Concurrency, concurrency_of
from wsocket.core.http.refusal import UNAVAILABLE
from wsocket.core.net.sockets import plain_socket
from wsocket.core.web.wsgi_servers import (
    SERVERS,
    HasDescriptor,
    Source,
    nothing,
    why_unreachable,
)
from wsocket.core.wsgi import START_RESPONSE
from wsocket.errors import HandshakeError, UpgradeUnavailable

LONG_POLLING = (
    "or have clients use long polling, which works on every server: "
    "WSocketApp(longpoll=...)"
)


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
    release: Callable[[], None] = nothing

    def refuse(self) -> None:
        """Answer with 503, and close; the descriptor must not be in use."""
        self.release()
        with plain_socket(self.descriptor) as sock, suppress(OSError):
            sock.setblocking(False)
            sock.send(UNAVAILABLE)


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
        UpgradeUnavailable: The server is unknown or hides its connections, or TLS ends
            in it: the encryption is bound to the server's own socket object.
    """
    for server in SERVERS:
        source = server(environ, start_response)
        if source is not None:
            if hasattr(source.sock, "cipher"):
                raise UpgradeUnavailable(
                    "this WSGI server ends TLS itself, so its connections cannot be "
                    "taken over; use wsocket.run(ssl_context=...), or end TLS in a "
                    f"reverse proxy; {LONG_POLLING}"
                )
            return source
    raise UpgradeUnavailable(f"{why_unreachable(environ)}; {LONG_POLLING}")


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
    with source.substitute() as dead:
        if isinstance(source.sock, gevent.socket.socket):
            read_ahead = source.take_read_ahead()
            descriptor = _replace_gevent_socket(source.sock, dead)
        else:
            descriptor, read_ahead = _replace_descriptor(source, dead)
    source.let_go()
    return TakenConnection(descriptor, read_ahead, concurrency, source.keep_place())


def _replace_descriptor(source: Source, dead: HasDescriptor) -> tuple[int, bytes]:
    """Put *dead* under the server's descriptor.

    Returns:
        A new descriptor of the connection, and the bytes that the server had read.
    """
    # Who cannot duplicate it has not read anything yet.
    descriptor = os.dup(source.sock.fileno())
    try:
        read_ahead = source.take_read_ahead()
        os.dup2(dead.fileno(), source.sock.fileno())
    except BaseException:  # such as that of a client that has left
        os.close(descriptor)
        raise
    return descriptor, read_ahead


def _refuse_body(environ: Mapping[str, Any]) -> None:
    """A body would be read as frames, and some servers hide the socket behind it."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if length != "0" or environ.get("HTTP_TRANSFER_ENCODING"):
        raise HandshakeError(
            "400 Bad Request", "A request that opens a websocket has no body."
        )


def _replace_gevent_socket(sock: Any, dead: Any) -> int:
    """Put a dead socket into the server's socket object; return the descriptor it had.

    libev remembers the descriptors that it has registered. A connection that moved to
    another number would leave a stale registration behind. When an event arrives for
    one, libev registers every descriptor of the process again."""
    descriptor: int = sock.detach()
    sock.__init__(socket.AF_UNIX, socket.SOCK_STREAM, fileno=dead.detach())
    return descriptor
