"""The WSGI application underneath: HTTP routes, plain websockets, a slot for
subprotocols.
"""

from __future__ import annotations

import io
import socket
import ssl
import sys
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, ClassVar, TypeVar
from weakref import WeakSet
from wsgiref.util import is_hop_by_hop

from wsocket.core.concurrency.kinds import GREENLETS
from wsocket.core.http.request import TLS_EXPECTED
from wsocket.core.net.endpoints import parse_endpoint
from wsocket.core.net.limits import Limits
from wsocket.core.net.listener import Listener
from wsocket.core.net.listening import ListeningSocket
from wsocket.core.net.loop import Loop, get_loop
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.sockets import disable_nagle, plain_socket
from wsocket.core.net.tls.terminator import Terminator
from wsocket.core.web.event_hooks import EventHandler, EventHook
from wsocket.core.web.response import respond
from wsocket.core.web.routes import Handler, Routes, request_path
from wsocket.core.web.takeover import TakenConnection, take_over
from wsocket.core.websocket import handshake
from wsocket.core.websocket.blocking import WebSocket
from wsocket.core.websocket.handshake import Handshake
from wsocket.core.websocket.on_loop import WebSocketStream
from wsocket.core.websocket.origins import check_allowed_origins
from wsocket.core.websocket.protocol import WebSocketProtocol
from wsocket.core.websocket.subprotocol import Subprotocol
from wsocket.core.wsgi import Environ
from wsocket.errors import HandshakeError, UpgradeUnavailable, WebSocketError
from wsocket.log import logger

HandlerT = TypeVar("HandlerT", bound=Handler)
Connect = Callable[[OpenConnections, socket.socket, Callable[[], Environ]], object]
"""Takes a connection that a listener accepted, on the loop. What is known of the client
can be asked for when its first bytes are there."""


