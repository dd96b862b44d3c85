"""One client's HTTP/1.1 connection and the requests that arrive on it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from wsocket.core.http.reader import RequestReader
from wsocket.core.http.request import closing_response
from wsocket.core.http.wsgi_call import WsgiCall
from wsocket.core.net.sockets import disable_nagle
from wsocket.errors import ClientGone, RequestError
from wsocket.log import logger

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from wsocket.core.net.tls.terminator import TlsConnection

# Most bytes in one send(), each of which may take the server's timeout: a slow client
# may load a large response, but no slower than that.
SEND_SIZE = 64 * 1024

# Seconds that a client has to notice that its connection is being closed.
LINGER = 1.0


class HttpServer(Protocol):
    """What a connection needs of its server."""

    application: WSGIApplication
    client_timeout: float
    connections: Connections
    base_environ: dict[str, Any]
    """What is the same in the environ of every request."""


class HttpConnection:
    """A connection, served by the thread or greenlet that calls `serve`.

    Args:
        tls: The client's connection, if *sock* is where its TLS was ended to.

    Attributes:
        connection: The socket; named as in wsgiref, where the takeover of a websocket
            looks for it.
        rfile: Its buffered reader, likewise.
        client: The client's address.
        finished: Set when the connection has ended.
    """

    def __init__(
        self,
        sock: socket.socket,
        client_address: Any,
        *,
        server: HttpServer,
        tls: TlsConnection | None = None,
    ) -> None:
        self.connection = sock
        self.client, self._client_port = client_address[:2]
        self._server = server
        self._tls = tls
        self._requests = RequestReader(sock, server.client_timeout)
        self.rfile = self._requests.buffer
        self.finished = threading.Event()
        self._idle = True
        self._stopping = False

    def serve(self) -> None:
        """Serve requests until the connection ends; the caller closes the socket."""
        self._server.connections.add(self)
        try:
            self.connection.settimeout(self._server.client_timeout)
            disable_nagle(self.connection)
            while not self._stopping and self._serve_request():
                self._idle = True
        except OSError as error:
            logger.debug("%s: connection ended: %s", self.client, error)
        finally:
            self._server.connections.discard(self)
            self.rfile.close()
            self.finished.set()

    def stop(self) -> None:
        """End the connection, after the response that is on its way, if any."""
        self._stopping = True
        if self._idle:
            with contextlib.suppress(OSError):  # it ended by itself
                self.connection.shutdown(socket.SHUT_RD)

    def base_environ(self) -> dict[str, Any]:
        """What is known of server and client, for WSGI's environ."""
        return {
            **self._server.base_environ,
            "REMOTE_ADDR": self.client,
            "REMOTE_PORT": str(self._client_port),
            **(self._tls.environ() if self._tls is not None else {}),
        }

    def send(self, data: bytes) -> None:
        """Send `data` completely.

        Raises:
            ClientGone: It cannot be sent.
        """
        view = memoryview(data)
        try:
            for start in range(0, len(view), SEND_SIZE):
                self.connection.sendall(view[start : start + SEND_SIZE])
        except OSError as error:
            raise ClientGone(str(error)) from error

    def reset(self) -> None:
        """Close so that it is an error for the client, not the end of a response."""
        if self._tls is not None:
            self._tls.abort_on_close()
        no_time = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_time)
        self.connection.close()

    def _serve_request(self) -> bool:
        """Serve the next request; False when it was the last one."""
        try:
            request = self._requests.next_request()
        except RequestError as error:
            logger.info("%s: refused: %s: %s", self.client, error.status, error.problem)
            self.send(closing_response(error.status, error.problem))
            self._linger()
            return False
        if request is None:
            return False
        self._idle = False
        exchange = WsgiCall(self, request)
        keep = exchange.run(self._server.application)
        if not keep and not exchange.body.complete:
            self._linger()
        return keep

    def _linger(self) -> None:
        """Let the client read the response before its unread bytes cause a reset.

        See RFC 9112 section 9.6.
        """
        deadline = time.monotonic() + LINGER
        self.connection.settimeout(LINGER)
        self.connection.shutdown(socket.SHUT_WR)
        while self.connection.recv(SEND_SIZE) and time.monotonic() < deadline:
            continue


class Connections(set[HttpConnection]):
    """The open connections of a server."""

    def close(self) -> None:
        """Drop those that are idle, and give the others a moment to end."""
        remaining = tuple(self)
        for connection in remaining:
            connection.stop()
        deadline = time.monotonic() + LINGER
        for connection in remaining:
            connection.finished.wait(max(0.0, deadline - time.monotonic()))
