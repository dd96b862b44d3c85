"""`WSocketApp`: HTTP, plain websockets and a WAMP router behind one WSGI callable."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from wsocket.app_arguments import (
    DEFAULT_REALM,
    WAMP,
    check_settings,
    opened_realms,
    protocol_names,
)
from wsocket.core.checks import check_bool, check_seconds
from wsocket.core.keywords import checks_keywords
from wsocket.core.net.limits import Limits
from wsocket.core.net.listener import Listener
from wsocket.core.web.framework import Framework
from wsocket.core.websocket.deflate import Compression
from wsocket.metrics import Metrics
from wsocket.wamp.bridge.settings import Bridge
from wsocket.wamp.local.application import Application
from wsocket.wamp.local.arguments import register_options, subscribe_options
from wsocket.wamp.local.http_resources import serve_resources
from wsocket.wamp.local.make_router import make_router
from wsocket.wamp.local.pending_call import PendingCall
from wsocket.wamp.local.realm_methods import RealmMethods
from wsocket.wamp.local.taking_metrics import metrics_page, take_metrics
from wsocket.wamp.protocol.options import (
    CallOptions,
    InvokePolicy,
    PublishOptions,
    RegisterOptions,
    SubscribeOptions,
)
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.router.config import Realm
from wsocket.wamp.router.snapshot import RouterSnapshot
from wsocket.wamp.transports.longpoll_settings import LongPolling
from wsocket.wamp.transports.rawsocket import RawSocketTransport
from wsocket.wamp.transports.websocket import WampSubprotocol

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_WITH_PROGRESS = CallOptions(receive_progress=True)


class WSocketApp(Framework, RealmMethods):
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
        bridge: Lets those publish, call and listen who speak nothing but HTTP: the base
            path, such as ``"/wamp"``, or a `Bridge` with keys, tokens and further
            settings. None: not at all.
        compression: What plain websockets may agree on to compress messages:
            ``"deflate"`` (permessage-deflate, RFC 7692), or None. Sessions are never
            compressed.
        join_timeout: Seconds that a WAMP client has from connecting until it is in a
            realm, and for its answer to GOODBYE.
        metrics: A path, such as ``"/metrics"``, with the figures for Prometheus.
        health: A path, such as ``"/healthz"``, that answers 200 while all is well.
        trusted_proxies: Proxies that are believed what they say of the client, in
            ``X-Forwarded-For``, ``X-Forwarded-Proto`` or ``Forwarded``: addresses,
            networks, or ``"unix"`` for those that connect to a Unix socket.
        report_url: Where the report button of error pages leads: a page for new issues.
            None: it shows a text to copy.

    Raises:
        TypeError, ValueError: An argument has the wrong type or value.
        RuntimeError: *metrics* without its extra.
    """

    _wamp: Application | None = None

    @checks_keywords
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
        bridge: str | Bridge | None = None,
        compression: Compression | None = "deflate",
        join_timeout: float = 10.0,
        metrics: str | None = None,
        health: str | None = None,
        trusted_proxies: Sequence[str] = (),
        report_url: str | None = None,
    ) -> None:
        check_settings(max_workers, longpoll, bridge, limits, join_timeout, metrics)
        self.protocol = protocol
        names = protocol_names(protocol)
        others = {"max_workers": max_workers, "longpoll": longpoll, "bridge": bridge}
        opened = opened_realms(names, realm, realms, others)
        super().__init__(
            app,
            subprotocols=[name for name in names if name != WAMP],
            plugins=self._open_router(opened, max_workers, join_timeout, limits),
            debug=debug,
            max_message_size=max_message_size,
            allowed_origins=allowed_origins,
            limits=limits,
            compression=compression,
            health=health,
            trusted_proxies=trusted_proxies,
            report_url=report_url,
        )
        self._serve_resources(metrics, longpoll, bridge)

    @checks_keywords
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
            TypeError, ValueError: An argument is invalid, or the function is async.
            ApplicationError: The router refused: another callee has registered *uri*.
        """
        application = self._application
        chosen = register_options(options, match=match, invoke=invoke)
        application.check_uri(uri, match=chosen.match)
        check_bool("on_loop", on_loop)

        def decorate(function: FunctionT) -> FunctionT:
            application.register(function, uri, chosen, on_loop=on_loop)
            return function

        return decorate

    @checks_keywords
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
            TypeError, ValueError: *uri* or another argument is not valid, or the
                function is an async one.
        """
        application = self._application
        chosen = subscribe_options(options, match=match)
        application.check_uri(uri, match=chosen.match)

        def decorate(function: FunctionT) -> FunctionT:
            application.subscribe(function, uri, chosen)
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

        Callable from any thread, greenlet or handler of the process that serves. In any
        other one nobody hears it, and a warning says so: see
        `wsocket.client.HttpPublisher`.

        Returns:
            None, at once. With ``PublishOptions(acknowledge=True)`` the publication ID,
            after the router has accepted the event.

        Raises:
            TypeError, ValueError: *topic* is not a valid URI, or *options* are invalid,
                or a value is not serializable.
            ApplicationError: The router refused; only with ``acknowledge``.
        """
        return self._application.publish(topic, args, kwargs, options=options)

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
            TypeError, ValueError: As for `start_call`; or *timeout* is no number of
                seconds.
        """
        if timeout is not None:
            check_seconds("timeout", timeout, least=0)
        return self._application.call(
            procedure, args, kwargs, options=options, timeout=timeout
        )

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
            TypeError, ValueError: *procedure* is not a valid URI, or *options* are
                invalid, or a value is not serializable.
        """
        return self._application.start_call(
            procedure, args, kwargs, options=options, default=_WITH_PROGRESS
        )

    @checks_keywords
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
            TypeError, ValueError: An argument is invalid, or `max_message_size` is less
                than 512 bytes, the minimum of RawSocket.
            OSError: Listening failed; the message says what to do.
            RuntimeError: The application has no WAMP router.
        """
        prepare = self._application.prepare
        check_bool("pings", pings)
        transport = RawSocketTransport(
            self.router,
            prepare=prepare,
            max_message_size=self.max_message_size,
            pings=pings,
        )
        return self.listeners.listen(url, transport.connect, ssl_context=ssl_context)

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

    def _open_router(
        self,
        realms: Sequence[Realm],
        max_workers: int | None,
        join_timeout: float,
        limits: Limits | None,
    ) -> list[WampSubprotocol]:
        """The subprotocol of a router, if there are realms for one."""
        if not realms:
            return []
        self.router = make_router(realms, join_timeout, limits or Limits())
        self._wamp = Application(
            self.router,
            realms[0].name,
            max_workers=max_workers,
            connections=lambda: self.connections.get(),
            max_message_size=lambda: self.max_message_size,
            debug=lambda: self.debugging,
            has_served=lambda: self.has_been_called or self.is_draining,
        )
        return [WampSubprotocol(self.router, prepare=self._wamp.prepare)]

    def _serve_resources(
        self,
        metrics: str | None,
        longpoll: str | LongPolling | None,
        bridge: str | Bridge | None,
    ) -> None:
        if metrics is not None:
            self.resources.serve("metrics", metrics, metrics_page(self.metrics))
        serve_resources(self, lambda: self._application, longpoll, bridge)

    @property
    def _application(self) -> Application:
        if self._wamp is None:
            raise RuntimeError(
                'no WAMP router here: make the app with WSocketApp(protocol="WAMP")'
            )
        return self._wamp
