"""`WSocketApp`: HTTP, plain websockets and a WAMP router behind one WSGI callable."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from wsocket.core.checks import check_seconds
from wsocket.core.net.limits import Limits
from wsocket.core.net.listener import Listener
from wsocket.core.web.framework import Framework
from wsocket.core.websocket.deflate import Compression
from wsocket.metrics import Metrics
from wsocket.wamp.authorization.authorizer import Authorizer
from wsocket.wamp.local.application import Application
from wsocket.wamp.local.make_router import make_router
from wsocket.wamp.local.pending_call import PendingCall
from wsocket.wamp.local.taking_metrics import metrics_page, take_metrics
from wsocket.wamp.protocol.client_messages import (
    CallOptions,
    InvokePolicy,
    PublishOptions,
    RegisterOptions,
    SubscribeOptions,
)
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.router.config import Realm
from wsocket.wamp.router.snapshot import RouterSnapshot
from wsocket.wamp.transports.longpoll import LongPoll
from wsocket.wamp.transports.longpoll_settings import LongPolling
from wsocket.wamp.transports.rawsocket import RawSocketTransport
from wsocket.wamp.transports.websocket import WampSubprotocol

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

WAMP = "WAMP"
DEFAULT_REALM = "realm1"


class WSocketApp(Framework):
    """A WSGI application with HTTP routes, websocket routes and, on request, a WAMP
    router.

    Args:
        app: A WSGI application (Flask, Django, ...) for requests that no route takes.
        protocol: ``"WAMP"`` for a WAMP router: websockets that offer ``wamp.2.*`` are
            its sessions, on any path. Any other name, or a list of names: subprotocols
            that plain websockets may agree on.
        debug: Whether error pages show tracebacks. None: if the logger ``wsocket`` is
            at DEBUG.
        max_message_size: Largest message that is accepted, in bytes, after
            decompression.
        allowed_origins: Origins, besides the page's own, whose scripts may open a
            websocket, such as ``"https://example.com"`` or ``"https://*.example.com"``;
            ``"*"`` is any.
        realm: The realm of the application's own procedures and subscribers: a name,
            or a `Realm` with rules for its clients.
        realms: Further realms.
        max_workers: How many procedures and subscribers of this process run at once; by
            default 64 threads, or 1000 greenlets.
        limits: What a websocket may cost, and how often it is pinged.
        longpoll: Serves WAMP over HTTP requests, for clients that cannot open a
            websocket: the base path, such as ``"/longpoll"``, or a `LongPolling` with
            further settings. None: not at all.
        compression: What plain websockets may agree on to compress messages:
            ``"deflate"`` (permessage-deflate, RFC 7692), or None. Sessions are never
            compressed.
        join_timeout: Seconds that a WAMP client has from connecting until it is in a
            realm, and for its answer to GOODBYE.
        metrics: A path, such as ``"/metrics"``, with the figures for Prometheus.
        health: A path, such as ``"/healthz"``, that answers 200 while all is well.

    Raises:
        TypeError, ValueError: An argument has the wrong type or value.
        RuntimeError: *longpoll* without a router, or *metrics* without its extra.
    """

    def __init__(
        self,
        app: Callable[..., Any] | None = None,
        protocol: str | Sequence[str] | None = None,
        *,
        debug: bool | None = None,
        max_message_size: int = 2**20,
        allowed_origins: Collection[str] | None = None,
        realm: str | Realm = DEFAULT_REALM,
        realms: Sequence[Realm] = (),
        max_workers: int | None = None,
        limits: Limits | None = None,
        longpoll: str | LongPolling | None = None,
        compression: Compression | None = "deflate",
        join_timeout: float = 10.0,
        metrics: str | None = None,
        health: str | None = None,
    ) -> None:
        check_seconds("join_timeout", join_timeout, least=0.001)
        names = [protocol] if isinstance(protocol, str) else list(protocol or ())
        self.protocol = protocol
        self._wamp: Application | None = None
        plugins = []
        if WAMP in names:
            names.remove(WAMP)
            own = Realm(realm) if isinstance(realm, str) else realm
            self.router = make_router([own, *realms], join_timeout, limits or Limits())
            plugins.append(self._make_wamp(own.name, max_workers))
        super().__init__(
            app,
            subprotocols=names,
            plugins=plugins,
            debug=debug,
            max_message_size=max_message_size,
            allowed_origins=allowed_origins,
            limits=limits,
            compression=compression,
            health=health,
        )
        self._serve_resources(longpoll, metrics)

    def register(
        self,
        uri: str,
        *,
        match: Match = "exact",
        invoke: InvokePolicy = "single",
        options: RegisterOptions | None = None,
        on_loop: bool = False,
    ) -> Callable[[FunctionT], FunctionT]:
        """Register the decorated function as a WAMP procedure, run in this process.

        The function gets the payload of a call as its arguments, and returns the
        result. A generator yields progressive results. An `ApplicationError` becomes a
        WAMP ERROR; any other exception becomes ``wamp.error.runtime_error`` with its
        message. A parameter named ``details`` gets `CallDetails`.

        Args:
            match: ``"prefix"`` and ``"wildcard"`` register for a family of URIs.
            invoke: Which one of several callees is called; with ``"single"`` there can
                be only one callee.
            options: All options, in place of *match* and *invoke*.
            on_loop: For a function that never blocks and takes microseconds: it runs on
                the I/O loop itself, where everybody waits for it, without the cost of a
                thread or greenlet. In debug mode there is a warning if it takes more
                than 5 ms. It can publish, but not wait for a call.

        Raises:
            TypeError: It is an async function; or a generator, with *on_loop*.
            ValueError: *uri* is not valid.
            ApplicationError: The router refused, for instance because another callee
                has registered *uri*.
        """
        chosen = options or RegisterOptions(match=match, invoke=invoke)

        def decorate(function: FunctionT) -> FunctionT:
            self._application.register(function, uri, chosen, on_loop=on_loop)
            return function

        return decorate

    def subscribe(
        self,
        uri: str,
        *,
        match: Match = "exact",
        options: SubscribeOptions | None = None,
    ) -> Callable[[FunctionT], FunctionT]:
        """Call the decorated function for every event of a topic, one after the other.

        A parameter named ``details`` gets `EventDetails`.

        Args:
            match: ``"prefix"`` and ``"wildcard"`` subscribe to a family of topics.
            options: All options, in place of *match*.

        Raises:
            ValueError: *uri* is not valid.
        """
        chosen = options or SubscribeOptions(match=match)

        def decorate(function: FunctionT) -> FunctionT:
            self._application.subscribe(function, uri, chosen)
            return function

        return decorate

    def publish(
        self,
        topic: str,
        /,
        *args: Any,
        options: PublishOptions | None = None,
        **kwargs: Any,
    ) -> int | None:
        """Publish an event to the subscribers of *topic*.

        Callable from any thread, greenlet or handler.

        Returns:
            None, at once. With ``PublishOptions(acknowledge=True)`` the publication ID,
            after the router has accepted the event.

        Raises:
            ValueError: *topic* is not a valid URI, or a value is not serializable.
            ApplicationError: The router refused; only with ``acknowledge``.
        """
        return self._application.publish(
            topic, args, kwargs, options=options or PublishOptions()
        )

    def call(
        self,
        procedure: str,
        /,
        *args: Any,
        timeout: float | None = None,
        options: CallOptions | None = None,
        **kwargs: Any,
    ) -> Any:
        """Call a WAMP procedure, and return its result.

        Callable from any thread, greenlet or handler.

        Args:
            timeout: Seconds to wait for the result; None waits without a limit.

        Returns:
            The value if the result is one value, None if it is empty, or a
            `CallResult`.

        Raises:
            ApplicationError: The call ended in a WAMP ERROR.
            CallTimeout: No result came within *timeout*; the call is canceled.
            ValueError: *procedure* is not a valid URI, or a value is not serializable.
        """
        pending = self._application.start_call(
            procedure, args, kwargs, options=options or CallOptions()
        )
        return pending.result(timeout)

    def start_call(
        self,
        procedure: str,
        /,
        *args: Any,
        options: CallOptions | None = None,
        **kwargs: Any,
    ) -> PendingCall:
        """Start a call. Its progressive results can be taken, and it can be canceled.

        By default the callee is asked for progressive results.

        Raises:
            ValueError: *procedure* is not a valid URI, or a value is not serializable.
        """
        return self._application.start_call(
            procedure,
            args,
            kwargs,
            options=options or CallOptions(receive_progress=True),
        )

    def listen_rawsocket(
        self,
        url: str,
        *,
        pings: bool = False,
        ssl_context: ssl.SSLContext | None = None,
    ) -> Listener:
        """Accept WAMP sessions over RawSocket, without HTTP and websockets.

        The listener belongs to this process, so call this after a fork. Callable from
        any thread. `close` closes the listener, too.

        Args:
            url: ``tcp://HOST:PORT``, where port 0 picks a free one, or
                ``unix:///PATH``. The socket file of a process that has ended is
                replaced.
            pings: Send RawSocket's PING to clients, as `Limits` says; this finds
                clients that hang. Some client libraries do not know PING:
                autobahn-python ends the connection. Without pings the kernel finds TCP
                clients whose network is cut, in the same time.
            ssl_context: For TLS: a context for the server's side, with a certificate.

        Returns:
            The listener: it has an ``address`` and can ``close()``.

        Raises:
            ValueError: *url* has another form, or `max_message_size` is less than 512
                bytes, the minimum of RawSocket.
            OSError: Listening failed; the message says what to do.
            RuntimeError: The application has no WAMP router.
        """
        prepare = self._application.prepare
        transport = RawSocketTransport(
            self.router,
            prepare=prepare,
            max_message_size=self.max_message_size,
            pings=pings,
        )
        return self.listeners.listen(url, transport.connect, ssl_context=ssl_context)

    def add_realm(self, realm: Realm) -> None:
        """Open another realm of the router. Callable from any thread, at any time.

        Raises:
            TypeError: *realm* is not a `Realm`.
            ValueError: The router has a realm of that name.
        """
        self._application.add_realm(realm)

    def remove_realm(self, name: str) -> None:
        """Close a realm: its sessions get GOODBYE with ``wamp.close.close_realm``.

        Callable from any thread.

        Raises:
            KeyError: The router has no realm of that name.
            ValueError: It is the realm of the application itself.
        """
        self._application.remove_realm(name)

    def set_authorizer(self, realm: str, authorizer: Authorizer | str | None) -> None:
        """Give a realm another authorizer, for every request from now on.

        Callable from any thread.

        Args:
            authorizer: As in `Realm`; None removes the authorizer.

        Raises:
            KeyError: The router has no realm of that name.
            TypeError, ValueError: *authorizer* cannot be the authorizer of a realm.
        """
        self._application.set_authorizer(realm, authorizer)

    def metrics(self) -> Metrics:
        """What this process has done so far, and what it holds. From any thread."""
        return take_metrics(self.connections, self._wamp)

    def snapshot(self) -> RouterSnapshot:
        """What the router of this process holds now: sessions, subscriptions, ...

        Callable from any thread. It copies all of that on the I/O loop: take it to
        inspect a server, not for each request.

        Raises:
            RuntimeError: There is no WAMP router here.
        """
        return self._application.snapshot()

    def drain(self, timeout: float = 30.0) -> bool:
        """Accept no more over RawSocket, and wait for the calls that are under way.

        `run` does this when it stops, before `close`. Sessions stay, and may call.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether all these calls have ended.
        """
        super().drain(timeout)
        return self._wamp is None or self._wamp.drain(timeout)

    def _make_wamp(self, realm: str, max_workers: int | None) -> WampSubprotocol:
        self._wamp = Application(
            self.router,
            realm,
            max_workers=max_workers,
            connections=lambda: self.connections.get(),
            max_message_size=lambda: self.max_message_size,
            debug=lambda: self.debugging,
        )
        return WampSubprotocol(self.router, prepare=self._wamp.prepare)

    def _serve_resources(
        self, longpoll: str | LongPolling | None, metrics: str | None
    ) -> None:
        if metrics is not None:
            self.resources[metrics] = metrics_page(self.metrics)
        if longpoll is None:
            return
        prepare = self._application.prepare
        handler = LongPoll(
            longpoll if isinstance(longpoll, LongPolling) else LongPolling(longpoll),
            self.router,
            prepare=prepare,
            connections=self.connections,
            max_message_size=self.max_message_size,
            allowed_origins=self.allowed_origins,
        )
        self.resources[handler.route] = handler

    @property
    def _application(self) -> Application:
        if self._wamp is None:
            raise RuntimeError(
                'no WAMP router here: make the app with WSocketApp(protocol="WAMP")'
            )
        return self._wamp