class Framework:
    """A WSGI application with routes for HTTP and websockets.

    Args:
        app: A WSGI application for the requests that no route takes.
        subprotocols: Names that plain websockets may agree on (RFC 6455 section 1.9).
        plugins: Subprotocols that take over the whole connection.
        debug: Whether error pages show tracebacks; None: when the package's logger is
            at DEBUG.
        max_message_size: Largest message that is accepted, in bytes, after
            decompression.
        allowed_origins: Origins, besides the page's own, whose scripts may open a
            websocket, such as ``"https://example.com"`` or ``"https://*.example.com"``;
            ``"*"`` allows any.
    """

    GUID: ClassVar[str] = handshake.GUID
    SUPPORTED_VERSIONS: ClassVar[tuple[str, ...]] = handshake.SUPPORTED_VERSIONS
    websocket_class: type[WebSocket] = WebSocket

    def __init__(
        self,
        app: Handler | None = None,
        *,
        subprotocols: Sequence[str] = (),
        plugins: Sequence[Subprotocol] = (),
        debug: bool | None = None,
        max_message_size: int = 2**20,
        allowed_origins: Collection[str] | None = None,
        limits: Limits | None = None,
    ) -> None:
        if app is not None and not callable(app):
            raise TypeError(f"app must be a WSGI application (a callable), got {app!r}")
        if max_message_size < 1:
            raise ValueError(
                f"max_message_size must be positive, got {max_message_size}"
            )
        check_allowed_origins(allowed_origins or ())
        self.app = app
        self.routes = Routes()
        # Served over HTTP only, before all routes; a subclass may have some.
        self._resources = Routes()
        self.debug = debug
        self.max_message_size = max_message_size
        self.allowed_origins = frozenset(allowed_origins or ())
        self._subprotocols = tuple(subprotocols)
        self._plugins = tuple(plugins)
        self._limits = limits or Limits()
        self._switchboard: tuple[Loop, OpenConnections] | None = None
        self._websockets: WeakSet[WebSocket] = WeakSet()
        self._listeners: WeakSet[Listener] = WeakSet()  # the loop holds the open ones
        self._onconnect = EventHook(_log_client)
        self._onmessage = EventHook(_echo)
        self._onclose = EventHook(_log_close)

    # The three events; assigning replaces the handlers, and `+=` assigns the hook
    # itself.

    @property
    def onconnect(self) -> EventHook:
        """Called with the websocket of a new client (in apps without routes)."""
        return self._onconnect

    @onconnect.setter
    def onconnect(self, handler: EventHandler | EventHook) -> None:
        self._onconnect = _as_hook(handler)

    @property
    def onmessage(self) -> EventHook:
        """Called with each message and its websocket; by default, the echo demo."""
        return self._onmessage

    @onmessage.setter
    def onmessage(self, handler: EventHandler | EventHook) -> None:
        self._onmessage = _as_hook(handler)

    @property
    def onclose(self) -> EventHook:
        """Called with the reason, a str, and the websocket when a client has gone."""
        return self._onclose

    @onclose.setter
    def onclose(self, handler: EventHandler | EventHook) -> None:
        self._onclose = _as_hook(handler)

    def route(self, path: str) -> Callable[[HandlerT], HandlerT]:
        """Register the decorated handler for *path*.

        Exact paths come first, then the longest path that ends in ``*`` and whose
        beginning fits. The handler is called with ``(environ, start_response)``; for a
        websocket, ``environ["wsgi.websocket"]`` is the `WebSocket`."""

        def register(handler: HandlerT) -> HandlerT:
            self.routes[path] = handler
            return handler

        return register

    def close(self, code: int = 1012, reason: str = "the server is going away") -> None:
        """Close every listener of this application, and then every connection.

        Websockets are closed with 1012, so that clients reconnect. `run` calls this
        when it stops, and Python when it exits. Returns when all are closed, or after a
        second.
        """
        for listener in list(self._listeners):
            listener.close()
        websockets = list(self._websockets)
        for websocket in websockets:
            websocket.concurrency.spawn(websocket.close, code, reason)
        connections: OpenConnections | None = None
        if self._switchboard is not None and self._switchboard[0] is get_loop():
            loop, connections = self._switchboard
            loop.call_soon(connections.close, code, reason)
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline and (
            (connections is not None and connections.size)
            or not all(websocket.closed for websocket in websockets)
        ):
            time.sleep(0.01)

    def not_found(self, environ: Environ, start_response: Handler) -> Any:
        """The handler of requests that no route takes; override it to change it."""
        start_response(404, {"Content-Type": "text/plain; charset=utf-8"})
        return f"404 Not Found: no route for {request_path(environ)}\n"

    def __call__(self, environ: Environ, start_response: Handler) -> Iterable[bytes]:
        """The WSGI entry point (PEP 3333)."""
        if self._resources:
            resource = self._resources.match(request_path(environ))
            if resource is not None:
                return self._respond(resource, environ, start_response)
        if handshake.is_upgrade(environ):
            return self._upgrade(environ, start_response)
        handler = self.routes.match(request_path(environ)) or self.app
        if handler is None:
            handler = self.not_found if self.routes else _hello
        return self._respond(handler, environ, start_response)

    def _respond(
        self, handler: Handler, environ: Environ, start_response: Handler
    ) -> Iterable[bytes]:
        debug = logger.isEnabledFor(10) if self.debug is None else self.debug
        return respond(handler, environ, start_response, debug=debug)

    # Upgrades

    def _upgrade(self, environ: Environ, start_response: Handler) -> Iterable[bytes]:
        try:
            offered = handshake.offered_subprotocols(environ)
            plugin = next(
                (each for each in self._plugins if each.claims(offered)), None
            )
            handler = None if plugin else self._websocket_handler(environ)
            if plugin is None and handler is None:
                return self._respond(self.not_found, environ, start_response)
            agreed = self._negotiate(environ, offered, plugin)
            taken = take_over(environ, start_response)
        except HandshakeError as error:
            return _refuse(start_response, error)
        except UpgradeUnavailable as error:
            logger.error("websocket refused: %s", error)
            return _refuse(
                start_response, HandshakeError("501 Not Implemented", str(error))
            )
        if plugin is not None:
            self._hand_to_plugin(plugin, taken, agreed, environ)
        elif handler is not None:
            self._hand_to_handler(handler, taken, agreed, environ)
        # The server holds a dead socket; this lets it finish without complaint.
        start_response("101 Switching Protocols", [])
        return []

    def _websocket_handler(self, environ: Environ) -> Handler | None:
        handler = self.routes.match(request_path(environ)) or self.app
        if handler is None and not self.routes:
            return self._run_events
        return handler

    def _negotiate(
        self,
        environ: Environ,
        offered: Sequence[str],
        plugin: Subprotocol | None,
    ) -> Handshake:
        subprotocols = self._subprotocols
        if plugin is not None:
            chosen = plugin.choose(offered)
            subprotocols = () if chosen is None else (chosen,)
        agreed = handshake.negotiate(
            environ,
            subprotocols=subprotocols,
            allowed_origins=self.allowed_origins,
            # docs/decisions/005: the connections of a plugin share their frames.
            deflate=plugin is None,
        )
        if plugin is not None and agreed.subprotocol is None:
            raise HandshakeError(
                "400 Bad Request",
                f"none of the offered subprotocols is supported here; "
                f"offer one of: {', '.join(plugin.names)}",
            )
        return agreed

    def _hand_to_plugin(
        self,
        plugin: Subprotocol,
        taken: TakenConnection,
        agreed: Handshake,
        environ: Environ,
    ) -> None:
        loop = get_loop(current_hub=taken.concurrency is GREENLETS)
        sock = plain_socket(taken.descriptor)
        disable_nagle(sock)
        name = agreed.subprotocol
        assert name is not None
        environ = _with_shared_strings(environ)

        def connect() -> None:
            connections = self._switchboard_on(loop)
            stream = WebSocketStream(
                loop,
                sock,
                WebSocketProtocol(max_message_size=self.max_message_size),
                limits=self._limits,
                on_end=connections.forget,
            )
            connections.add(stream)
            connections.watch(stream)
            stream.write(agreed.response_bytes())
            stream.open(plugin.connect(stream, name, environ), taken.read_ahead)

        loop.call_soon(connect)

    def _switchboard_on(self, loop: Loop) -> OpenConnections:
        """The connections of this process's loop; a forked child starts with none."""
        if self._switchboard is None or self._switchboard[0] is not loop:
            self._switchboard = loop, OpenConnections(loop, limits=self._limits)
        return self._switchboard[1]

    def _listen(
        self, url: str, connect: Connect, *, ssl_context: ssl.SSLContext | None
    ) -> Listener:
        """Listen on *url* and have *connect* take what is accepted there.

        Raises:
            ValueError: *url* is not one of a listener.
            OSError: It cannot be listened on; the message says what to do.
        """
        loop = get_loop()
        terminator: Terminator | None = None
        if ssl_context is not None:
            terminator = Terminator(
                ssl_context,
                timeout=self._limits.ping_timeout,
                plain_answer=TLS_EXPECTED,
            )

        def accepted(sock: socket.socket, environ: Environ) -> None:
            switchboard = self._switchboard_on(loop)
            if terminator is None:
                connect(switchboard, sock, lambda: environ)
                return
            client = environ.get("REMOTE_ADDR", url)
            plain, tls = terminator.accept(sock, client=client, loop=loop)
            connect(switchboard, plain, lambda: {**environ, **tls.environ()})

        listener = Listener(
            loop,
            ListeningSocket(parse_endpoint(url)),
            limits=self._limits,
            accepted=accepted,
        )
        self._listeners.add(listener)
        return listener

    def _hand_to_handler(
        self,
        handler: Handler,
        taken: TakenConnection,
        agreed: Handshake,
        environ: Environ,
    ) -> None:
        # Threads find out by themselves that a peer is silent: the kernel wakes them.
        # For greenlets the loop does, if it is in the same thread.
        loop = get_loop(current_hub=True) if taken.concurrency is GREENLETS else None
        watched = loop is not None and loop.concurrency is GREENLETS
        patience = 0.0 if watched else self._limits.ping_interval
        sock = taken.concurrency.adopt(taken.descriptor, patience=patience)
        disable_nagle(sock)
        # The request is over for the server: what follows is the handler's own environ.
        environ = {**environ, "wsgi.input": io.BytesIO()}
        websocket = self.websocket_class(
            environ,
            sock,
            handshake=agreed,
            concurrency=taken.concurrency,
            max_message_size=self.max_message_size,
            read_ahead=taken.read_ahead,
            limits=self._limits,
            patience=patience,
        )
        self._websockets.add(websocket)
        if loop is not None and watched:
            loop.call_soon(self._switchboard_on(loop).watch, websocket)
        environ["wsgi.websocket"] = websocket
        environ["wsgi.websocket_version"] = agreed.version
        taken.concurrency.spawn(
            _run_handler, handler, environ, websocket, agreed.response_bytes()
        )

    def _run_events(self, environ: Environ, start_response: Handler) -> None:
        """The websocket handler of an application without routes."""
        websocket: WebSocket = environ["wsgi.websocket"]
        self.onconnect(websocket)
        reason = ""
        try:
            while True:
                self.onmessage(websocket.receive(), websocket)
        except WebSocketError as error:
            reason = str(error)
        finally:
            self.onclose(reason, websocket)


