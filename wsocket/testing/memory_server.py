"""Our HTTP server without a network: each request comes over a pair of sockets."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from wsocket.core.http.at_once import AtOnce
from wsocket.core.http.base_environ import base_environ
from wsocket.core.http.connection import HttpConnection
from wsocket.core.http.connections import Connections
from wsocket.core.http.places import PlaceLimits, Places
from wsocket.core.http.turnstile import Turnstile
from wsocket.core.http.unsent import Unsent
from wsocket.log import logger
from wsocket.testing.watched import WatchedConcurrency

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# The address of every client; `Client` can be given another one in environ.
_CLIENT: Final = ("127.0.0.1", 50000)
_NO_LIMIT: Final = 2**30


def _nothing(*unused: object) -> None:
    """Nobody waits for connections to end, or for requests of others."""


class MemoryServer:
    """An `HttpServer` for one connection.

    Args:
        environ: Is added to the environ of each request.
        timeout: Real seconds that it waits for its client.
    """

    def __init__(
        self, app: WSGIApplication, environ: Mapping[str, Any], *, timeout: float
    ) -> None:
        self.application: WSGIApplication = partial(_with_environ, app, environ)
        self.client_timeout = timeout
        self.connections = Connections(_nothing)
        self.unsent = Unsent(_NO_LIMIT)
        self.hurried = Turnstile()
        self.at_once = AtOnce(
            1,
            patience=timeout,
            spawn=_nothing,
            serve=_nothing,
            refuse=_nothing,
            crowded=_nothing,
        )
        self._places = Places(PlaceLimits(http=_NO_LIMIT), left=_nothing)
        self.base_environ: dict[str, Any] = {}

    def connect(self, concurrency: WatchedConcurrency) -> socket.socket:
        """Open a connection; returns the client's end, which the caller closes."""
        ours, theirs = socket.socketpair()
        self.base_environ = base_environ(theirs)
        try:
            concurrency.spawn(self.serve, theirs)
        except BaseException:
            ours.close()
            theirs.close()
            raise
        return ours

    def serve(self, sock: socket.socket) -> None:
        """Serve the requests of a connection; in a thread or greenlet of its own."""
        place = self._places.take(_CLIENT[0])
        assert place is not None
        try:
            with sock:
                connection = HttpConnection(sock, _CLIENT, server=self, place=place)
                connection.begin()
                connection.serve()
        except Exception:
            logger.exception("a connection of the test failed")


def _with_environ(
    app: Callable[..., Any],
    more: Mapping[str, Any],
    environ: dict[str, Any],
    start_response: Any,
) -> Any:
    environ.update(more)
    return app(environ, start_response)
