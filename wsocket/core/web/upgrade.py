"""Upgrade requests: accepted or refused, and the connection handed to its user."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, Protocol

from wsocket.core.concurrency.kinds import GREENLETS, Concurrency
from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import Loop, get_loop
from wsocket.core.net.memory import Memory
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.per_process import PerProcess
from wsocket.core.net.sockets import plain_socket
from wsocket.core.net.tcp_options import disable_nagle, keep_alive
from wsocket.core.net.trouble import Trouble, is_shortage
from wsocket.core.web.plain_websocket import PlainWebSocket
from wsocket.core.web.refused_origins import RefusedOrigins
from wsocket.core.web.routes import Handler
from wsocket.core.web.shared_strings import with_shared_strings
from wsocket.core.web.takeover import TakenConnection, take_over
from wsocket.core.web.upgrade_refusal import BAD_REQUEST, refuse, unsupported
from wsocket.core.web.websocket_memory import WebSocketMemory
from wsocket.core.web.wsgi_servers import correct_protocol
from wsocket.core.websocket.blocking import WebSocket
from wsocket.core.websocket.deflate import Compression
from wsocket.core.websocket.handshake import (
    Handshake,
    is_upgrade,
    negotiate,
    offered_subprotocols,
    speaks_http_1_0,
)
from wsocket.core.websocket.on_loop import WebSocketStream
from wsocket.core.websocket.protocol import WebSocketProtocol
from wsocket.core.websocket.subprotocol import Subprotocol
from wsocket.core.wsgi import Environ, note_subprotocol, outliving
from wsocket.errors import HandshakeError, UpgradeUnavailable
from wsocket.log import logger

_UNAVAILABLE = "503 Service Unavailable"
_LEFT = "the client has left"
_OVERLOADED = "the server is overloaded; try again later"


class Host(Protocol):
    """The part of an application that upgrades use; see `Framework`."""

    websocket_class: type[WebSocket]
    max_message_size: int
    allowed_origins: Collection[str]
    limits: Limits
    compression: Compression | None
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
            deflate=self._host.compression == "deflate",
        )

    def take(
        self, connection: TakenConnection, agreed: Handshake, environ: Environ
    ) -> None:
        """See `Destination.take`."""
        loop = get_loop(current_hub=connection.concurrency is GREENLETS)
        concurrency = _concurrency(connection, loop)
        here = concurrency is loop.concurrency
        watched = here and connection.concurrency is GREENLETS
        # The loop cannot close what greenlets of another thread use.
        reachable = here or connection.concurrency is not GREENLETS
        limits = self._host.limits
        # A thread notices a silent peer by itself; greenlets of its own the loop wakes.
        patience = 0.0 if watched else limits.ping_interval
        sock = concurrency.adopt(
            connection.descriptor, patience=patience, send_timeout=limits.send_timeout
        )
        kept = WebSocketMemory(loop, self._memory)
        try:
            _prepare(sock, limits)
            agreed = kept.contexts.affordable(agreed)
            websocket = self._host.websocket_class(
                environ,
                sock,
                handshake=agreed,
                concurrency=concurrency,
                max_message_size=self._host.max_message_size,
                read_ahead=connection.read_ahead,
                limits=limits,
                patience=patience,
                incoming=kept.incoming.has if reachable else None,
                outgoing=kept.outgoing.has if reachable else None,
            )
            plain = self._plain(websocket, kept, loop, connection)
            if reachable:
                loop.call_soon(self._opened, plain, watched)
            plain.start(environ, agreed.response_bytes())
        except BaseException:
            sock.detach()  # the caller closes it
            loop.call_soon(kept.contexts.end)
            raise

    def _memory(self) -> Memory:
        return self._host.connections.get().memory

    def _plain(
        self,
        websocket: WebSocket,
        kept: WebSocketMemory,
        loop: Loop,
        connection: TakenConnection,
    ) -> PlainWebSocket:
        kept.give_up_with(websocket)

        def end(ended: PlainWebSocket) -> None:
            connection.release()
            loop.call_soon(self._closed, ended, kept)

        return PlainWebSocket(
            websocket,
            self._handler,
            loop=loop,
            close_timeout=self._host.limits.close_timeout,
            on_end=end,
        )

    # On the loop

    def _opened(self, plain: PlainWebSocket, watched: bool) -> None:
        connections = self._host.connections.get()
        connections.add(plain)
        if watched:
            connections.watch(plain.websocket)

    def _closed(self, plain: PlainWebSocket, kept: WebSocketMemory) -> None:
        kept.end()
        connections = self._host.connections.get()
        connections.remove(plain)
        connections.unwatch(plain.websocket)


def _concurrency(connection: TakenConnection, loop: Loop) -> Concurrency:
    """How the handler runs: as what the loop starts, if that is of the same kind."""
    own = connection.concurrency
    return loop.concurrency if loop.concurrency.name == own.name else own


def _prepare(sock: socket.socket, limits: Limits) -> None:
    """Set the options of a plain websocket's socket."""
    disable_nagle(sock)
    # A handler that does not receive sends no pings.
    keep_alive(sock, interval=limits.ping_interval, timeout=limits.ping_timeout)


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
            raise unsupported(self._subprotocol.names)
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
        sock = plain_socket(connection.descriptor)
        try:
            self._start(loop, sock, connection, agreed, environ)
        except BaseException:
            sock.detach()
            connection.refuse()
            raise

    def _start(
        self,
        loop: Loop,
        sock: socket.socket,
        connection: TakenConnection,
        agreed: Handshake,
        environ: Environ,
    ) -> None:
        host = self._host
        disable_nagle(sock)
        connections = host.connections.get()
        stream = WebSocketStream(
            loop,
            sock,
            WebSocketProtocol(max_message_size=host.max_message_size),
            limits=connections.limits,
            memory=connections.memory,
            throttle=connections.new_throttle(),
            on_end=partial(_ended, connections, connection.release),
        )
        connections.add(stream)
        connections.watch(stream)
        try:
            stream.write(agreed.response_bytes())
            name = agreed.subprotocol
            assert name is not None
            receiver = self._subprotocol.connect(stream, name, environ)
            stream.open(receiver, connection.read_ahead)
        except BaseException:
            connections.forget(stream)
            raise