class _DiscardedResponse:
    """The ``start_response`` of a websocket handler: there is no HTTP response any
    more.
    """

    def __init__(self) -> None:
        self.status = ""

    def __call__(self, status: object = "", *unused: object) -> Callable[[bytes], None]:
        self.status = str(status)
        return lambda data: None


def _run_handler(
    handler: Handler, environ: Environ, websocket: WebSocket, head: bytes
) -> None:
    """Run a websocket handler to its end; the body of its thread or greenlet."""
    response = _DiscardedResponse()
    code, reason = 1011, "internal error"
    try:
        websocket.accept(head)
        result = handler(environ, response)
        _exhaust(result)
        code, reason = 1000, ""
        if response.status[:1] in ("4", "5"):
            # A wrapped application that knows nothing of websockets.
            code, reason = 1008, response.status[:60]
    except WebSocketError as error:
        logger.debug("%r: its handler ended: %s", websocket, error)
    except (Exception, SystemExit):
        logger.exception("the websocket handler for %s failed", websocket.path)
    finally:
        websocket.close(code, reason)


def _exhaust(result: Any) -> None:
    """Run a generator handler, and close what wants to be closed (PEP 3333)."""
    try:
        if hasattr(result, "__next__"):
            for _ in result:
                pass
    finally:
        if hasattr(result, "close"):
            result.close()


