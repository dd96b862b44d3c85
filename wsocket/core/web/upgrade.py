"""Upgrade requests: accepted or refused, and the connection handed to its user."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import Any, Protocol

from wsocket.core.concurrency.kinds import GREENLETS
from wsocket.core.http.headers import HOP_BY_HOP
from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import Loop, get_loop
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.per_process import PerProcess
from wsocket.core.net.sockets import disable_nagle, plain_socket
from wsocket.core.web.plain_websocket import PlainWebSocket
from wsocket.core.web.routes import Handler
from wsocket.core.web.takeover import TakenConnection, take_over
from wsocket.core.websocket.blocking import WebSocket
from wsocket.core.websocket.handshake import Handshake, negotiate, offered_subprotocols
from wsocket.core.websocket.on_loop import WebSocketStream
from wsocket.core.websocket.protocol import WebSocketProtocol
from wsocket.core.websocket.subprotocol import Subprotocol
from wsocket.core.wsgi import Environ, outliving
from wsocket.errors import HandshakeError, UpgradeUnavailable
from wsocket.log import logger


class Host(Protocol):
    """The part of an application that upgrades use; see `Framework`."""

    websocket_class: type[WebSocket]
    max_message_size: int
    allowed_origins: Collection[str]
    limits: Limits
    connections: PerProcess[OpenConnections]


class Destination(Protocol):
    """Who gets the connection of an upgrade request."""

    def negotiate(self, environ: Environ, offered: Sequence[str]) -> Handshake:
        """Check the request, and choose what the connection uses.

        Raises:
            HandshakeError: The request is refused.
        """

    def take(
        self, connection: TakenConnection, agreed: Handshake, environ: Environ
    ) -> None:
        """Send the response, and use the connection from now on."""


class ToHandler:
    """The handler of a plain websocket, in a thread or greenlet of its own.

    Args:
        subprotocols: Names that may be agreed on.
    """

    def __init__(
        self, host: Host, handler: Handler, *, subprotocols: Sequence[str]
    ) -> None:
        self._host = host
        self._handler = handler
        self._subprotocols = subprotocols

    def negotiate(self, environ: Environ, offered: Sequence[str]) -> Handshake:
        """See `Destination.negotiate`."""
        return negotiate(
            environ,
            offered=offered,
            subprotocols=self._subprotocols,
            allowed_origins=self._host.allowed_origins,
            deflate=True,
        )

    def take(
        self, connection: TakenConnection, agreed: Handshake, environ: Environ
    ) -> None:
        """See `Destination.take`."""
        loop = get_loop(current_hub=connection.concurrency is GREENLETS)
        watched = GREENLETS is loop.concurrency is connection.concurrency
        websocket = self._websocket(connection, agreed, environ, watched=watched)
        environ["wsgi.websocket"] = websocket
        environ["wsgi.websocket_version"] = agreed.version
        plain = PlainWebSocket(
            websocket,
            self._handler,
            on_end=lambda ended: loop.call_soon(self._closed, ended),
        )
        # From another thread the loop cannot start a greenlet that closes it.
        if watched or connection.concurrency is not GREENLETS:
            loop.call_soon(self._opened, plain)
        if watched:
            loop.call_soon(self._watch, websocket)
        plain.start(environ, agreed.response_bytes())

    def _websocket(
        self,
        connection: TakenConnection,
        agreed: Handshake,
        environ: Environ,
        *,
        watched: bool,
    ) -> WebSocket:
        host = self._host
        # A thread notices a silent peer by itself: the kernel wakes it up. For a
        # greenlet the loop does that, if both are in the same thread.
        patience = 0.0 if watched else host.limits.ping_interval
        sock = connection.concurrency.adopt(connection.descriptor, patience=patience)
        disable_nagle(sock)
        return host.websocket_class(
            environ,
            sock,
            handshake=agreed,
            concurrency=connection.concurrency,
            max_message_size=host.max_message_size,
            read_ahead=connection.read_ahead,
            limits=host.limits,
            patience=patience,
        )

    # On the loop

    def _opened(self, plain: PlainWebSocket) -> None:
        self._host.connections.get().add(plain)

    def _watch(self, websocket: WebSocket) -> None:
        self._host.connections.get().watch(websocket)

    def _closed(self, plain: PlainWebSocket) -> None:
        self._host.connections.get().remove(plain)


class ToSubprotocol:
    """A subprotocol, which gets the connection on the loop."""

    def __init__(self, host: Host, subprotocol: Subprotocol) -> None:
        self._host = host
        self._subprotocol = subprotocol

    def negotiate(self, environ: Environ, offered: Sequence[str]) -> Handshake:
        """See `Destination.negotiate`."""
        chosen = self._subprotocol.choose(offered)
        agreed = negotiate(
            environ,
            offered=offered,
            subprotocols=() if chosen is None else (chosen,),
            allowed_origins=self._host.allowed_origins,
            # docs/decisions/005: connections of a subprotocol share their frames.
            deflate=False,
        )
        if agreed.subprotocol is None:
            raise HandshakeError(
                "400 Bad Request",
                f"none of the offered subprotocols is supported here; "
                f"offer one of: {', '.join(self._subprotocol.names)}",
            )
        return agreed

    def take(
        self, connection: TakenConnection, agreed: Handshake, environ: Environ
    ) -> None:
        """See `Destination.take`."""
        loop = get_loop(current_hub=connection.concurrency is GREENLETS)
        environ = with_shared_strings(environ)
        loop.call_soon(self._open, loop, connection, agreed, environ)

    def _open(
        self,
        loop: Loop,
        connection: TakenConnection,
        agreed: Handshake,
        environ: Environ,
    ) -> None:
        """Start the connection; on the loop."""
        host = self._host
        sock = plain_socket(connection.descriptor)
        disable_nagle(sock)
        connections = host.connections.get()
        stream = WebSocketStream(
            loop,
            sock,
            WebSocketProtocol(max_message_size=host.max_message_size),
            limits=connections.limits,
            memory=connections.memory,
            on_end=connections.forget,
        )
        connections.add(stream)
        connections.watch(stream)
        stream.write(agreed.response_bytes())
        name = agreed.subprotocol
        assert name is not None
        receiver = self._subprotocol.connect(stream, name, environ)
        stream.open(receiver, connection.read_ahead)


class Upgrades:
    """The upgrade requests of an application.

    Args:
        names: Subprotocols that plain websockets may agree on.
        subprotocols: Objects that may claim whole connections, in this order.
    """

    def __init__(
        self,
        host: Host,
        *,
        names: Sequence[str],
        subprotocols: Sequence[Subprotocol],
    ) -> None:
        self._host = host
        self._names = tuple(names)
        self._subprotocols = tuple(subprotocols)

    def answer(
        self, environ: Environ, start_response: Any, handler: Handler | None
    ) -> list[bytes] | None:
        """Answer an upgrade request, or return None: nothing here takes it.

        Args:
            handler: The handler of its path, if there is one.
        """
        try:
            offered = offered_subprotocols(environ)
            destination = self._destination(offered, handler)
            if destination is None:
                return None
            agreed = destination.negotiate(environ, offered)
            connection = take_over(environ, start_response)
        except HandshakeError as error:
            return refuse(start_response, error)
        except UpgradeUnavailable as error:
            logger.error("websocket refused: %s", error)
            problem = HandshakeError("501 Not Implemented", str(error))
            return refuse(start_response, problem)
        destination.take(connection, agreed, outliving(environ))
        # The server holds a dead socket, and this lets it finish without complaint.
        start_response("101 Switching Protocols", [])
        return []

    def _destination(
        self, offered: Sequence[str], handler: Handler | None
    ) -> Destination | None:
        for subprotocol in self._subprotocols:
            if subprotocol.claims(offered):
                return ToSubprotocol(self._host, subprotocol)
        if handler is None:
            return None
        return ToHandler(self._host, handler, subprotocols=self._names)


def refuse(start_response: Any, error: HandshakeError) -> list[bytes]:
    """Answer with the refusal of an upgrade request."""
    body = f"{error.problem}\n".encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        # WSGI leaves hop-by-hop headers, such as the Upgrade of a 426, to the server.
        *(each for each in error.headers if each[0].lower() not in HOP_BY_HOP),
    ]
    start_response(error.status, headers)
    return [body]


def with_shared_strings(environ: Environ) -> Environ:
    """A copy for a connection that stays open.

    Many clients send the same strings. The copy holds each of them in memory once.
    """
    return {_shared(key): _shared(value) for key, value in environ.items()}


def _shared(value: Any) -> Any:
    """The one copy of a string; any other value as it is."""
    return sys.intern(value) if type(value) is str else value
