"""A client's HTTP/1.1 connection: reads its requests, and has each answered."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from wsocket.core.http.access_log import (
    Access,
    is_access_logged,
    log_access,
    milliseconds_since,
)
from wsocket.core.http.http_server import HttpServer
from wsocket.core.http.lingering import linger
from wsocket.core.http.places import Place
from wsocket.core.http.reader import DEPART, END, SERVE, WAIT, Coming, RequestReader
from wsocket.core.http.refusal import body_size, closing_response
from wsocket.core.http.turnstile import Turnstile
from wsocket.core.http.wsgi_call import WsgiCall
from wsocket.core.net.peer_watch import is_gone
from wsocket.core.net.socket_io import send
from wsocket.core.net.sockets import reset_on_close, untaken
from wsocket.core.net.tcp_options import disable_nagle
from wsocket.core.wsgi import CONNECTION, Environ
from wsocket.errors import ClientGone, RequestCut, RequestError
from wsocket.log import logger

if TYPE_CHECKING:
    import io

    from wsocket.core.net.tls.terminator import TlsConnection

# Most bytes in one send(). Each send may take the server's timeout, so a slow client
# must read this much in that time.
SEND_SIZE = 64 * 1024

# Seconds between two looks whether a client is there that nothing is sent to.
LOOK = 1.0


class HttpConnection:
    """A connection, which is closed, and leaves its place, with `end`.

    Args:
        address: The client's, with its port.
        place: What the connection takes of the server's limits.
        tls: The client's encrypted connection, if *sock* carries what was decrypted.

    Attributes:
        sock: The socket.
        address: The client's, with its port.
        client: The client's address.
        wait_for_client: How long its request has waited for the client.
        ended: Set when the connection has ended.
        idle: Whether it waits for the first byte of another request.
        parked: Whether its request is a long poll, as `park` has said.
        closing: Whether the current response is the last one.
        subprotocol: What a websocket that has taken the connection has agreed on.
    """

    def __init__(
        self,
        sock: socket.socket,
        address: tuple[str, int | str],
        *,
        server: HttpServer,
        place: Place,
        tls: TlsConnection | None = None,
    ) -> None:
        self.sock = sock
        self.address = address
        self.client = address[0]
        self._server = server
        self._place = place
        self._tls = tls
        self._requests = RequestReader(sock, server.client_timeout)
        self.wait_for_client = self._requests.wait_for_client
        self.keep_place = place.keep
        self.ended = threading.Event()
        self.idle = False
        self.parked = False
        self.closing = False
        self.subprotocol: str | None = None
        self._sending = False  # a part of a response that the client has to take
        self._lost = False  # nobody is there who could read a response
        self._next_look = 0.0  # by `time.monotonic`

    @property
    def buffer(self) -> io.BufferedReader:
        """The reader of the socket."""
        return self._requests.buffer

    @property
    def ahead(self) -> int:
        """How many bytes it has read of a request that is not whole."""
        return self._requests.ahead

    @property
    def begun(self) -> bool:
        """Whether something of the next request has come."""
        return self._requests.begun

    def begin(self) -> None:
        """Get ready for the first request.

        Raises:
            OSError: The connection is lost.
        """
        self.sock.settimeout(self._server.client_timeout)
        disable_nagle(self.sock)
        self._server.connections.add(self)

    def look(self) -> Coming:
        """Take what has come of the next request, without waiting."""
        try:
            coming = self._requests.look()
        except OSError as error:
            return self._lost_by(error)
        self.idle = self.idle and not self.begun
        return coming

    def serve(self) -> None:
        """After `begin`: serve requests until the connection ends; wait for each."""
        coming = WAIT
        try:
            while coming is WAIT and self._requests.wait():
                coming = self._serve_request()
                if coming is WAIT:
                    self._server.connections.rest(self)
            if coming is DEPART:
                linger(self.sock)
        except OSError as error:
            self._lost_by(error)
        finally:
            self.end()

    def serve_for_now(self) -> Coming:
        """Serve requests as long as they come soon."""
        requests, server = self._requests, self._server
        try:
            while True:
                coming = requests.wait_a_little(server.at_once.patience)
                if coming is not SERVE:
                    self.idle = self.idle and not self.begun
                    return coming
                coming = self._serve_request()
                if coming is not WAIT:
                    return coming
                server.connections.rest(self)
                requests.look_forward()
        except OSError as error:
            return self._lost_by(error)

    def lateness(self) -> str:
        """The problem, when the time for the request's head is over."""
        return self._requests.lateness()

    def refusal(self, status: str, problem: str) -> bytes:
        """The response to a head that is not waited for any more."""
        self._requests.give_up()
        began = time.monotonic() if is_access_logged() else None
        return self._refusal(RequestError(status, problem), began)

    def end(self) -> None:
        """Close the connection, and leave its place; later calls do nothing."""
        if not self.ended.is_set():
            self._requests.close()
            self.sock.close()
            self.release()

    def release(self) -> socket.socket:
        """Leave the connection's place; the caller closes the socket."""
        self._server.connections.discard(self)
        if self._tls is not None:
            self._tls.abandon()
        self.ended.set()
        self._place.leave_http()
        return self.sock

    def park(self) -> None:
        """The request may wait for as long as it likes, as a long poll."""
        self.parked = True
        self._server.at_once.park(self)

    def stop_reading(self) -> None:
        """End a wait for the client; a response can still be sent."""
        with contextlib.suppress(OSError):  # the client was faster
            self.sock.shutdown(socket.SHUT_RD)

    def base_environ(self) -> Environ:
        """A new dict with the part of WSGI's environ that no request changes."""
        return {
            **self._server.base_environ,
            "REMOTE_ADDR": self.client,
            "REMOTE_PORT": str(self.address[1]),
            CONNECTION: self,
            **(self._tls.environ() if self._tls is not None else {}),
        }

    def send(self, data: bytes) -> None:
        """Send all of `data`.

        Raises:
            ClientGone: The connection was lost, or the client does not read.
        """
        try:
            sent = self._send_at_once(data)
            if sent < len(data):
                self._send_rest(data, sent)
        except OSError as error:
            self._lost = True
            raise ClientGone(str(error)) from error

    def sent_some(self) -> None:
        """The application has sent a part, and may have more without having to wait."""
        self._requests.pace()
        self._next_look = 0.0

    def idle_for_now(self) -> None:
        """The application has nothing to send yet, and says so without an end, maybe.

        A client that has only closed its own side may still read. But where nothing is
        sent for a second, nobody can tell it from one that is gone.

        Raises:
            ClientGone: The client has closed its side.
        """
        self._requests.pace()
        now = time.monotonic()
        if not self._next_look:
            self._next_look = now + LOOK
        elif now > self._next_look:
            self._next_look = now + LOOK
            if is_gone(self.sock.fileno()):
                raise ClientGone("the client has closed the connection")

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Reading in this block fails after so many seconds, or soon after that."""
        self.sock.settimeout(seconds)
        with self._requests.within(seconds):
            yield
        self.sock.settimeout(self._server.client_timeout)

    def untaken(self) -> int:
        """How many bytes the kernel has taken, and the client has not."""
        behind = 0 if self._tls is None else self._tls.untaken()
        return behind + untaken(self.sock)

    def make_way(self) -> None:
        """End the request, which waits for its client; from any thread or greenlet.

        It gets 408 if it waits for its body. A response ends with a reset.
        """
        if self._sending:
            self.cut_off()
        else:
            self._requests.end_body()
            self.stop_reading()

    def cut_off(self) -> None:
        """End the connection with a reset; whoever sends to it gets an OSError.

        From any thread or greenlet; the connection's own one closes the socket.
        """
        self._lost = True
        with contextlib.suppress(OSError):  # it has ended by itself
            self._reset_on_close()
            self.sock.shutdown(socket.SHUT_RDWR)

    def abort(self) -> None:
        """Close with a TCP reset: the client sees an error, not a response's end."""
        self._lost = True
        self._reset_on_close()
        self.sock.close()

    def __str__(self) -> str:
        return str(self.client)

    def _reset_on_close(self) -> None:
        if self._tls is not None:
            self._tls.abort_on_close()
        reset_on_close(self.sock)

    def _send_at_once(self, data: bytes) -> int:
        """Send what the kernel takes now; how many bytes it took."""
        if len(data) <= SEND_SIZE:
            return send(self.sock, data)
        view, sent = memoryview(data), 0
        while taken := send(self.sock, view[sent : sent + SEND_SIZE]):
            sent += taken
        return sent

    def _send_rest(self, data: bytes, sent: int) -> None:
        """Send the rest of `data` as the client takes it: all is kept until the end."""
        view, wait = memoryview(data), self.wait_for_client
        with self._server.unsent.keeping(self, len(data)) as waiting:
            self._sending = True
            wait.since = began = time.monotonic()
            try:
                while sent < len(view):
                    portion = view[sent : sent + SEND_SIZE]
                    self.sock.sendall(portion)
                    sent += len(portion)
                    waiting.took(len(portion))
            except TimeoutError:
                self.cut_off()  # or the kernel would keep what it has taken
                raise
            finally:
                self._sending, wait.since = False, None
                wait.before += time.monotonic() - began

    def _lost_by(self, error: OSError) -> Coming:
        logger.debug("%s: connection ended: %s", self.client, error)
        return END

    def _serve_request(self) -> Coming:
        """Serve the request that has come; what is to be done as to the next."""
        self.idle = False
        began = time.monotonic() if is_access_logged() else None
        try:
            request = self._requests.next_request()
        except RequestError as error:
            with contextlib.suppress(ClientGone):
                self.send(self._refusal(error, began))
            return self._last()
        if request is None:
            return END
        self._server.connections.work(self)
        self.wait_for_client.before = 0.0
        self._next_look = 0.0
        turnstile = self._wait_for_turn(request.target)
        call = WsgiCall(self, request)
        try:
            call.run(self._server.application)
        finally:
            if self.parked:
                self._server.at_once.go_on(self)
            if turnstile is not None:
                turnstile.leave()
            self._server.unsent.sizes.note(request.target, call.sent)
            if began is not None:
                log_access(call.access(milliseconds_since(began)))
        if call.taken:
            return END
        if call.keeps_connection() and not self.closing:
            return WAIT
        return self._last()

    def _last(self) -> Coming:
        """After the last response."""
        return END if self._lost else DEPART

    def _wait_for_turn(self, target: str) -> Turnstile | None:
        """Where the request had to wait until others have had their turn, if it had."""
        unsent = self._server.unsent
        turnstile = unsent.turnstile
        if not turnstile.narrow or unsent.sizes.little(target):
            if not self._requests.in_a_hurry:
                return None
            turnstile = self._server.hurried
        return turnstile if turnstile.enter() else None

    def _refusal(self, error: RequestError, began: float | None) -> bytes:
        """The response to a request that cannot be read; it is logged."""
        level = logging.DEBUG if isinstance(error, RequestCut) else logging.INFO
        status, problem = error.status, error.problem
        logger.log(level, "%s: refused: %s: %s", self.client, status, problem)
        response = closing_response(status, problem)
        if began is not None:
            log_access(self._refused_access(status, body_size(response), began))
        return response

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