def _refuse(start_response: Handler, error: HandshakeError) -> list[bytes]:
    body = f"{error.problem}\n".encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        # WSGI leaves hop-by-hop headers, such as the Upgrade of a 426, to the server.
        *(each for each in error.headers if not is_hop_by_hop(each[0])),
    ]
    start_response(error.status, headers)
    return [body]


def _as_hook(handler: EventHandler | EventHook) -> EventHook:
    if isinstance(handler, EventHook):
        return handler
    hook = EventHook(handler)
    hook += handler
    return hook


# The demo: what an application without routes does until it is told otherwise.


def _hello(environ: Environ, start_response: Handler) -> str:
    start_response()
    return "<h1>Hello World!</h1>"


def _log_client(websocket: WebSocket) -> None:
    logger.info("%r connected", websocket)


def _echo(message: str | bytes, websocket: WebSocket) -> None:
    answer = b"you : " + message if isinstance(message, bytes) else f"you : {message}"
    websocket.send(answer)
    time.sleep(2)
    websocket.send(answer)


def _log_close(reason: str, websocket: WebSocket) -> None:
    logger.info("%r left: %s", websocket, reason)


def _with_shared_strings(environ: Environ) -> Environ:
    """The same, for a connection that stays: what thousands of clients send alike is in
    memory once.
    """
    return {_shared(key): _shared(value) for key, value in environ.items()}


def _shared(value: Any) -> Any:
    """The one copy of a string; what is none stays what it is."""
    return sys.intern(value) if type(value) is str else value
