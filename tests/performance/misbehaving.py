"""A websocket server that answers one client as it is told, to test a load generator.

Everything here is literal bytes; the only thing it reads is what it must.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

# RFC 6455 section 1.3: the accept value for the example key, which wsload sends.
HEAD = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Protocol: wamp.2.json\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
TEXT, BINARY, PING = 0x1, 0x2, 0x9


def frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    size = len(payload)
    first = bytes([opcode | 0x80 * fin])
    if size < 126:
        return first + bytes([size]) + payload
    if size < 65536:
        return first + struct.pack("!BH", 126, size) + payload
    return first + struct.pack("!BQ", 127, size) + payload


class Connection:
    """The server's end of a client's connection.

    Attributes:
        masks: The masks of all frames that were read.
        pongs: The payloads of all pongs.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.file = sock.makefile("rb")
        self.masks: list[bytes] = []
        self.pongs: list[bytes] = []

    def shake_hands(self) -> None:
        while self.file.readline().strip():
            continue
        self.sock.sendall(HEAD)

    def read(self) -> tuple[int, bytes] | None:
        """The next data frame; None at the end."""
        while len(head := self.file.read(2)) == 2:
            assert head[1] & 0x80, "a client's frames are masked"
            size = head[1] & 0x7F
            if size == 126:
                [size] = struct.unpack("!H", self.file.read(2))
            elif size == 127:
                [size] = struct.unpack("!Q", self.file.read(8))
            mask, masked = self.file.read(4), self.file.read(size)
            self.masks.append(mask)
            key = (mask * (size // 4 + 1))[:size]
            number = int.from_bytes(masked, "big") ^ int.from_bytes(key, "big")
            payload = number.to_bytes(size, "big")
            if head[0] & 0x0F == 0xA:
                self.pongs.append(payload)
            else:
                return head[0] & 0x0F, payload
        return None


Answer = Callable[[Connection, bytes], None]


@contextlib.contextmanager
def answering(answer: Answer) -> Iterator[tuple[int, list[Connection]]]:
    """Serve in threads; yields the port and the connections so far."""
    connections: list[Connection] = []
    threads: list[threading.Thread] = []

    def serve(sock: socket.socket) -> None:
        connection = Connection(sock)
        connections.append(connection)
        with sock, connection.file, contextlib.suppress(OSError):  # gone
            connection.shake_hands()
            while message := connection.read():
                answer(connection, message[1])

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it was closed
            while True:
                thread = threading.Thread(target=serve, args=(listener.accept()[0],))
                threads.append(thread)
                thread.start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        acceptor = threading.Thread(target=accept, args=(listener,))
        acceptor.start()
        try:
            yield listener.getsockname()[1], connections
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for thread in threads:
                thread.join()
