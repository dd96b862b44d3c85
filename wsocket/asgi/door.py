"""`as_asgi`: requests, websockets and the life of an ASGI server, for one application.

A websocket goes the way that it goes on a WSGI server: an upgrade request, whose
connection is taken over. The connection is one end of a socket pair, and at its other
end a `SocketBridge` speaks for the client (docs/decisions/065).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from gevent import monkey

from wsocket.asgi.bridge import SocketBridge
from wsocket.asgi.refusal import ask, refuse
from wsocket.asgi.upgrade_environ import upgrade_environ
from wsocket.core.checks import check_number
from wsocket.core.functions import kind_of
from wsocket.core.keywords import checks_keywords
from wsocket.core.web.framework import Framework
from wsocket.core.web.wsgi_servers import ASGI_SOCKET
from wsocket.core.wsgi import Environ
from wsocket.project import installation

try:
    from a2wsgi import WSGIMiddleware
except ImportError as error:
    raise ImportError(
        f"wsocket.asgi needs the package a2wsgi: {installation('asgi')}"
    ) from error

AsgiScope: TypeAlias = MutableMapping[str, Any]
AsgiEvent: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[AsgiEvent]]
Send: TypeAlias = Callable[[AsgiEvent], Awaitable[None]]

# gevent's pair would cost more, and nobody waits for these two.
_socket_pair: Callable[[], tuple[socket.socket, socket.socket]] = monkey.get_original(
    "socket", "socketpair"
)

# Each of its HTTP requests has a thread while it is answered, also a poll that waits.
HTTP_THREADS = 64


@checks_keywords
def as_asgi(app: Framework, *, http_threads: int = HTTP_THREADS) -> AsgiDoor:
    """The ASGI application of *app*, for uvicorn, hypercorn, or ``FastAPI().mount``.

    Args:
        http_threads: How many HTTP requests are answered at once; each takes a thread.
            Long polls are requests that wait.

    Raises:
        TypeError, ValueError: *app* is not a `WSocketApp`, or *http_threads* is no
            number, 1 at least.
    """
    if not isinstance(app, Framework):
        raise TypeError(
            f"app: expected a WSocketApp, got {kind_of(app)}; for another WSGI "
            "application, write as_asgi(WSocketApp(application))"
        )
    check_number("http_threads", http_threads, least=1)
    return AsgiDoor(app, http_threads=http_threads)


class AsgiDoor:
    """An ASGI 3 application, for servers that run on asyncio or uvloop."""

    def __init__(self, app: Framework, *, http_threads: int) -> None:
        self._app = app
        wsgi_app: Any = self._answer  # a2wsgi's types are stricter than PEP 3333
        self._http: Any = WSGIMiddleware(wsgi_app, workers=http_threads)

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve one scope.

        Raises:
            ValueError: The scope is of a type that ASGI 3 did not have.
        """
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "websocket":
            await self._websocket(scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(receive, send)
        else:
            raise ValueError(
                f"expected an ASGI scope http, websocket or lifespan, got {kind!r}"
            )

    def _answer(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer an HTTP request (PEP 3333), which has no connection to be taken."""
        environ[ASGI_SOCKET] = None
        return self._app(environ, start_response)

    async def _websocket(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Have the application answer the upgrade request; then carry messages."""
        await receive()  # websocket.connect
        ours, theirs = _socket_pair()
        with ours:
            with theirs:
                environ = upgrade_environ(scope)
                environ[ASGI_SOCKET] = theirs
                answer = await asyncio.to_thread(ask, self._app, environ)
            if answer.is_accepted:
                bridge = SocketBridge(
                    ours, self._app.connections, limits=self._app.limits
                )
                await bridge.run(scope, receive, send)
            else:
                await refuse(scope, send, answer)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """Nothing has to be started; what is open is closed with 1012 in the end."""
        await receive()  # lifespan.startup
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        await asyncio.to_thread(self._app.close)
        await send({"type": "lifespan.shutdown.complete"})
