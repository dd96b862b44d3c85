"""HTTP connections to one server, which are kept open between requests."""

from __future__ import annotations

import http.client
import io
import os
import select
import ssl
import threading
from typing import NamedTuple

from wsocket.client.bridge_url import BridgeUrl
from wsocket.client.http_failures import awaiting, connecting

_PORTION = 64 * 1024  # bytes that are read at once


class HttpResponse(NamedTuple):
    """The answer of a server.

    Attributes:
        url: That of the request.
        media_type: Content-Type, without parameters.
        location: Where the server sends its client instead; None if it does not.
    """

    url: str
    status: int
    reason: str
    media_type: str
    location: str | None
    body: bytes


class HttpPool:
    """Idle connections; from any thread, and after a fork.

    Args:
        url: Where the server is.
        ssl_context: For ``https``; None is the default one.
    """

    def __init__(self, url: BridgeUrl, *, ssl_context: ssl.SSLContext | None) -> None:
        self._url = url
        self._ssl_context = ssl_context
        self._idle: list[http.client.HTTPConnection] = []
        self._process = os.getpid()
        self._lock = threading.Lock()

    def post(
        self, name: str, body: bytes, headers: dict[str, str], *, timeout: float
    ) -> HttpResponse:
        """Send a request, and wait for the answer.

        It is sent once: if the connection breaks, nobody knows whether it arrived.

        Args:
            name: What follows the path of the URL, with its slash.
            timeout: Seconds without a byte until it is given up.

        Raises:
            ConnectFailed: There is no connection, so nothing was sent.
            ConnectionLost, TimeoutError: There is no answer.
        """
        url = f"{self._url.base}{name}"
        connection = self._take(url, timeout)
        try:
            with awaiting(url, timeout):
                connection.request("POST", f"{self._url.path}{name}", body, headers)
                response = connection.getresponse()
                answer = HttpResponse(
                    url,
                    response.status,
                    response.reason,
                    response.headers.get_content_type(),
                    response.headers["Location"],
                    _body(response),
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

    def _take(self, url: str, timeout: float) -> http.client.HTTPConnection:
        """An open connection, for a request to *url*."""
        while (connection := self._pop()) is not None:
            if _is_open(connection):
                connection.sock.settimeout(timeout)
                return connection
            connection.close()
        connection = self._new(timeout)
        with connecting(url, timeout):
            try:
                connection.connect()
            except BaseException:
                connection.close()
                raise
        return connection

    def _new(self, timeout: float) -> http.client.HTTPConnection:
        host, port = self._url.host, self._url.port
        if not self._url.secure:
            return http.client.HTTPConnection(host, port, timeout=timeout)
        return http.client.HTTPSConnection(
            host, port, timeout=timeout, context=self._ssl_context
        )

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


def _body(response: http.client.HTTPResponse) -> bytes:
    """All of it; memory is taken for what comes, not for what was announced.

    Raises:
        http.client.IncompleteRead: It has ended too early.
    """
    taken = io.BytesIO()
    while part := response.read(_PORTION):
        taken.write(part)
    body = taken.getvalue()
    if response.length:  # that are left
        raise http.client.IncompleteRead(body, response.length)
    return body
