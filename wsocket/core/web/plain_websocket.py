"""A plain websocket while its handler runs, in a thread or greenlet of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.core.concurrency.ctrl_c import is_ctrl_c
from wsocket.core.net.loop import Loop
from wsocket.core.web.routes import Handler
from wsocket.core.websocket.blocking import WebSocket
from wsocket.core.wsgi import Environ
from wsocket.errors import WebSocketError
from wsocket.log import logger


class DiscardedResponse:
    """The ``start_response`` of a websocket handler, which has no HTTP response.

    Attributes:
        status: The status that the handler has set, "" if it has set none.
    """

    def __init__(self) -> None:
        self.status = ""

    def __call__(self, status: object = "", *unused: object) -> Callable[[bytes], None]:
        self.status = str(status)
        return lambda data: None


class PlainWebSocket:
    """A websocket with its handler.

    Args:
        loop: Where `close` is called.
        close_timeout: Seconds from `close` until the connection is dropped.
        on_end: Called when the websocket is closed, from its thread or greenlet.
    """

    def __init__(
        self,
        websocket: WebSocket,
        handler: Handler,
        *,
        loop: Loop,
        close_timeout: float,
        on_end: Callable[[PlainWebSocket], object],
    ) -> None:
        self.websocket = websocket
        self._handler = handler
        self._loop = loop
        self._close_timeout = close_timeout
        self._on_end = on_end

    def start(self, environ: Environ, response: bytes) -> None:
        """Run the handler beside the caller.

        Args:
            response: The response to the upgrade request.

        Raises:
            RuntimeError, MemoryError: There is no room for a thread or greenlet.
        """
        environ["wsgi.websocket"] = self.websocket
        environ["wsgi.websocket_version"] = self.websocket.version
        try:
            self.websocket.concurrency.spawn(self._run, environ, response)
        except BaseException:
            self._on_end(self)
            raise

    def close(self, code: int, reason: str) -> None:
        """Begin to close the websocket; its handler gets `WebSocketClosed`.

        No thread is started for it: Python has none any more while it exits.
        """
        self.websocket.begin_close(code, reason)
        self._loop.call_later(self._close_timeout, self._give_up)

    def _give_up(self) -> None:
        if self.websocket.alive:
            self.websocket.drop()

    def _run(self, environ: Environ, response: bytes) -> None:
        code, reason = 1011, "internal error"
        try:
            self.websocket.accept(response)
            code, reason = self._handle(environ)
        except WebSocketError as error:
            logger.debug("%r: its handler ended: %s", self.websocket, error)
        except BaseException as error:  # also exit(), which would end gevent's server
            path = self.websocket.path
            logger.exception("the websocket handler for %s failed", path)
            if is_ctrl_c(error):
                raise
        finally:
            self._end(environ, code, reason)

    def _handle(self, environ: Environ) -> tuple[int, str]:
        """Call the handler; return the close code and the reason."""
        response = DiscardedResponse()
        exhaust(self._handler(environ, response))
        if response.status[:1] in ("4", "5"):
            # A wrapped application that does not know websockets.
            return 1008, response.status[:60]
        return 1000, ""

    def _end(self, environ: Environ, code: int, reason: str) -> None:
        try:
            self.websocket.close(code, reason)
        finally:
            # Otherwise the two would refer to each other until a garbage collection.
            environ.pop("wsgi.websocket", None)
            self._on_end(self)


def exhaust(result: Any) -> None:
    """Run a handler that is a generator, and close its result (PEP 3333)."""
    try:
        if hasattr(result, "__next__"):
            for _ in result:
                pass
    finally:
        if hasattr(result, "close"):
            result.close()
