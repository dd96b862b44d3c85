"""A client's HTTP/1.1 connection: reads its requests, and has each answered."""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from wsocket.core.http.access_log import (
    Access,
    is_access_logged,
    log_access,
    milliseconds_since,
)
from wsocket.core.http.connections import LINGER, Connections
from wsocket.core.http.places import Place
from wsocket.core.http.reader import RequestReader
from wsocket.core.http.refusal import body_size, closing_response
from wsocket.core.http.wsgi_call import WsgiCall
from wsocket.core.net.sockets import disable_nagle
from wsocket.core.wsgi import CONNECTION, Environ
from wsocket.errors import ClientGone, RequestCut, RequestError
from wsocket.log import logger

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from wsocket.core.net.tls.terminator import TlsConnection

# Most bytes in one send(). Each send may take the server's timeout, so a slow client
# must read this much in that time.
SEND_SIZE = 64 * 1024

# Seconds that a client gets to notice that its connection is being closed, in all. It
# gets `LINGER` without sending anything.
LONGEST_LINGER = 5.0


class HttpServer(Protocol):
    """The part of a server that its connections use."""

    application: WSGIApplication
    client_timeout: float
    connections: Connections
    base_environ: Environ
    """The part of WSGI's environ that is the same for every connection."""


class HttpConnection:
    """A connection, served by the thread or greenlet that calls `serve`.

    Args:
        place: What the connection takes of the server's limits.
        tls: The client's encrypted connection, if *sock* carries what was decrypted.

    Attributes:
        sock: The socket.
        buffer: Its buffered reader.
        client: The client's address.
        ended: Set when the connection has ended.
        idle: Whether it waits for the first byte of another request.
        parked: Whether its request may wait for as long as it likes, as a long poll.
        closing: Whether the current response is the last one.
        subprotocol: What a websocket that has taken the connection has agreed on.
    """

    def __init__(
        self,
        sock: socket.socket,
        client_address: Any,
        *,
        server: HttpServer,
        place: Place,
        tls: TlsConnection | None = None,
    ) -> None:
        self.sock = sock
        self.client, self._client_port = client_address[:2]
        self._server = server
        self._tls = tls
        self._requests = RequestReader(sock, server.client_timeout)
        self.buffer = self._requests.buffer
        self.keep_place = place.keep
        self.ended = threading.Event()
        self.idle = False
        self.parked = False
        self.closing = False
        self.subprotocol: str | None = None
        self._lost = False  # nobody is there who could read a response

    def serve(self) -> None:
        """Serve requests until the connection ends; the caller closes the socket."""
        self._server.connections.add(self)
        try:
            self.sock.settimeout(self._server.client_timeout)
            disable_nagle(self.sock)
            while self._serve_request() and not self.closing:
                self._server.connections.rest(self)
        except OSError as error:
            logger.debug("%s: connection ended: %s", self.client, error)
        finally:
            self._server.connections.discard(self)
            self.buffer.close()
            self.ended.set()

    def stop_reading(self) -> None:
        """End a wait for the client; a response can still be sent."""
        with contextlib.suppress(OSError):  # the client was faster
            self.sock.shutdown(socket.SHUT_RD)

    def base_environ(self) -> Environ:
        """A new dict with the part of WSGI's environ that no request changes."""
        return {
            **self._server.base_environ,
            "REMOTE_ADDR": self.client,
            "REMOTE_PORT": str(self._client_port),
            CONNECTION: self,
            **(self._tls.environ() if self._tls is not None else {}),
        }

    def send(self, data: bytes) -> None:
        """Send all of `data`.

        Raises:
            ClientGone: The connection was lost, or the client does not read.
        """
        view = memoryview(data)
        try:
            for start in range(0, len(view), SEND_SIZE):
                self.sock.sendall(view[start : start + SEND_SIZE])
        except OSError as error:
            self._lost = True
            raise ClientGone(str(error)) from error

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Reading in this block fails after so many seconds, or soon after that."""
        self.sock.settimeout(seconds)
        with self._requests.within(seconds):
            yield
        self.sock.settimeout(self._server.client_timeout)

    def abort(self) -> None:
        """Close with a TCP reset: the client sees an error, not a response's end."""
        self._lost = True
        if self._tls is not None:
            self._tls.abort_on_close()
        no_time = struct.pack("ii", 1, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_time)
        self.sock.close()

    def _serve_request(self) -> bool:
        """Serve the next request; False when it was the last one."""
        if not self.buffer.peek(1):
            return False
        self.idle = False
        began = time.monotonic() if is_access_logged() else None
        try:
            request = self._requests.next_request()
        except RequestError as error:
            self._refuse(error, began)
            return False
        if request is None:
            return False
        self._server.connections.work(self)
        call = WsgiCall(self, request)
        try:
            call.run(self._server.application)
        finally:
            if began is not None:
                log_access(call.access(milliseconds_since(began)))
        keep = call.keeps_connection()
        if not (keep or call.taken):
            self._linger()
        return keep

    def _refuse(self, error: RequestError, began: float | None) -> None:
        """Answer a request that cannot be read, and end the connection."""
        level = logging.DEBUG if isinstance(error, RequestCut) else logging.INFO
        status, problem = error.status, error.problem
        logger.log(level, "%s: refused: %s: %s", self.client, status, problem)
        response = closing_response(status, problem)
        with contextlib.suppress(ClientGone):
            self.send(response)
        if began is not None:
            log_access(self._refused_access(status, body_size(response), began))
        self._linger()

    def _refused_access(self, status: str, sent: int, began: float) -> Access:
        return Access(
            client=self.client,
            method=None,
            target=self._requests.line.decode("latin-1"),
            protocol=None,
            status=int(status[:3]),
            bytes=sent,
            duration_ms=milliseconds_since(began),
        )

    def _linger(self) -> None:
        """Let the client read the response (RFC 9112 section 9.6).

        Closing at once would reset the connection if the client has sent, or still
        sends, more than we have read. The reset may reach it before the response.
        """
        if self._lost:
            return
        deadline = time.monotonic() + LONGEST_LINGER
        with contextlib.suppress(OSError):  # it has gone, or is silent
            self.sock.settimeout(LINGER)
            self.sock.shutdown(socket.SHUT_WR)
            while self.sock.recv(SEND_SIZE) and time.monotonic() < deadline:
                continue
