"""WAMP over HTTP requests (Advanced Profile, "HTTP Longpoll Transport").

``POST base/open`` makes a transport; ``/receive``, ``/send`` and ``/close`` under its
ID use it. Whoever has the ID has the session: it is unguessable, and no log has it."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from wsocket.core.concurrency.kinds import in_greenlet
from wsocket.core.net.future import Future, ask
from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import Loop, get_loop
from wsocket.core.web.cors import PREFLIGHT_HEADERS, cors_headers
from wsocket.core.web.read_body import read_body
from wsocket.core.web.routes import request_path
from wsocket.core.wsgi import Environ
from wsocket.errors import HttpError
from wsocket.log import LOGGED_AS
from wsocket.wamp.serializers.base import DECODE_ERRORS
from wsocket.wamp.serializers.batching import batching_of
from wsocket.wamp.serializers.installed import SERIALIZERS
from wsocket.wamp.session.session import Gatekeeper
from wsocket.wamp.transports.longpoll_link import (
    NOTHING,
    Batches,
    LongPollCodec,
    LongPollLink,
    OneByOne,
    Reply,
)

Links = dict[str, LongPollLink]

CODECS = {
    f"wamp.2.{each.name}": LongPollCodec(each, OneByOne()) for each in SERIALIZERS
} | {
    f"wamp.2.{each.name}.batched": LongPollCodec(each, Batches(batching_of(each)))
    for each in SERIALIZERS
}

_ID_BYTES = 24  # of randomness in a transport's ID
_BAD_REQUEST = "400 Bad Request"


class OpenRequest(msgspec.Struct):
    """The body of ``/open``."""

    protocols: list[str]


class LongPoll:
    """The HTTP handler of everything below *base*.

    Args:
        base: The path of the transport, such as ``"/longpoll"``.
        gatekeeper: Lets sessions into realms.
        prepare: Called on the loop before each session; what must be there before the
            first one joins.
        max_message_size: Largest body that is accepted, in bytes.
        allowed_origins: Origins, besides the page's own, whose scripts may use it.

    Raises:
        ValueError: *base* cannot be a base path.
    """

    def __init__(
        self,
        base: str,
        gatekeeper: Gatekeeper,
        *,
        prepare: Callable[[], None],
        max_message_size: int,
        allowed_origins: Collection[str],
        limits: Limits,
    ) -> None:
        if not base.startswith("/") or base.endswith(("/", "*")):
            raise ValueError(
                "longpoll must be a path that starts with '/' and does not end with "
                f"one, such as '/longpoll', got {base!r}"
            )
        self._base = base
        self._gatekeeper = gatekeeper
        self._prepare = prepare
        self._max_message_size = max_message_size
        self._allowed_origins = allowed_origins
        self._limits = limits
        # The transports of this process's loop; a forked child starts with none.
        self._links: tuple[Loop, Links] | None = None

    @property
    def route(self) -> str:
        """The paths that this handles."""
        return f"{self._base}/*"

    def close(self) -> None:
        """End every transport: polls return at once, and the IDs are unknown then.

        From any thread.
        """
        if self._links is not None and self._links[0] is get_loop():
            loop, links = self._links
            loop.call_soon(_end_all, links)

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
            text = f"{error.problem}\n".encode()
            reply = Reply(error.status, text, "text/plain; charset=utf-8")
            headers += error.headers
        if reply.media_type:
            headers.append(("Content-Type", reply.media_type))
        start_response(reply.status, headers)
        return reply.body

    def _target(self, environ: Environ) -> tuple[str, str]:
        """The ID of a transport, if any, and what to do; named so that no log has the
        ID.
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
        body = read_body(environ, limit=self._max_message_size)
        protocol = choose_protocol(body)
        transport = secrets.token_urlsafe(_ID_BYTES)
        # The session outlives the request: later bodies are none of its business.
        environ = {**environ, "wsgi.input": io.BytesIO()}

        def open_link(waiter: Future[Reply]) -> None:
            self._prepare()
            links = self._links_here()
            links[transport] = LongPollLink(
                get_loop(),
                CODECS[protocol],
                self._gatekeeper,
                environ=environ,
                limits=self._limits,
                on_end=lambda: links.pop(transport, None),
            )
            answer = {"protocol": protocol, "transport": transport}
            waiter.set(Reply("200 OK", msgspec.json.encode(answer), "application/json"))

        return _ask(open_link)

    def _receive(self, environ: Environ, transport: str) -> Reply:
        return _ask(lambda waiter: self._link(transport).poll(waiter))

    def _send(self, environ: Environ, transport: str) -> Reply:
        body = read_body(environ, limit=self._max_message_size)

        def send(waiter: Future[Reply]) -> None:
            self._link(transport).received(body)
            waiter.set(NOTHING)

        return _ask(send)

    def _close(self, environ: Environ, transport: str) -> Reply:
        def close(waiter: Future[Reply]) -> None:
            link = self._links_here().get(transport)
            # One that is gone is closed as well: after an ABORT autobahn.js asks for
            # this, and its connection has ended only when the answer is a success.
            if link is not None:
                link.end()
            waiter.set(NOTHING)

        return _ask(close)

    # On the loop

    def _links_here(self) -> Links:
        loop = get_loop()
        if self._links is None or self._links[0] is not loop:
            self._links = loop, {}
        return self._links[1]

    def _link(self, transport: str) -> LongPollLink:
        link = self._links_here().get(transport)
        if link is None:
            raise HttpError(
                "404 Not Found",
                "There is no such transport: it was closed, was not polled for more "
                f"than {self._limits.poll_pause:g} seconds, or is in another process "
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
    """The first protocol of the body of ``/open`` that is spoken here.

    Raises:
        HttpError: There is none, or the body is not what it must be.
    """
    try:
        offered = msgspec.json.decode(body, type=OpenRequest).protocols
    except DECODE_ERRORS as error:
        problem = f'Expected JSON such as {{"protocols": ["wamp.2.json"]}}: {error}.'
        raise HttpError(_BAD_REQUEST, problem) from error
    for name in offered:
        if name in CODECS:
            return name
    known = ", ".join(CODECS)
    problem = f"None of the protocols is spoken here; offer one of: {known}."
    raise HttpError(_BAD_REQUEST, problem)


def _ask(request: Callable[[Future[Reply]], None]) -> Reply:
    # A server that runs its requests in greenlets has a hub, patched or not.
    return ask(get_loop(current_hub=in_greenlet() or None), request)


def _end_all(links: Links) -> None:
    for link in list(links.values()):
        link.end()
