"""The client of a test: requests, websockets and sessions, without a network."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http.client import HTTPException
from http.cookies import CookieError, SimpleCookie
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from wsocket.core.checks import check_mapping, check_seconds, refuse_type
from wsocket.log import logger
from wsocket.testing.client_clock import ClientClock
from wsocket.testing.client_end import ClientEnd
from wsocket.testing.conversation import Conversation
from wsocket.testing.credentials import Credentials
from wsocket.testing.events import ClientEvents
from wsocket.testing.http import (
    HandshakeRefused,
    HttpAnswer,
    StreamRefused,
    exchange,
    open_stream,
    upgrade,
)
from wsocket.testing.memory_server import MemoryServer
from wsocket.testing.peer import ClientWebSocket, Peer
from wsocket.testing.recent import recent_conversations
from wsocket.testing.request_parts import (
    body_of,
    bytes_of,
    fields_of,
    method_of,
    subprotocols_of,
    target_of,
)
from wsocket.testing.session import ClientSession
from wsocket.testing.wamp import ClientWamp, serializer_named
from wsocket.testing.world import TestedWorld, shared_world

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_T = TypeVar("_T")
_PeerT = TypeVar("_PeerT", bound=Peer[Any])

# Real seconds that code of the application gets to end after the test.
_ENDING = 1.0


class Client:
    """A client of one application, for tests. Use it in a ``with`` block.

    There is no network: each request and each websocket is a pair of sockets. All else
    is as in production: HTTP, frames, serializers, logins and authorization. The router
    begins anew with the block, and timeouts follow `clock`.

    Args:
        app: A `WSocketApp`, or a WSGI application that contains one.
        timeout: Real seconds that anything may take.
        environ: Added to the WSGI environ of every request, such as ``REMOTE_USER``.

    Attributes:
        clock: The time of the application.
        cookies: Sent with every request; the application's ``Set-Cookie`` sets them.
        conversation: What was said so far; its `str` is what failures print.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        timeout: float = 5.0,
        environ: Mapping[str, Any] | None = None,
    ) -> None:
        if not callable(app):
            raise TypeError(f"app must be a WSGI application (a callable), got {app!r}")
        check_seconds("timeout", timeout, least=0.001)
        if environ is not None:
            check_mapping("environ", environ)
        self._app = app
        self._timeout = timeout
        self._environ = dict(environ or {})
        self._world: TestedWorld | None = None
        self._peers: list[ClientEnd[Any]] = []
        self._sessions = 0
        self.cookies: dict[str, str] = {}
        self.conversation = Conversation(lambda: self._open.clock.passed)
        self.clock: ClientClock

    def __enter__(self) -> Client:
        self._world = shared_world.enter()
        clock = self._world.clock
        self.conversation = Conversation(lambda: clock.passed)
        self.clock = ClientClock(self._world, self.conversation, self._timeout)
        recent_conversations.begun(self.conversation)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, AssertionError):
            self.conversation.explained(error)
        for peer in self._peers:
            peer.drop()
        self.conversation.end()
        recent_conversations.ended(self.conversation)
        world, self._world = self._open, None
        if not shared_world.leave(_ENDING):
            places = world.concurrency.who_works()
            logger.warning("code still runs after its test: %s", "; ".join(places))

    # HTTP

    def get(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> HttpAnswer:
        """Send a GET request; see `request`."""
        return self.request("GET", path, headers=headers, environ=environ)

    def post(
        self,
        path: str,
        *,
        body: str | bytes | None = None,
        form: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> HttpAnswer:
        """Send a POST request, with one of *body*, *form* and *json*; see `request`."""
        kind, data = body_of(body, form, json)
        sent = {**kind, **fields_of(headers, {})}
        return self.request("POST", path, body=data, headers=sent, environ=environ)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> HttpAnswer:
        """Send an HTTP request, and wait for the answer. Redirects are not followed.

        Args:
            path: With the query, if there is one.
            environ: Added to the WSGI environ, after what `Client` was given.

        Raises:
            ConversationFailure: No answer came in time, or one that is not HTTP.
        """
        name, data = f"{method_of(method)} {path}", bytes_of(body)
        fields = fields_of(headers, self.cookies)
        send = partial(exchange, method=method, target=target_of(path), body=data)
        with self._connect(environ) as sock:
            self.conversation.sent("http", name + (f" {data!r}" if data else ""))
            answer = self._answered(name, lambda: send(sock, headers=fields))
        self.conversation.received("http", f"{name}: {answer}")
        self._keep_cookies(answer)
        return answer

    # Websockets and sessions

    def websocket(
        self,
        path: str = "/",
        *,
        subprotocols: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> ClientWebSocket:
        """Open a plain websocket.

        Args:
            headers: Of the upgrade request, such as ``Origin``.

        Raises:
            HandshakeRefused: The application has answered something else.
            ConversationFailure: No answer came.
        """
        name = f"{path} #{len(self._peers) + 1}"
        return self._connected(
            ClientWebSocket, name, path, subprotocols, headers, environ
        )

    def events(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> ClientEvents:
        """Open a stream of server-sent events, as a browser's ``EventSource`` does.

        Args:
            headers: Such as ``Last-Event-ID``.

        Raises:
            StreamRefused: The application has answered something else.
            ConversationFailure: No answer came.
        """
        name = f"{path} #{len(self._peers) + 1}"
        target, fields = target_of(path), fields_of(headers, self.cookies)
        sock = self._connect(environ)
        try:
            self.conversation.sent(name, f"GET {path}, a stream of events")
            open_it = partial(open_stream, sock, target, headers=fields)
            stream = ClientEvents(
                self._open,
                sock,
                name=name,
                headers=self._opened(name, f"the request of {name}", open_it),
                conversation=self.conversation,
                timeout=self._timeout,
            )
        except BaseException:
            sock.close()
            raise
        self._peers.append(stream)
        return stream

    def wamp(
        self,
        path: str = "/",
        *,
        serializer: str = "json",
        headers: Mapping[str, str] | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> ClientWamp:
        """Open a websocket for WAMP messages as lists; the test says HELLO itself.

        Args:
            serializer: ``json``, ``msgpack``, ``ubjson`` or (with its extra) ``cbor``.

        Raises:
            HandshakeRefused, ConversationFailure: See `websocket`.
            ValueError: There is no such serializer.
        """
        return self._wamp(ClientWamp, path, serializer, headers, environ)

    def join(
        self,
        realm: str = "realm1",
        *,
        authid: str | None = None,
        auth: Credentials | None = None,
        details: Mapping[str, Any] | None = None,
        path: str = "/",
        serializer: str = "json",
        headers: Mapping[str, str] | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> ClientSession:
        """Open a session in a realm.

        A login is refused after the `login_delay` of the realm: `clock` moves on by it.

        Args:
            auth: How to log in: `ticket`, `wampcra`, `scram` or `cryptosign`. For a
                login by cookie, header or environ: none.
            details: Further fields of HELLO.Details, such as ``authmethods``.
            serializer: See `wamp`.

        Raises:
            ApplicationError: The router has refused; `error` is the reason of ABORT.
            HandshakeRefused, ConversationFailure, ValueError: See `wamp`.
        """
        if auth is not None and not isinstance(auth, Credentials):
            refuse_type("auth", "what ticket(...) and its like return", auth)
        if details is not None:
            check_mapping("details", details)
        session = self._wamp(ClientSession, path, serializer, headers, environ)
        try:
            session.join(realm, authid=authid, auth=auth, details=details or {})
        except BaseException:
            session.drop()
            raise
        return session

    def _wamp(
        self,
        kind: type[_PeerT],
        path: str,
        serializer: str,
        headers: Mapping[str, str] | None,
        environ: Mapping[str, Any] | None,
    ) -> _PeerT:
        subprotocol = f"wamp.2.{serializer_named(serializer).name}"
        self._sessions += 1
        name = f"session {self._sessions}"
        return self._connected(kind, name, path, [subprotocol], headers, environ)

    def _connected(
        self,
        kind: type[_PeerT],
        name: str,
        path: str,
        subprotocols: Sequence[str],
        headers: Mapping[str, str] | None,
        environ: Mapping[str, Any] | None,
    ) -> _PeerT:
        """Open a websocket."""
        sock = self._connect(environ)
        try:
            agreed = self._upgraded(name, path, sock, subprotocols, headers)
            peer = kind(
                self._open,
                sock,
                name=name,
                subprotocol=agreed,
                conversation=self.conversation,
                timeout=self._timeout,
            )
        except BaseException:
            sock.close()
            raise
        self._peers.append(peer)
        return peer

    def _upgraded(
        self,
        name: str,
        path: str,
        sock: socket.socket,
        subprotocols: Sequence[str],
        headers: Mapping[str, str] | None,
    ) -> str | None:
        open_it = partial(
            upgrade,
            sock,
            target_of(path),
            headers=fields_of(headers, self.cookies),
            subprotocols=subprotocols_of(subprotocols),
        )
        self.conversation.sent(name, f"GET {path}, upgrade to websocket")
        agreed = self._opened(name, f"the upgrade of {name}", open_it)
        spoken = f", {agreed}" if agreed else ""
        self.conversation.received(name, f"101 Switching Protocols{spoken}")
        return agreed

    # Inside

    @property
    def _open(self) -> TestedWorld:
        if self._world is None:
            raise RuntimeError("the client is not open: use it in a with block")
        return self._world

    def _connect(self, environ: Mapping[str, Any] | None) -> socket.socket:
        if environ is not None:
            check_mapping("environ", environ)
        more = {**self._environ, **(environ or {})}
        server = MemoryServer(self._app, more, timeout=self._timeout)
        sock = server.connect(self._open.concurrency)
        sock.settimeout(self._timeout)
        return sock

    def _answered(self, name: str, send: Callable[[], _T]) -> _T:
        try:
            return send()
        except TimeoutError:
            places = self._open.concurrency.who_works()
            running = "".join(f"\n  runs: {place}" for place in places)
            problem = f"no answer to {name} within {self._timeout} seconds{running}"
        except (OSError, HTTPException) as error:
            problem = f"no valid answer to {name}: {error!r}"
        raise self.conversation.failure(problem)

    def _opened(self, name: str, what: str, open_it: Callable[[], _T]) -> _T:
        """Open what stays open: a websocket, or a stream."""
        try:
            return self._answered(what, open_it)
        except (HandshakeRefused, StreamRefused) as refused:
            self.conversation.received(name, str(refused.answer))
            self.conversation.explained(refused)
            raise

    def _keep_cookies(self, answer: HttpAnswer) -> None:
        for text in answer.headers.get_all("Set-Cookie", ()):
            try:
                parsed = SimpleCookie(text)
            except CookieError as error:
                self.conversation.note(f"no cookie: {text!r}: {error}")
                continue
            for name, cookie in parsed.items():
                if cookie["max-age"] == "0" or not cookie.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = cookie.coded_value
