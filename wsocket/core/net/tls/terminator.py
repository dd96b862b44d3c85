"""TLS that ends on the I/O loop: from an encrypted connection it makes a plain socket.

The plain socket is one end of a socket pair. So whoever serves the connection, or takes
it over, needs to know nothing of TLS, and no two threads ever use one SSL object. The
loop moves the bytes between the other end of the pair and the client. It reads from
neither of them before the other one has taken what was read."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from wsocket.core.net.loop import Loop, Timer
from wsocket.core.net.socket_io import READ_SIZE
from wsocket.core.net.sockets import plain_socket
from wsocket.core.net.tcp_options import disable_nagle
from wsocket.core.net.tls.info import TlsInfo
from wsocket.core.net.tls.relay import RelayEnd, Step
from wsocket.log import logger

# Seconds that a client has to end a connection that we have closed.
LINGER = 1.0

# Bytes that may wait for a client while we still read what it sends: it can make TLS
# itself send something, such as answers to key updates, and that must be bounded.
MAX_UNSENT = 4 * READ_SIZE


class Terminator:
    """Ends the TLS of a server's connections.

    Args:
        context: With a certificate, for the server's side. It is used as it is.
        timeout: Seconds for a handshake. After the application has closed, a client has
            the same time to read what is still to be sent.
        plain_answer: What a client gets that speaks plain HTTP.

    Attributes:
        connections: Those that have not ended.

    Raises:
        TypeError: *context* is no `ssl.SSLContext`.
        ValueError: *context* is none for servers.
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
            client: The client's name in the log.
            loop: The loop of the process; it does the work.

        Returns:
            A plain socket of the same class, and the connection behind it. The client's
            first bytes arrive after the handshake. If the handshake fails, the socket
            is at its end.

        Raises:
            OSError: No file descriptors are left; *sock* is unchanged.
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
            on_end=self.connections.discard,
        )
        self.connections.add(connection)
        loop.call_soon(connection.start)
        return type(sock)(fileno=theirs.detach()), connection

    def settle(self) -> None:
        """Wait until all connections have ended, but at most a second.

        What the application has sent may still be here, and would be lost with the
        process.
        """
        deadline = time.monotonic() + LINGER
        while self.connections and time.monotonic() < deadline:
            time.sleep(0.01)


