"""WAMP over HTTP requests (Advanced Profile, "HTTP Longpoll Transport").

``POST base/open`` makes a transport. ``/receive``, ``/send`` and ``/close`` under its
ID use it. Whoever knows the ID can use the session, so the ID cannot be guessed and is
never logged."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import msgspec

from wsocket.core.net.future import Future, ask
from wsocket.core.net.incoming import Incoming
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.per_process import PerProcess
from wsocket.core.web.charged_body import charged_body
from wsocket.core.web.cors import PREFLIGHT_HEADERS, cors_headers
from wsocket.core.web.loop_for_request import request_loop
from wsocket.core.web.refused_origins import RefusedOrigins
from wsocket.core.web.routes import request_path
from wsocket.core.web.takeover import client_descriptor
from wsocket.core.wsgi import Environ, outliving, park
from wsocket.errors import HttpError
from wsocket.log import LOGGED_AS
from wsocket.wamp.serializers.base import DECODE_ERRORS
from wsocket.wamp.serializers.batching import batching_of
from wsocket.wamp.session.prepare import Prepare
from wsocket.wamp.session.session import Gatekeeper
from wsocket.wamp.transports.longpoll_codec import (
    NOTHING,
    Batches,
    LongPollCodec,
    OneByOne,
    Reply,
)
from wsocket.wamp.transports.longpoll_link import LongPollLink
from wsocket.wamp.transports.longpoll_settings import LongPolling
from wsocket.wamp.transports.protocol_names import BATCHED, PLAIN

Links = dict[str, LongPollLink]

PROTOCOLS = (*PLAIN, *BATCHED)


@cache
def _codec(name: str, most: int) -> LongPollCodec:
    """The codec of all transports with this protocol.

    Args:
        most: How many bytes a message may have that must arrive.
    """
    if name in PLAIN:
        return LongPollCodec(PLAIN[name], OneByOne(), most=most)
    serializer = BATCHED[name]
    return LongPollCodec(serializer, Batches(batching_of(serializer)), most=most)


_ID_BYTES = 24  # of randomness in a transport's ID
_BAD_REQUEST = "400 Bad Request"


class OpenRequest(msgspec.Struct):
    """The body of ``/open``."""

    protocols: list[str]


class LongPoll:
    """The HTTP handler of everything below the base path.

    Args:
        gatekeeper: Lets sessions into realms.
        prepare: See `Prepare`.
        connections: The transports are closed together with these.
        max_message_size: Largest body that is accepted, in bytes.
        allowed_origins: Origins, besides the page's own, whose scripts may use it.
    """

    def __init__(
        self,
        settings: LongPolling,
        gatekeeper: Gatekeeper,
        *,
        prepare: Prepare,
        connections: PerProcess[OpenConnections],
        max_message_size: int,
        allowed_origins: Collection[str],
    ) -> None:
        self._settings = settings
        self._base = settings.path
        self._gatekeeper = gatekeeper
        self._prepare = prepare
        self._max_message_size = max_message_size
        self._allowed_origins = allowed_origins
        self._connections = connections
        self._links: PerProcess[Links] = PerProcess(lambda loop: {})
        self._refused_origins = RefusedOrigins()

    @property
    def route(self) -> str:
        """The paths that this handles."""
        return f"{self._base}/*"

    def close(self, code: int, reason: str) -> None:
        """Drop every transport: polls return at once, and IDs are unknown from then on.

        On the loop, as `Closable.close`; HTTP requests have no close codes.
        """
        for link in list(self._links.get().values()):
            link.drop()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> bytes:
        """Answer a request."""
        transport, action = self._target(environ)
        headers = [("Cache-Control", "no-store")]
        try:
            headers += cors_headers(environ, self._allowed_origins)
            if environ["REQUEST_METHOD"] == "OPTIONS":
                headers += [("Allow", "OPTIONS, POST"), *PREFLIGHT_HEADERS]
                reply = NOTHING
            else:
                reply = self._reply(environ, transport, action)
        except HttpError as error:
            self._refused_origins.look_at(error, time.monotonic())
            text = f"{error.problem}\n".encode()
            reply = Reply(error.status, text, "text/plain; charset=utf-8")
            headers += error.headers
        if reply.media_type:
            headers.append(("Content-Type", reply.media_type))
        start_response(reply.status, headers)
        return reply.body

    def _target(self, environ: Environ) -> tuple[str, str]:
        """The ID of a transport, if the path has one, and the action.

        The request gets a name for the log, without the ID.
        """
        path = request_path(environ).removeprefix(f"{self._base}/")
        transport, action = "", path
        if path != "open":
            transport, _, action = path.partition("/")
        known = action if action in _ACTIONS else "?"
        shown = f"<transport>/{known}" if transport else known
        environ[LOGGED_AS] = f"{environ['REQUEST_METHOD']} {self._base}/{shown}"
        return transport, action

    def _reply(self, environ: Environ, transport: str, action: str) -> Reply:
        perform = _ACTIONS.get(action)
        if perform is None or (action == "open") is bool(transport):
            raise HttpError(
                "404 Not Found",
                f"Nothing is here: there are {self._base}/open and, under the ID that "
                "it returns, /receive, /send and /close.",
            )
        method = environ["REQUEST_METHOD"]
        if method != "POST":
            raise HttpError(
                "405 Method Not Allowed",
                f"Long polling takes POST requests only, got {method!a}; websockets "
                "are accepted on all other paths.",
                [("Allow", "OPTIONS, POST")],
            )
        return perform(self, environ, transport)

    # The four requests

    def _open(self, environ: Environ, transport: str) -> Reply:
        with self._body(environ) as (body, _):
            protocol = choose_protocol(body)
        transport = secrets.token_urlsafe(_ID_BYTES)
        environ = outliving(environ)

        def open_link(answer: Future[Reply]) -> None:
            self._open_link(transport, protocol, environ)
            body = msgspec.json.encode({"protocol": protocol, "transport": transport})
            answer.set(Reply("200 OK", body, "application/json"))

        return _ask(open_link)

    def _receive(self, environ: Environ, transport: str) -> Reply:
        park(environ)
        client = client_descriptor(environ)
        return _ask(lambda answer: self._link(transport).poll(answer, client))

    def _send(self, environ: Environ, transport: str) -> Reply:
        with self._body(environ) as (body, incoming):

            def send(answer: Future[Reply]) -> None:
                link = self._link(transport)
                incoming.stop = link.drop
                link.received(body, answer)

            return _ask(send)

    def _close(self, environ: Environ, transport: str) -> Reply:
        def close(answer: Future[Reply]) -> None:
            link = self._links.get().get(transport)
            # An unknown transport is a success, too. autobahn.js asks to close after an
            # ABORT, and its connection ends only if the answer is a success.
            if link is not None:
                link.drop()
            answer.set(NOTHING)

        return _ask(close)

    def _body(self, environ: Environ) -> AbstractContextManager[tuple[bytes, Incoming]]:
        return charged_body(
            environ, limit=self._max_message_size, connections=self._connections
        )

    # On the loop

    def _open_link(self, transport: str, protocol: str, environ: Environ) -> None:
        self._prepare(environ)
        connections = self._connections.get()
        self._links.get()[transport] = LongPollLink(
            connections.loop,
            _codec(protocol, connections.limits.outbox_bytes),
            self._gatekeeper,
            environ=environ,
            limits=connections.limits,
            memory=connections.memory,
            throttle=connections.new_throttle(),
            settings=self._settings,
            on_end=lambda: self._forget(transport),
        )
        connections.add(self)

    def _forget(self, transport: str) -> None:
        links = self._links.get()
        links.pop(transport, None)
        if not links:
            self._connections.get().remove(self)

    def _link(self, transport: str) -> LongPollLink:
        link = self._links.get().get(transport)
        if link is None:
            raise HttpError(
                "404 Not Found",
                "There is no such transport: it was closed, was not polled for more "
                f"than {self._settings.poll_pause:g} seconds, or is in another process "
                "of this server. Open a new one.",
            )
        return link


_ACTIONS: Mapping[str, Callable[[LongPoll, Environ, str], Reply]] = {
    "open": LongPoll._open,
    "receive": LongPoll._receive,
    "send": LongPoll._send,
    "close": LongPoll._close,
}


def choose_protocol(body: bytes) -> str:
    """The first protocol in the body of ``/open`` that this server speaks.

    Raises:
        HttpError: It speaks none of them, or the body is malformed.
    """
    try:
        offered = msgspec.json.decode(body, type=OpenRequest).protocols
    except DECODE_ERRORS as error:
        problem = f'Expected JSON such as {{"protocols": ["wamp.2.json"]}}: {error}.'
        raise HttpError(_BAD_REQUEST, problem) from error
    for name in offered:
        if name in PROTOCOLS:
            return name
    known = ", ".join(PROTOCOLS)
    problem = f"None of the protocols is spoken here; offer one of: {known}."
    raise HttpError(_BAD_REQUEST, problem)


def _ask(request: Callable[[Future[Reply]], None]) -> Reply:
    return ask(request_loop(), request)
