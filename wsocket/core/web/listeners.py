"""Listeners of an application, beside those of its WSGI server."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from weakref import WeakSet

from wsocket.core.http.refusal import TLS_EXPECTED
from wsocket.core.net.endpoints import parse_endpoint
from wsocket.core.net.limits import Limits
from wsocket.core.net.listener import Accepted, Listener
from wsocket.core.net.listening import ListeningSocket
from wsocket.core.net.loop import Loop, get_loop
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.per_process import PerProcess
from wsocket.core.net.tls.terminator import Terminator
from wsocket.core.wsgi import Environ

Connect = Callable[[OpenConnections, socket.socket, Callable[[], Environ]], object]
"""Takes a connection that a listener accepted, on the loop. The last argument returns
what is known of the client; call it when the client's first bytes are there."""


class Listeners:
    """The listeners of one application.

    Args:
        connections: The connections that listeners accept are added to these.
        limits: What each connection may cost.
    """

    def __init__(
        self, connections: PerProcess[OpenConnections], *, limits: Limits
    ) -> None:
        self._connections = connections
        self._limits = limits
        # The loop holds the open ones; closed ones are forgotten.
        self._listeners: WeakSet[Listener] = WeakSet()

    def listen(
        self, url: str, connect: Connect, *, ssl_context: ssl.SSLContext | None
    ) -> Listener:
        """Listen on *url*, and hand the connections to *connect*.

        Raises:
            ValueError: *url* is not the URL of an endpoint.
            OSError: The endpoint cannot be listened on; the message says what to do.
        """
        loop = get_loop()
        if ssl_context is None:
            accepted = self._plain(connect)
        else:
            accepted = self._encrypted(connect, ssl_context, loop=loop, url=url)
        listener = Listener(
            loop,
            ListeningSocket(parse_endpoint(url)),
            limits=self._limits,
            accepted=accepted,
        )
        self._listeners.add(listener)
        return listener

    def close(self) -> None:
        """Close every listener; the connections that they accepted stay open."""
        for listener in list(self._listeners):
            listener.close()

    def _plain(self, connect: Connect) -> Accepted:
        def accepted(sock: socket.socket, environ: Environ) -> None:
            connect(self._connections.get(), sock, lambda: environ)

        return accepted

    def _encrypted(
        self, connect: Connect, context: ssl.SSLContext, *, loop: Loop, url: str
    ) -> Accepted:
        terminator = Terminator(
            context, timeout=self._limits.ping_timeout, plain_answer=TLS_EXPECTED
        )

        def accepted(sock: socket.socket, environ: Environ) -> None:
            client = environ.get("REMOTE_ADDR", url)
            plain, tls = terminator.accept(sock, client=client, loop=loop)
            connect(
                self._connections.get(), plain, lambda: {**environ, **tls.environ()}
            )

        return accepted
