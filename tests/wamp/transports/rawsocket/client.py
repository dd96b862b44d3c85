"""A RawSocket client of plain sockets: `struct` for the frames, and `RawClient` for the
WAMP in them.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.wamp.raw_client import (
    ABORT,
    FORMATS,
    SECONDS,
    VIOLATION,
    Closed,
    RawClient,
)

SERIALIZERS = {"json": 1, "msgpack": 2, "cbor": 3, "ubjson": 4}
MESSAGE, PING, PONG = 0, 1, 2
LARGEST = 15  # LENGTH: 2**24 bytes


def dial(address: str) -> socket.socket:
    """Connect to a listener's address."""
    scheme, _, rest = address.partition("://")
    if scheme == "unix":
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(SECONDS)
        try:
            sock.connect(rest)
        except OSError:
            sock.close()
            raise
        return sock
    host, _, port = rest.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), SECONDS)


def handshake(serializer: int, length: int = LARGEST) -> bytes:
    return bytes((0x7F, length << 4 | serializer, 0, 0))


def frame(payload: bytes, kind: int = MESSAGE) -> bytes:
    return struct.pack(">L", kind << 24 | len(payload)) + payload


def exactly(sock: socket.socket, size: int) -> bytes:
    """Read *size* bytes; `Closed` if there are less."""
    data = bytearray()
    while len(data) < size:
        try:
            part = sock.recv(size - len(data))
        except ConnectionError:
            part = b""
        if not part:
            raise Closed(1006)
        data += part
    return bytes(data)


def is_over(sock: socket.socket) -> bool:
    """Whether the other end closes, and nothing comes before that."""
    try:
        return sock.recv(1) == b""
    except ConnectionError:
        return True


class RawSocketClient(RawClient):
    """One RawSocket connection, and the session on it.

    Attributes:
        sock: The connection.
        length: LENGTH in the router's reply.
    """

    def __init__(
        self, address: str, serializer: str = "json", *, length: int = LARGEST
    ) -> None:
        self.format = FORMATS[serializer]
        self.inbox = deque()
        self.session = 0
        self.welcome = {}
        self._last_request = 0
        self.sock = self.dial(address)
        self.sock.sendall(handshake(SERIALIZERS[serializer], length))
        reply = exactly(self.sock, 4)
        assert reply[0] == 0x7F
        assert reply[1] & 15 == SERIALIZERS[serializer]
        assert reply[2:] == b"\0\0"
        self.length = reply[1] >> 4

    def dial(self, address: str) -> socket.socket:
        """Connect."""
        return dial(address)

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def receive_frame(self) -> tuple[int, bytes]:
        """Type and payload of the next frame."""
        (prefix,) = struct.unpack(">L", exactly(self.sock, 4))
        size = 2**24 if prefix & 2**27 else prefix & 0xFFFFFF
        return prefix >> 24 & 7, exactly(self.sock, size)

    def data_of(self, *message: Any) -> bytes:
        """A message as the serializer writes it."""
        data = self.format.dumps(list(message))
        return data if isinstance(data, bytes) else data.encode()

    # What is another transport's in RawClient

    def send_data(self, data: str | bytes) -> None:
        self.write(frame(data if isinstance(data, bytes) else data.encode()))

    def receive_data(self) -> bytes:
        kind, payload = self.receive_frame()
        assert kind == MESSAGE
        return payload

    def aborted(self) -> str:
        """Expect ABORT for a protocol violation, then the end; return the message."""
        code, details, reason = self.receive()
        assert (code, reason) == (ABORT, VIOLATION)
        self.end()
        return details["message"]

    def close(self) -> None:
        self.sock.close()


@contextmanager
def rawsocket(
    address: str, serializer: str = "json", *, length: int = LARGEST
) -> Iterator[RawSocketClient]:
    """A connection after its handshake, without a session yet."""
    client = RawSocketClient(address, serializer, length=length)
    try:
        yield client
    finally:
        client.finish()
