"""TLS that ends on the I/O loop: an encrypted connection goes in, a plain socket comes
out.

The plain socket is one end of a socket pair, so whoever serves the connection, and
whoever takes it over, needs to know nothing of TLS; and no two threads ever use one SSL
object. Between the pair's other end and the client the loop moves the bytes, and reads
from neither before the other has taken what was read."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from wsocket.core.net.loop import Loop, Timer
from wsocket.core.net.socket_io import READ_SIZE
from wsocket.core.net.sockets import disable_nagle, plain_socket
from wsocket.core.net.tls.info import TlsInfo
from wsocket.core.net.tls.relay import RelayEnd, Step
from wsocket.log import logger

# Seconds that a client has to notice that its connection is being closed.
LINGER = 1.0

# Bytes that may wait for a client while it is still heard: what it can make TLS itself
# send, such as answers to updates of keys, must be bounded too.
MAX_UNSENT = 4 * READ_SIZE


class Terminator:
    """Ends the TLS of a server's connections.

    Args:
        context: With a certificate, for the server's side. It is used as it is.
        timeout: Seconds for a handshake, and for which a client may leave untouched
            what the application had sent before it closed.
        plain_answer: What a client gets that speaks plain HTTP.

    Attributes:
        connections: Those that have not ended.

    Raises:
        TypeError, ValueError: *context* is not such a context.
    """

    def __init__(
        self, context: ssl.SSLContext, *, timeout: float, plain_answer: bytes
    ) -> None:
        _check_context(context)
        self._context = context
        self._timeout = timeout
        self._plain_answer = plain_answer
        self.connections: set[TlsConnection] = set()

    def accept(
        self, sock: socket.socket, *, client: str, loop: Loop
    ) -> tuple[socket.socket, TlsConnection]:
        """Take over an accepted socket; from any thread.

        Args:
            client: Who it is, for the log.
            loop: The loop of the process; it does the work.

        Returns:
            A plain socket of the same class, at once, on which the client's first bytes
            arrive after the handshake, or the end if there is none; and the connection
            behind it.

        Raises:
            OSError: There are no descriptors left; *sock* is untouched.
        """
        ours, theirs = socket.socketpair()
        disable_nagle(sock)
        connection = TlsConnection(
            loop,
            plain_socket(sock.detach()),
            plain_socket(ours.detach()),
            context=self._context,
            client=client,
            timeout=self._timeout,
            plain_answer=self._plain_answer,
            ended=self.connections.discard,
        )
        self.connections.add(connection)
        loop.call_soon(connection.start)
        return type(sock)(fileno=theirs.detach()), connection

    def settle(self) -> None:
        """Wait until all connections have ended, a second at most.

        What the application has sent may still be on its way, and would be lost with
        the process.
        """
        deadline = time.monotonic() + LINGER
        while self.connections and time.monotonic() < deadline:
            time.sleep(0.01)


def _check_context(context: object) -> None:
    # No isinstance: once gevent has patched ssl, its name is another class's.
    if not hasattr(context, "wrap_bio"):
        raise TypeError(f"ssl_context must be an ssl.SSLContext, not {context!r}")
    try:
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)
    except ssl.SSLError as error:
        raise ValueError(
            "ssl_context must be one for servers, such as "
            "ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) makes: "
            f"{error.strerror}"
        ) from error


class TlsConnection:
    """A connection whose TLS ends here.

    What does not begin with an underscore may be used from any thread, but for `start`.

    Attributes:
        info: What is known of its TLS: all of it, before the first byte arrives on the
            plain socket; None before the handshake.
    """

    def __init__(
        self,
        loop: Loop,
        client_sock: socket.socket,
        app_sock: socket.socket,
        *,
        context: ssl.SSLContext,
        client: str,
        timeout: float,
        plain_answer: bytes,
        ended: Callable[[TlsConnection], None],
    ) -> None:
        self._loop = loop
        self._name = client
        self._timeout = timeout
        self._plain_answer = plain_answer
        self._on_end = ended
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._client = RelayEnd(
            loop, client_sock, run=self._run, readable=self._hear_client
        )
        self._app = RelayEnd(loop, app_sock, run=self._run, readable=self._hear_app)
        self._timer: Timer | None = None
        self._deaf = False  # what still comes from the client is ignored
        self._aborted = False
        self._over = False
        self.info: TlsInfo | None = None

    def environ(self) -> dict[str, Any]:
        """What its TLS adds to a request's environ; nothing before the handshake."""
        return {} if self.info is None else self.info.environ()

    def abort(self) -> None:
        """Let the application's close be an error for the client: call it before."""
        self._aborted = True

    def start(self) -> None:
        """Begin with the handshake; the loop calls this."""
        self._timer = self._loop.call_later(
            self._timeout, self._run, self._give_up_handshake
        )
        self._run(self._hear_client)

    def _run(self, step: Step) -> None:
        """Run a step, then see who is to be listened to."""
        try:
            if not self._over:
                step()
                self._balance()
        except Exception:
            logger.exception("%s: a TLS connection failed; it is closed", self._name)
            self._drop()

    def _balance(self) -> None:
        """Listen to each side while the other one takes what it says."""
        client, app = self._client, self._app
        if client.lost or (client.over and app.over):
            self._drop()
            return
        client.listen(wanted=not app.unsent and len(client.unsent) <= MAX_UNSENT)
        app.listen(wanted=self.info is not None and not client.unsent)
        if self._timer is None and (client.unsent or app.ended):
            self._timer = self._loop.call_later(LINGER, self._run, self._look_after)

    # From the client to the application

    def _hear_client(self) -> None:
        data = self._client.receive()
        if data:
            self._feed(data)
        elif data is not None:
            self._client_ended()

    def _feed(self, data: bytes) -> None:
        """Bytes of TLS: all that can be made of them is made at once, so that no more
        than was read at once waits in the SSL object.
        """
        if self._deaf:
            return
        self._incoming.write(data)
        try:
            if self.info is None:
                self._tls.do_handshake()
                self._shake_hands()
            self._decrypt()
        except ssl.SSLWantReadError:
            pass  # that was all
        except ssl.SSLError as error:
            self._fail(error)
            return
        self._client.send(self._outgoing.read())

    def _shake_hands(self) -> None:
        self.info = TlsInfo.of(self._tls)
        self._stop_timer()
        logger.debug("%s: %s, %s", self._name, self.info.protocol, self.info.cipher)

    def _decrypt(self) -> None:
        """Hand on all that is there; raises SSLWantReadError when more may follow."""
        parts: list[bytes] = []
        try:
            while part := self._tls.read(READ_SIZE):
                parts.append(part)
        except ssl.SSLZeroReturnError:
            pass  # close_notify too, when we have sent our own before
        finally:
            self._app.send(b"".join(parts))
        self._deaf = True
        self._app.finish()

    def _client_ended(self) -> None:
        """The end of the TCP stream, be there a close_notify before it or not.

        Many clients send none. Requests and frames say themselves where they end (RFC
        9112 section 9.8), so what an attacker cuts off here is missed there.
        """
        if self.info is None and not self._deaf:
            logger.debug("%s: gone before the end of the handshake", self._name)
            self._drop()
        else:
            self._app.finish()

    # From the application to the client

    def _hear_app(self) -> None:
        data = self._app.receive()
        if data:
            self._encrypt(data)
        elif data is not None:
            self._app_ended()

    def _encrypt(self, data: bytes) -> None:
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            self._fail(error)
        else:
            self._client.send(self._outgoing.read())

    def _app_ended(self) -> None:
        if self._aborted:
            self._client.reset()
            return
        # Writes close_notify, and raises because it does not wait for the client's.
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._client.send(self._outgoing.read())
        self._client.finish()

    # The end

    def _fail(self, error: ssl.SSLError) -> None:
        """Tell the client why, in an alert (RFC 8446 section 6.2), and let it go."""
        self._deaf = True
        logger.info("%s: TLS failed: %s", self._name, error.reason or error)
        farewell = self._outgoing.read()
        if error.reason == "HTTP_REQUEST":
            farewell = self._plain_answer
        self._client.send(farewell)
        self._client.finish()
        self._app.close()
        self._stop_timer()

    def _give_up_handshake(self) -> None:
        logger.info("%s: no TLS handshake in %g seconds", self._name, self._timeout)
        self._drop()

    def _look_after(self) -> None:
        """Drop a client that the application has left and that does not end by itself.

        While the application is there, patience is its own matter.
        """
        self._timer = None
        if not self._app.is_deserted():
            return
        client = self._client
        waited = self._loop.now() - client.sent_at
        if client.unsent and (self._aborted or waited >= self._timeout):
            client.reset()
        elif client.finished and waited >= LINGER:
            self._drop()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _drop(self) -> None:
        """Close both sides; later calls do nothing."""
        if not self._over:
            self._over = True
            self._stop_timer()
            self._client.close()
            self._app.close()
            self._on_end(self)
