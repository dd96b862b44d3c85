"""The HTTP handler of the bridge, in the server's threads or greenlets."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, NamedTuple

from wsocket.core.net.future import Future, ask
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.per_process import PerProcess
from wsocket.core.web.charged_body import charged_body
from wsocket.core.web.cors import cors_headers
from wsocket.core.web.loop_for_request import request_loop
from wsocket.core.web.refused_origins import RefusedOrigins
from wsocket.core.web.routes import request_path
from wsocket.core.web.takeover import client_descriptor
from wsocket.core.wsgi import Environ, header, outliving, park, quoted
from wsocket.errors import ApplicationError, Denied, HttpError
from wsocket.wamp.bridge.answers import (
    JSON_TYPE,
    BridgeAnswer,
    http_problem,
    problem_of,
    refused,
)
from wsocket.wamp.bridge.bodies import Wanted, read_call, read_publish
from wsocket.wamp.bridge.credentials import Keyring
from wsocket.wamp.bridge.event_body import EventBody
from wsocket.wamp.bridge.query import read_listening
from wsocket.wamp.bridge.settings import Bridge
from wsocket.wamp.bridge.sse import MEDIA_TYPE, first_lines
from wsocket.wamp.bridge.stream_link import Opened, StreamLink
from wsocket.wamp.bridge.visits import Visitor, Visits
from wsocket.wamp.router.router import Router
from wsocket.wamp.session.prepare import Prepare

# The answer to a preflight request, besides `cors_headers`. Max-Age is in seconds.
_PREFLIGHT = [
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID"),
    ("Access-Control-Max-Age", "600"),
]

# Proxies must pass events on as they come. nginx obeys the second.
_STREAM_HEADERS = [("Content-Type", MEDIA_TYPE), ("X-Accel-Buffering", "no")]


class Resource(NamedTuple):
    """One of the paths below the base path."""

    method: str
    answer: Callable[[BridgeHandler, Environ], BridgeAnswer | EventBody]


class BridgeHandler:
    """The HTTP handler of everything below the base path.

    Args:
        realm: The realm of the application.
        prepare: See `Prepare`.
        connections: The sessions end together with these.
        max_message_size: Largest body in bytes, if the bridge has no limit of its own.
        allowed_origins: Origins, besides the page's own, whose scripts may use it.
    """

    def __init__(
        self,
        settings: Bridge,
        router: Router,
        *,
        realm: str,
        prepare: Prepare,
        connections: PerProcess[OpenConnections],
        max_message_size: int,
        allowed_origins: Collection[str],
    ) -> None:
        realm = settings.realm or realm
        self._settings = settings
        self._base = settings.path
        self._connections = connections
        self._max_body = settings.max_body or max_message_size
        self._allowed_origins = allowed_origins
        self._refused_origins = RefusedOrigins()
        self._credentials = Keyring(settings, realm)
        self._visits = Visits(
            settings, router, realm=realm, prepare=prepare, connections=connections
        )

    @property
    def route(self) -> str:
        """The paths that this handles."""
        return f"{self._base}/*"

    def __call__(
        self, environ: Environ, start_response: Callable[..., Any]
    ) -> bytes | EventBody:
        """Answer a request (PEP 3333)."""
        headers = [("Cache-Control", "no-store")]
        answer: BridgeAnswer | EventBody
        try:
            headers += cors_headers(environ, self._allowed_origins)
            answer = self._answer(environ)
        except HttpError as error:
            self._refused_origins.look_at(error, time.monotonic())
            answer = http_problem(error)
        except ApplicationError as error:
            answer = problem_of(error)
        except Denied as error:
            answer = refused(error.reason, error.message, otherwise=401)
        if isinstance(answer, EventBody):
            start_response("200 OK", headers + _STREAM_HEADERS)
            return answer
        headers += answer.headers
        if answer.media_type:
            headers.append(("Content-Type", answer.media_type))
        if answer.status.startswith("401"):
            headers.append(("WWW-Authenticate", self._credentials.challenge))
        start_response(answer.status, headers)
        return answer.body

    def _answer(self, environ: Environ) -> BridgeAnswer | EventBody:
        name = request_path(environ).removeprefix(f"{self._base}/")
        resource = _RESOURCES.get(name)
        if resource is None:
            base = self._base
            raise HttpError(
                "404 Not Found",
                f"Nothing is here: there are {base}/publish, {base}/call and "
                f"{base}/events.",
            )
        method, allow = environ["REQUEST_METHOD"], f"OPTIONS, {resource.method}"
        if method == "OPTIONS":
            methods = ("Access-Control-Allow-Methods", resource.method)
            headers = (("Allow", allow), methods, *_PREFLIGHT)
            return BridgeAnswer("204 No Content", headers=headers)
        if method != resource.method:
            problem = f"{self._base}/{name} takes {resource.method}, got {method!a}."
            raise HttpError("405 Method Not Allowed", problem, [("Allow", allow)])
        return resource.answer(self, environ)

    # The three resources

    def _publish(self, environ: Environ) -> BridgeAnswer:
        return self._request(environ, read_publish)

    def _call(self, environ: Environ) -> BridgeAnswer:
        return self._request(environ, read_call)

    def _request(
        self, environ: Environ, read: Callable[[bytes, float], Wanted]
    ) -> BridgeAnswer:
        _check_media_type(environ)
        limit, connections = self._max_body, self._connections
        with charged_body(environ, limit=limit, connections=connections) as (body, _):
            visitor = self._visitor(environ, body)
            wanted = read(body, self._settings.max_timeout)

            def request(answer: Future[BridgeAnswer]) -> None:
                self._visits.request(visitor, wanted, answer, size=len(body))

            return ask(request_loop(), request)

    def _events(self, environ: Environ) -> BridgeAnswer | EventBody:
        listening = read_listening(environ)
        visitor = self._visitor(environ, b"")
        park(environ)
        loop = request_loop()
        links: list[StreamLink] = []

        def listen(opened: Future[Opened]) -> None:
            links.append(self._visits.listen(visitor, listening, opened))

        def give_up() -> None:
            for link in links:
                link.drop()

        try:
            refusal = ask(loop, listen)
        except BaseException:  # such as the timeout of a server
            loop.call_soon(give_up)
            raise
        if refusal is not None:
            return refusal
        first = first_lines(self._settings.retry)
        return EventBody(loop, links[0], first=first, client=visitor.client)

    def _visitor(self, environ: Environ, body: bytes) -> Visitor:
        try:
            proof = self._credentials.proven(environ, body, time.time())
        except Denied as error:
            ask(request_loop(), partial(self._count, error, environ))
            raise
        return Visitor(proof, outliving(environ), client_descriptor(environ))

    def _count(self, denied: Denied, environ: Environ, counted: Future[None]) -> None:
        self._visits.denied(denied, environ)
        counted.set(None)


_RESOURCES: Mapping[str, Resource] = {
    "publish": Resource("POST", BridgeHandler._publish),
    "call": Resource("POST", BridgeHandler._call),
    "events": Resource("GET", BridgeHandler._events),
}


def _check_media_type(environ: Mapping[str, Any]) -> None:
    """Refuse other bodies. A page of another origin can send those unasked (CORS)."""
    media_type = header(environ, "CONTENT_TYPE")
    if media_type.partition(";")[0].strip().lower() != JSON_TYPE:
        raise HttpError(
            "415 Unsupported Media Type",
            f"Content-Type: expected {JSON_TYPE}, got {quoted(media_type)}.",
            [("Accept-Post", JSON_TYPE)],
        )
