"""A TLS client on any kind of socket, with its hands on the bytes."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterable
from typing import Any


class TlsClient:
    """The standard library's TLS over a socket that it does not know."""

    def __init__(self, sock: Any, context: ssl.SSLContext, **more: Any) -> None:
        self.sock = sock
        self.split: Callable[[bytes], Iterable[bytes]] = lambda data: [data]
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname="127.0.0.1", **more
        )

    def shake_hands(self) -> TlsClient:
        self._until_done(self.tls.do_handshake)
        return self

    def send(self, data: bytes) -> None:
        self.tls.write(data)
        self._flush()

    def receive(self, size: int = 65536) -> bytes:
        """Some bytes; ``b""`` after close_notify, and an error without one."""
        try:
            return self._until_done(lambda: self.tls.read(size))
        except ssl.SSLZeroReturnError:  # after our own close_notify
            return b""

    def exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            part = self.receive(size - len(data))
            assert part, f"the connection ended after {len(data)} bytes"
            data += part
        return bytes(data)

    def say_goodbye(self) -> None:
        """Send close_notify, and do not wait for the answer."""
        with contextlib.suppress(ssl.SSLWantReadError):  # what waiting looks like
            self.tls.unwrap()
        self._flush()

    def encrypted(self, data: bytes) -> bytes:
        """What would be sent."""
        self.tls.write(data)
        return self._outgoing.read()

    def _until_done(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self.sock.recv(65536)
                if not data:
                    raise EOFError("the end, without close_notify") from None
                self._incoming.write(data)
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        for part in self.split(self._outgoing.read()):
            self.sock.sendall(part)
