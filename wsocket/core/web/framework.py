"""The WSGI application: HTTP routes, websockets, and a slot for subprotocols."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

from wsocket.core.checks import check_path, check_seconds
from wsocket.core.concurrency.eventlet_patches import refuse_eventlet_patches
from wsocket.core.functions import kind_of
from wsocket.core.keywords import checks_keywords
from wsocket.core.net.future import Future
from wsocket.core.net.limits import Limits
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.per_process import PerProcess
from wsocket.core.web import at_exit, demo
from wsocket.core.web.asgi_notice import AsgiNotice, refuse_asgi_call
from wsocket.core.web.checked_attributes import CheckedAttributes
from wsocket.core.web.error_page import checked_report_url
from wsocket.core.web.event_hooks import Events
from wsocket.core.web.habits import Habits
from wsocket.core.web.health import Health
from wsocket.core.web.listeners import Listeners
from wsocket.core.web.proxies import TrustedProxies
from wsocket.core.web.resources import Resources
from wsocket.core.web.routes import (
    Handler,
    Routes,
    check_new_route,
    check_route,
    request_path,
)
from wsocket.core.web.upgrade import Upgrades
from wsocket.core.web.views import respond
from wsocket.core.web.wrapped import Wrapped
from wsocket.core.web.wsgi_servers import ASGI_ADAPTER
from wsocket.core.websocket import frames, handshake
from wsocket.core.websocket.accept_key import GUID
from wsocket.core.websocket.blocking import WebSocket
from wsocket.core.websocket.deflate import Compression
from wsocket.core.websocket.origins import check_allowed_origins
from wsocket.core.websocket.subprotocol import Subprotocol
from wsocket.core.wsgi import START_RESPONSE, Environ
from wsocket.log import logger

HandlerT = TypeVar("HandlerT", bound=Handler)

# Seconds that `close` waits for connections.
CLOSING = 1.0

# Tells clients to reconnect (IANA registry of RFC 6455).
SERVICE_RESTART = 1012
GOING_AWAY = "the server is going away"


class Framework(CheckedAttributes, Events):
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
        limits: What each connection may cost. `WSocketApp` has checked it, because the
            router is made of it first.
        compression: What plain websockets may agree on to compress messages:
            ``"deflate"`` (permessage-deflate, RFC 7692), or None.
        health: A path that answers 200 while all is well.
        trusted_proxies: Addresses of proxies that are believed; see `TrustedProxies`.
        report_url: Where the report button of error pages leads.

    Attributes:
        routes: Handlers of HTTP requests and plain websockets, by path.
        resources: Handlers of HTTP requests that come before all routes.
        connections: The open connections that the loop closes in the end.
        listeners: Listeners beside that of the WSGI server.
        is_draining: Whether the server is about to end.
        has_been_called: Whether a server has called it.
    """

    GUID: ClassVar[str] = GUID
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
        compression: Compression | None = "deflate",
        health: str | None = None,
        trusted_proxies: Sequence[str] = (),
        report_url: str | None = None,
    ) -> None:
        check_allowed_origins(() if allowed_origins is None else allowed_origins)
        if health is not None:
            check_path("health", health)
        refuse_eventlet_patches()
        self.app = app
        self.routes = Routes()
        self.resources = Resources()
        self.debug = debug
        self.max_message_size = max_message_size
        self.compression = compression
        self.allowed_origins: Collection[str] = frozenset(allowed_origins or ())
        self.limits = kept = _with_room(limits or Limits(), max_message_size)
        self.connections = PerProcess(lambda loop: OpenConnections(loop, limits=kept))
        self.listeners = Listeners(self.connections, limits=kept)
        self._upgrades = Upgrades(self, names=subprotocols, subprotocols=plugins)
        self._habits = Habits()
        self._proxies = TrustedProxies(trusted_proxies)
        self._report_url = checked_report_url(report_url)
        self._asgi = AsgiNotice()
        self.is_draining = False
        self.has_been_called = False
        if health is not None:
            self.resources.serve("health", health, Health(lambda: self.is_draining))
        at_exit.tell(self)

    @checks_keywords
    def route(self, path: str) -> Callable[[HandlerT], HandlerT]:
        """Register the decorated handler for *path*.

        An exact path comes first, then the longest path that ends in ``*`` and whose
        beginning fits. The handler is called with ``(environ, start_response)``; for a
        websocket, ``environ["wsgi.websocket"]`` is the `WebSocket`.

        Raises:
            TypeError: *path* is not a string, or the handler is an async function, or
                takes other arguments.
            ValueError: *path* can never match, or has another handler already. To
                replace that, assign to ``app.routes[path]``.
        """
        check_route(path)
        check_new_route(path)
        self.resources.check_free(path)

        def register(handler: HandlerT) -> HandlerT:
            before = self.routes.get(path, handler)
            if before is not handler:
                raise ValueError(
                    f"path: {path!r} has a handler already, {kind_of(before)}; to "
                    f"replace it, write app.routes[{path!r}] = ..."
                )
            self.routes[path] = handler
            return handler

        return register

    def close(self, code: int = SERVICE_RESTART, reason: str = GOING_AWAY) -> None:
        """Close every listener of this application, and then every connection.

        Websockets are closed with 1012, so that clients reconnect. `run` calls this
        when it stops, and Python when it exits. Returns when all are closed, or after a
        second.

        Args:
            code: A close code (RFC 6455 section 7.4).
            reason: At most 123 bytes of UTF-8 (section 5.5).

        Raises:
            TypeError, ValueError: *code* or *reason* is invalid; nothing was closed.
        """
        frames.check_close(code, reason)
        self.listeners.close()
        self.close_connections(code, reason)

    def close_connections(self, code: int, reason: str, *, spread: float = 0.0) -> None:
        """Close every connection, but no listener.

        Args:
            spread: Seconds over which the connections are closed, one after the other.
        """
        connections = self.connections.existing()
        if connections is None:
            return
        closed: Future[None] = Future(connections.loop)
        connections.loop.call_soon(
            lambda: connections.close(code, reason, closed, spread=spread)
        )
        with suppress(TimeoutError):  # the process ends without the rest
            closed.wait(spread + CLOSING)

    def drain(self, timeout: float = 30.0) -> bool:
        """Accept nothing more on this application's own listeners, and wait for what is
        under way beside HTTP responses: nothing here, calls in an application with a
        router.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether it has ended.

        Raises:
            TypeError, ValueError: *timeout* is no number of seconds.
        """
        check_seconds("timeout", timeout, least=0)
        self.is_draining = True
        self.listeners.close()
        return True

    def close_slowly(self, spread: float) -> None:
        """Close every websocket with 1012, evenly within *spread* seconds.

        `close` closes those that are left, and returns sooner.
        """
        self.close_connections(SERVICE_RESTART, GOING_AWAY, spread=spread)

    def python_exits(self) -> None:
        """Close the connections that nobody has closed yet."""
        connections = self.connections.existing()
        if connections is not None and connections.untold:
            self.close_connections(SERVICE_RESTART, GOING_AWAY)

    def not_found(self, environ: Environ, start_response: Handler) -> Any:
        """The handler of requests that no route takes; override it to change it."""
        start_response(404, {"Content-Type": "text/plain; charset=utf-8"})
        return f"404 Not Found: no route for {request_path(environ)}\n"

    def without_routes(self, environ: Environ, start_response: Handler) -> Any:
        """The handler of requests as long as there are no routes: a greeting."""
        return demo.hello(environ, start_response)

    def __call__(
        self, environ: Environ, start_response: Handler | None = None, *further: Any
    ) -> Iterable[bytes]:
        """The WSGI entry point (PEP 3333).

        Raises:
            TypeError: It was called as an ASGI application, with other arguments.
        """
        if start_response is None or further:
            refuse_asgi_call()
        self.has_been_called = True
        self._proxies.look_behind(environ)
        self._asgi.look_at(environ, start_response)
        path = request_path(environ)
        handler = self.resources.match(path) if self.resources else None
        if handler is not None:
            environ[START_RESPONSE] = start_response
        else:
            handler = self.routes.match(path)
            if handler is None and self.app is not None:
                handler = Wrapped(self.app)
            if self._upgrades.asked_for(environ):
                return self._upgrade(environ, start_response, handler)
            if handler is None:
                handler = self.not_found if self.routes else self.without_routes
        return self._respond(handler, environ, start_response)

    def _upgrade(
        self, environ: Environ, start_response: Handler, handler: Handler | None
    ) -> Iterable[bytes]:
        find = self._event_handler if handler is None else lambda: handler
        answer = self._upgrades.answer(environ, start_response, find)
        if answer is not None:
            return answer
        if self.routes:
            return self._respond(self.not_found, environ, start_response)
        return self._upgrades.refuse_unclaimed(start_response)

    def _event_handler(self) -> Handler | None:
        """The handler of websockets without routes; with a router it is no demo."""
        if self.routes or (self._upgrades.has_subprotocols and not self.has_handlers):
            return None
        return self.run_events

    def _respond(
        self, handler: Handler, environ: Environ, start_response: Handler
    ) -> Iterable[bytes]:
        debug = self.debugging
        answer = respond(
            handler,
            environ,
            start_response,
            debug=debug,
            look_at=self._habits.look_at if debug else None,
            report_url=self._report_url,
        )
        if answer == [] and ASGI_ADAPTER in environ:
            return [b""]  # hypercorn's sends the head with the first item of the body
        return answer

    @property
    def debugging(self) -> bool:
        """Whether the author of the application wants to see details."""
        return logger.isEnabledFor(10) if self.debug is None else self.debug


def _with_room(limits: Limits, max_message_size: int) -> Limits:
    """The same limits, with memory for four of the largest messages at least."""
    return replace(limits, memory=max(limits.memory, 4 * max_message_size))