def _check_context(context: object) -> None:
    # No isinstance: after gevent has patched ssl, `ssl.SSLContext` is another class.
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

    The public methods may be called from any thread, except `start`.

    Attributes:
        info: What the handshake has agreed on; None before it. It is set before the
            first byte arrives on the plain socket.
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
        on_end: Callable[[TlsConnection], None],
    ) -> None:
        self._loop = loop
        self._name = client
        self._timeout = timeout
        self._plain_answer = plain_answer
        self._on_end = on_end
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._client = RelayEnd(
            loop, client_sock, run=self._run, readable=self._client_readable
        )
        self._app = RelayEnd(loop, app_sock, run=self._run, readable=self._app_readable)
        self._timer: Timer | None = None
        self._ignores_client = False  # what still comes from it
        self._aborts = False
        self._over = False
        self.info: TlsInfo | None = None

    def environ(self) -> dict[str, Any]:
        """What TLS adds to the environ of a request; nothing before the handshake."""
        return {} if self.info is None else self.info.environ()

    def abort_on_close(self) -> None:
        """From now on, when the application closes, the client gets a TCP reset."""
        self._aborts = True

    def untaken(self) -> int:
        """How many bytes the kernel keeps until the client takes them."""
        return self._client.untaken()

    def abandon(self) -> None:
        """The application has ended; if the handshake has not, the connection does."""
        if self.info is None:
            self._loop.call_soon(self._run, self._give_up_if_unshaken)

    def start(self) -> None:
        """Begin with the handshake; the loop calls this."""
        self._timer = self._loop.call_later(
            self._timeout, self._run, self._give_up_handshake
        )
        self._run(self._client_readable)

    def _run(self, step: Step) -> None:
        """Run a step, then decide which sides to read."""
        try:
            if not self._over:
                step()
                self._choose_readers()
        except Exception:
            logger.exception("%s: a TLS connection failed; it is closed", self._name)
            self._drop()

    def _choose_readers(self) -> None:
        """Read each side as long as the other one takes what comes."""
        client, app = self._client, self._app
        if client.lost or (client.over and app.over):
            self._drop()
            return
        client.listen(wanted=not app.unsent and len(client.unsent) <= MAX_UNSENT)
        app.listen(wanted=self.info is not None and not client.unsent)
        if self._timer is None and (client.unsent or app.peer_ended):
            self._timer = self._loop.call_later(LINGER, self._run, self._check_client)

    # From the client to the application

    def _client_readable(self) -> None:
        data = self._client.receive()
        if data:
            self._feed(data)
        elif data is not None:
            self._client_ended()

    def _feed(self, data: bytes) -> None:
        """Give bytes to TLS, and take everything that it makes of them.

        So the SSL object never holds more than one read.
        """
        if self._ignores_client:
            return
        self._incoming.write(data)
        try:
            if self.info is None:
                self._tls.do_handshake()
                self._shake_hands()
            self._decrypt()
        except ssl.SSLWantReadError:
            pass  # everything was taken
        except ssl.SSLError as error:
            self._abort(error)
            return
        self._client.write(self._outgoing.read())

    def _shake_hands(self) -> None:
        self.info = TlsInfo.of(self._tls)
        self._stop_timer()
        logger.debug("%s: %s, %s", self._name, self.info.protocol, self.info.cipher)

    def _decrypt(self) -> None:
        """Send what is decrypted to the application.

        Raises:
            SSLWantReadError: That was all; more may follow.
        """
        parts: list[bytes] = []
        try:
            while part := self._tls.read(READ_SIZE):
                parts.append(part)
        except ssl.SSLZeroReturnError:
            pass  # a close_notify, after we have sent our own
        finally:
            self._app.write(b"".join(parts))
        self._ignores_client = True
        self._app.close_sending()

    def _client_ended(self) -> None:
        """The end of the TCP stream, with or without a close_notify before it.

        Many clients send none. Requests and frames say where they end (RFC 9112 section
        9.8), so an attacker who cuts the stream is noticed there.
        """
        if self.info is None and not self._ignores_client:
            logger.debug("%s: lost before the end of the handshake", self._name)
            self._drop()
        else:
            self._app.close_sending()

    # From the application to the client

    def _app_readable(self) -> None:
        data = self._app.receive()
        if data:
            self._encrypt(data)
        elif data is not None:
            self._app_ended()

    def _encrypt(self, data: bytes) -> None:
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            self._abort(error)
        else:
            self._client.write(self._outgoing.read())

    def _app_ended(self) -> None:
        if self._aborts:
            self._client.abort()
            return
        # This writes our close_notify, and raises because the client's is not there.
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._client.write(self._outgoing.read())
        self._client.close_sending()

    # The end

    def _abort(self, error: ssl.SSLError) -> None:
        """Tell the client why, in an alert (RFC 8446 section 6.2), then end."""
        self._ignores_client = True
        logger.info("%s: TLS failed: %s", self._name, error.reason or error)
        alert = self._outgoing.read()
        is_plain = error.reason == "HTTP_REQUEST"
        self._client.write(self._plain_answer if is_plain else alert)
        self._client.close_sending()
        self._app.drop()
        self._stop_timer()

    def _give_up_handshake(self) -> None:
        logger.info("%s: no TLS handshake in %g seconds", self._name, self._timeout)
        self._drop()

    def _give_up_if_unshaken(self) -> None:
        if self.info is None:
            self._drop()

    def _check_client(self) -> None:
        """End a connection that the application has closed and the client has not.

        As long as the application is there, timeouts are its own business.
        """
        self._timer = None
        if not self._app.is_peer_gone():
            return
        client = self._client
        waited = self._loop.now() - client.sent_at
        if client.unsent and (self._aborts or waited >= self._timeout):
            client.abort()
        elif client.sending_closed and waited >= LINGER:
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
            self._client.drop()
            self._app.drop()
            self._on_end(self)