def _ended(
    connections: OpenConnections, release: Callable[[], None], stream: WebSocketStream
) -> None:
    """A connection of a subprotocol has ended; on the loop."""
    connections.forget(stream)
    release()


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
        self._proxies_are_warned_of = False
        self._trouble = Trouble("websockets are refused with 503")
        self._refused_origins = RefusedOrigins()

    @property
    def has_subprotocols(self) -> bool:
        """Whether there are objects that claim whole connections."""
        return bool(self._subprotocols)

    def asked_for(self, environ: Environ) -> bool:
        """Whether a request asks for a websocket, and in a version of HTTP that can.

        In HTTP/1.0 the Upgrade header must be ignored (RFC 9110 section 7.8). A proxy
        that speaks HTTP/1.0 to us forwards it from clients that cannot know.
        """
        if not is_upgrade(environ):
            return False
        correct_protocol(environ)
        if not speaks_http_1_0(environ):
            return True
        level = logging.DEBUG if self._proxies_are_warned_of else logging.WARNING
        self._proxies_are_warned_of = True
        logger.log(
            level,
            "a websocket was asked for in HTTP/1.0, where that is not possible; if "
            "clients come through a proxy, set it to HTTP/1.1 (nginx: "
            "'proxy_http_version 1.1;'). Later ones are logged at DEBUG",
        )
        return False

    def refuse_unclaimed(self, start_response: Any) -> list[bytes]:
        """Answer an upgrade request that offers no subprotocol of those here."""
        names = [name for each in self._subprotocols for name in each.names]
        return refuse(start_response, unsupported([*names, *self._names]))

    def answer(
        self,
        environ: Environ,
        start_response: Any,
        find_handler: Callable[[], Handler | None],
    ) -> list[bytes] | None:
        """Answer an upgrade request, or return None: nothing here takes it.

        Args:
            find_handler: Gives the handler of a plain websocket, if there is one.
        """
        try:
            offered = offered_subprotocols(environ)
            destination = self._destination(offered, find_handler)
            if destination is None:
                return None
            agreed = destination.negotiate(environ, offered)
            connection = take_over(environ, start_response)
            note_subprotocol(environ, agreed.subprotocol)
        except HandshakeError as error:
            self._refused_origins.look_at(error, time.monotonic())
            return refuse(start_response, error)
        except ConnectionError:  # health checks reset connections; the server sees it
            return refuse(start_response, HandshakeError(BAD_REQUEST, _LEFT))
        except UpgradeUnavailable as error:
            logger.error("websocket refused: %s", error)
            problem = HandshakeError("501 Not Implemented", str(error))
            return refuse(start_response, problem)
        except OSError as error:
            self._note_shortage(error)
            return refuse(start_response, HandshakeError(_UNAVAILABLE, _OVERLOADED))
        try:
            destination.take(connection, agreed, outliving(environ))
            self._trouble.passed(time.monotonic())
        except Exception as error:
            connection.refuse()
            self._note_shortage(error)
        # The server holds a dead socket, and this lets it finish without complaint.
        start_response("101 Switching Protocols", [])
        return []

    def _note_shortage(self, error: Exception) -> None:
        """Log a shortage once.

        Raises:
            Exception: *error* is none, but a bug.
        """
        if not is_shortage(error):
            raise error
        self._trouble.met(error, time.monotonic())

    def _destination(
        self, offered: Sequence[str], find_handler: Callable[[], Handler | None]
    ) -> Destination | None:
        for subprotocol in self._subprotocols:
            if subprotocol.claims(offered):
                return ToSubprotocol(self._host, subprotocol)
        handler = find_handler()
        if handler is None:
            return None
        return ToHandler(self._host, handler, subprotocols=self._names)
