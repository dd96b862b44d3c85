"""The client of a test: requests, websockets and sessions, without a network."""

from __future__ import annotations

import json as jsons
import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http.client import HTTPException
from http.cookies import CookieError, SimpleCookie
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

from wsocket.core.checks import check_seconds
from wsocket.log import logger
from wsocket.testing.client_clock import ClientClock
from wsocket.testing.conversation import Conversation
from wsocket.testing.credentials import Credentials
from wsocket.testing.http import HandshakeRefused, HttpAnswer, exchange, upgrade
from wsocket.testing.memory_server import MemoryServer
from wsocket.testing.peer import ClientWebSocket, Peer
from wsocket.testing.recent import recent_conversations
from wsocket.testing.session import ClientSession
from wsocket.testing.wamp import ClientWamp, serializer_named
from wsocket.testing.world import TestedWorld, shared_world

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_T = TypeVar("_T")
_PeerT = TypeVar("_PeerT", bound=Peer[Any])

# Real seconds that code of the application gets to end after the test.
_ENDING = 1.0

# Characters of a path that stay as they are (RFC 3986 section 3.3, and the query).
_IN_A_PATH = "/?&=%:@!$'()*+,;~-._"


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
        self._app = app
        self._timeout = timeout
        self._environ = dict(environ or {})
        self._world: TestedWorld | None = None
        self._peers: list[Peer[Any]] = []
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
        kind, data = _body(body, form, json)
        sent = {**kind, **(headers or {})}
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
        name = f"{method} {path}"
        data = body.encode() if isinstance(body, str) else body
        self.conversation.sent("http", name + (f" {data!r}" if data else ""))
        send = partial(exchange, method=method, target=_target(path), body=data)
        with self._connect(environ) as sock:
            answer = self._answered(
                name, lambda: send(sock, headers=self._headers(headers))
            )
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
        self.conversation.sent(name, f"GET {path}, upgrade to websocket")
        open_it = partial(upgrade, sock, _target(path), subprotocols=subprotocols)
        try:
            agreed = self._answered(
                f"the upgrade of {name}",
                lambda: open_it(headers=self._headers(headers)),
            )
        except HandshakeRefused as refused:
            self.conversation.received(name, str(refused.answer))
            self.conversation.explained(refused)
            raise
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

    def _headers(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {**({"Cookie": kept} if kept else {}), **(headers or {})}

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


def _target(path: str) -> str:
    """The request's target; a browser encodes paths like this, too."""
    return quote(path, safe=_IN_A_PATH)


def _body(
    body: str | bytes | None, form: Mapping[str, Any] | None, json: Any
) -> tuple[dict[str, str], bytes]:
    """The header with the type of a body, and its bytes.

    Raises:
        TypeError: More than one of them is given.
    """
    if sum(each is not None for each in (body, form, json)) > 1:
        raise TypeError("post takes one of body, form and json")
    if form is not None:
        kind = "application/x-www-form-urlencoded"
        return {"Content-Type": kind}, urlencode(form, doseq=True).encode()
    if json is not None:
        return {"Content-Type": "application/json"}, jsons.dumps(json).encode()
    return {}, body.encode() if isinstance(body, str) else body or b""
