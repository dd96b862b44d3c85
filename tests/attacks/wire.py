"""What attackers send: sockets, frames by hand, serializers that are not ours."""

from __future__ import annotations

import selectors
import socket
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from tests.wamp.raw_client import BATCHED, FORMATS, Format

READ_SIZE = 2**20
TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9
FINAL, COMPRESSED = 0x80, 0x40
DEFLATE = "permessage-deflate; client_max_window_bits"


def deflated(data: bytes) -> bytes:
    """A message's payload, compressed (RFC 7692 section 7.2.1)."""
    encoder = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (encoder.compress(data) + encoder.flush(zlib.Z_SYNC_FLUSH))[:-4]


def frame(payload: bytes, opcode: int, *, flags: int = FINAL) -> bytes:
    """A frame of a client; its mask is zero, so the payload stays as it is."""
    return head_of_frame(len(payload), opcode, flags=flags) + payload


def head_of_frame(size: int, opcode: int, *, flags: int = FINAL) -> bytes:
    """The head of a frame with a payload of *size* bytes."""
    first = bytes((flags | opcode,))
    if size < 126:
        return first + struct.pack("!B4x", 0x80 | size)
    if size < 65536:
        return first + struct.pack("!BH4x", 0xFE, size)
    return first + struct.pack("!BQ4x", 0xFF, size)


def upgrade(path: str, subprotocol: str = "", extensions: str = "") -> bytes:
    """The request that opens a websocket."""
    fields = [
        *("Host: example.com", "Upgrade: websocket", "Connection: Upgrade"),
        *("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    if subprotocol:
        fields.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    if extensions:
        fields.append(f"Sec-WebSocket-Extensions: {extensions}")
    return "\r\n".join([f"GET {path} HTTP/1.1", *fields, "", ""]).encode()


def post(path: str, body: bytes, *, size: int | None = None) -> bytes:
    """A request with a body; *size* is its announced length, if that is another."""
    length = len(body) if size is None else size
    head = f"POST {path} HTTP/1.1\r\nHost: example.com\r\nContent-Length: {length}\r\n"
    return head.encode() + b"\r\n" + body


def read_head(sock: socket.socket) -> bytes:
    """The head of a response."""
    while True:
        seen = sock.recv(4096, socket.MSG_PEEK)
        head, end, _ = seen.partition(b"\r\n\r\n")
        if end:
            return exactly(sock, len(head + end))
        if not seen:
            raise ConnectionError("the server closed the connection")
        time.sleep(0.001)  # the rest is on its way


def exactly(sock: socket.socket, size: int) -> bytes:
    """The next *size* bytes."""
    data = bytearray()
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise ConnectionError("the server closed the connection")
        data += part
    return bytes(data)


class Session:
    """A WAMP session on a websocket."""

    def __init__(self, sock: socket.socket, serializer: str) -> None:
        self.sock = sock
        self.format: Format = {**FORMATS, **BATCHED}[serializer]
        self.id = 0

    def encoded(self, *messages: list[Any]) -> bytes:
        """The messages, each in its frame."""
        return b"".join(self.framed(self.payload(each)) for each in messages)

    def payload(self, message: list[Any]) -> bytes:
        data = self.format.dumps(message)
        return data.encode() if isinstance(data, str) else data

    def framed(self, payload: bytes) -> bytes:
        """A message that is serialized already, in its frame."""
        return frame(payload, BINARY if self.format.binary else TEXT)

    def send(self, *messages: list[Any]) -> None:
        """Send messages in one write."""
        self.sock.sendall(self.encoded(*messages))

    def receive(self) -> Any:
        """The next message."""
        return self.format.loads(self.receive_payload())

    def receive_payload(self) -> bytes:
        while True:
            first, size = exactly(self.sock, 2)
            if size > 125:
                wide = 2 if size == 126 else 8
                size = int.from_bytes(exactly(self.sock, wide), "big")
            payload = exactly(self.sock, size)
            if first & 15 == CLOSE:
                raise ConnectionError(f"the server closed the websocket: {payload!r}")
            if first & 15 in (TEXT, BINARY):
                return payload

    def answer(self, request: int) -> Any:
        """The answer to *request*; what comes before it is thrown away."""
        while True:
            message = self.receive()
            if message[2 if message[0] == 8 else 1] == request:
                return message


class RawSocketSession(Session):
    """A WAMP session on RawSocket."""

    def framed(self, payload: bytes) -> bytes:
        return struct.pack(">L", len(payload)) + payload

    def receive_payload(self) -> bytes:
        (size,) = struct.unpack(">L", exactly(self.sock, 4))
        return exactly(self.sock, size)


Chunks = Mapping[socket.socket, Iterator[bytes]]


def flood(chunks: Chunks, *, seconds: float, reading: bool = True) -> int:
    """Send what there is on each connection, as fast as the server takes it.

    Args:
        seconds: After that it is over, whether all is sent or not.
        reading: Throw away what the server sends; otherwise leave it in the kernel.

    Returns:
        How many bytes were sent. A connection that the server closes is left out.
    """
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for sock, parts in chunks.items():
            sock.setblocking(False)
            selector.register(
                sock,
                selectors.EVENT_WRITE | selectors.EVENT_READ * reading,
                Sender(sock, parts),
            )
        sent = 0
        while selector.get_map() and time.monotonic() < deadline:
            for key, events in selector.select(0.1):
                sent += key.data.step(selector, events)
    for sock in chunks:
        if sock.fileno() >= 0:
            sock.settimeout(SECONDS)
    return sent


class Sender:
    """One connection of a flood."""

    def __init__(self, sock: socket.socket, chunks: Iterator[bytes]) -> None:
        self.sock = sock
        self.chunks = chunks
        self.rest = memoryview(b"")

    def step(self, selector: selectors.BaseSelector, events: int) -> int:
        """Read or write once; how many bytes were sent."""
        try:
            if events & selectors.EVENT_READ and not self.sock.recv(READ_SIZE):
                raise ConnectionError("closed by the server")
            if events & selectors.EVENT_WRITE:
                return self.write(selector)
        except BlockingIOError:
            return 0
        except OSError:
            selector.unregister(self.sock)
        return 0

    def write(self, selector: selectors.BaseSelector) -> int:
        if not self.rest:
            chunk = next(self.chunks, None)
            if chunk is None:
                self.all_sent(selector)
                return 0
            self.rest = memoryview(chunk)
        sent = self.sock.send(self.rest)
        self.rest = self.rest[sent:]
        return sent

    def all_sent(self, selector: selectors.BaseSelector) -> None:
        if selector.get_key(self.sock).events & selectors.EVENT_READ:
            selector.modify(self.sock, selectors.EVENT_READ, self)
        else:
            selector.unregister(self.sock)


SECONDS = 20.0  # that an attacker waits for the server
