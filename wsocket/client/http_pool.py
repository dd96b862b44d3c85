"""HTTP connections to one server, which are kept open between requests."""

from __future__ import annotations

import http.client
import os
import select
import ssl
import threading
from typing import NamedTuple


class HttpResponse(NamedTuple):
    """The answer of a server.

    Attributes:
        media_type: Content-Type, without parameters.
    """

    status: int
    reason: str
    media_type: str
    body: bytes


class HttpPool:
    """Idle connections; from any thread, and after a fork.

    Args:
        secure: Whether to use TLS, with *ssl_context*; None is the default context.
    """

    def __init__(
        self,
        host: str,
        port: int | None,
        *,
        secure: bool,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self._host = host
        self._port = port
        self._secure = secure
        self._ssl_context = ssl_context
        self._idle: list[http.client.HTTPConnection] = []
        self._process = os.getpid()
        self._lock = threading.Lock()

    def post(
        self, path: str, body: bytes, headers: dict[str, str], *, timeout: float
    ) -> HttpResponse:
        """Send a request, and wait for the answer.

        It is sent once: if the connection breaks, nobody knows whether it arrived.

        Args:
            timeout: Seconds without a byte until it is given up.

        Raises:
            OSError, http.client.HTTPException: There is no answer.
        """
        connection = self._take(timeout)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            answer = HttpResponse(
                response.status,
                response.reason,
                response.headers.get_content_type(),
                response.read(),
            )
        except BaseException:
            connection.close()
            raise
        self._keep(connection)
        return answer

    def close(self) -> None:
        """Close the idle connections; a later request opens another one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self, timeout: float) -> http.client.HTTPConnection:
        while (connection := self._pop()) is not None:
            if _is_open(connection):
                connection.sock.settimeout(timeout)
                return connection
            connection.close()
        if self._secure:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=timeout, context=self._ssl_context
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def _pop(self) -> http.client.HTTPConnection | None:
        with self._lock:
            if self._process != os.getpid():
                # A fork: these are connections of the parent, which still uses them.
                self._process, self._idle = os.getpid(), []
            return self._idle.pop() if self._idle else None

    def _keep(self, connection: http.client.HTTPConnection) -> None:
        if connection.sock is not None:  # else the server wants no further request
            with self._lock:
                self._idle.append(connection)


def _is_open(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has not closed an idle connection: nothing can be read."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return not poll.poll(0)
