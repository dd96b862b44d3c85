"""A websocket that never blocks, with WAMP messages in JSON or MessagePack.

It shares no code with the package.
"""

from __future__ import annotations

import errno
import json
import os
import selectors
import socket
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import msgpack

BUFFER = 65536  # bytes read at once
SMALL_BUFFER = 4096  # of a client that will not read
MASK = b"\x31\x41\x59\x26"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
NO_LINGER = struct.pack("ii", 1, 0)  # closing sends RST


class Format(NamedTuple):
    """A serializer: its subprotocol, the opcode of its messages, and its functions."""

    subprotocol: str
    opcode: int
    dumps: Callable[[Any], bytes]
    loads: Callable[[bytes], Any]


JSON = Format("wamp.2.json", TEXT, lambda m: json.dumps(m).encode(), json.loads)
MESSAGEPACK = Format("wamp.2.msgpack", BINARY, msgpack.packb, msgpack.unpackb)


def frame(opcode: int, payload: bytes) -> bytes:
    """A masked frame (RFC 6455 section 5.2)."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, 0xFE, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0xFF, size)
    mask = (MASK * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")
    return head + MASK + masked.to_bytes(size, "big")


class WireError(Exception):
    """The server has ended the connection, or sent what it must not."""


class Connection:
    """One websocket.

    Args:
        selector: Tells when there is something to read or to write.
        opened, received: Called when the websocket is open, and for each message.
        ended: Called when the server has ended it, with the reason.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        address: tuple[str, int],
        form: Format,
        *,
        opened: Callable[[], None],
        received: Callable[[Any], None],
        ended: Callable[[str], None],
        small: bool = False,
    ) -> None:
        self._selector = selector
        self._form = form
        self._opened, self._received, self._ended = opened, received, ended
        self._open = self._connected = False
        self._incoming = b""
        self._outgoing = self._request(address)
        self._sock = socket.socket()
        self._sock.setblocking(False)
        if small:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        code = self._sock.connect_ex(address)
        if code != errno.EINPROGRESS:
            raise OSError(code, os.strerror(code))
        self._events = selectors.EVENT_READ | selectors.EVENT_WRITE
        selector.register(self._sock, self._events, self)

    @property
    def alive(self) -> bool:
        return self._sock.fileno() >= 0

    def _request(self, address: tuple[str, int]) -> bytes:
        host = f"{address[0]}:{address[1]}"
        return (
            f"GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Protocol: {self._form.subprotocol}\r\n\r\n"
        ).encode()

    # What the client does

    def send(self, message: list[Any]) -> None:
        """Send a WAMP message."""
        self._write(frame(self._form.opcode, self._form.dumps(message)))

    def send_part(self, message: list[Any]) -> None:
        """Send the first half of a message's frame."""
        whole = frame(self._form.opcode, self._form.dumps(message))
        self._write(whole[: len(whole) // 2])

    def stop_reading(self) -> None:
        """From now on what comes stays in the kernel."""
        self._watch(self._events & ~selectors.EVENT_READ)

    def close(self) -> None:
        """Close the connection; what is in the kernel is still sent."""
        if self.alive:
            if self._events:
                self._selector.unregister(self._sock)
            self._sock.close()

    def kill(self) -> None:
        """Close the connection with a reset."""
        if self.alive:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            self.close()

    # What the selector says

    def ready(self, events: int) -> None:
        """Read and write what can be."""
        try:
            if events & selectors.EVENT_WRITE:
                self._connected = True
                self._flush()
            if self.alive and events & selectors.EVENT_READ:
                self._read()
        except (OSError, WireError) as error:
            if self.alive:
                self.close()
                self._ended(str(error))

    def _write(self, data: bytes) -> None:
        self._outgoing += data
        if self._connected:
            try:
                self._flush()
            except OSError as error:
                self.close()
                self._ended(str(error))

    def _flush(self) -> None:
        try:
            sent = self._sock.send(self._outgoing)
        except BlockingIOError:
            sent = 0
        self._outgoing = self._outgoing[sent:]
        reading = self._events & selectors.EVENT_READ
        writing = selectors.EVENT_WRITE if self._outgoing else 0
        self._watch(reading | writing)

    def _watch(self, events: int) -> None:
        if events == self._events:
            return
        if not events:
            self._selector.unregister(self._sock)
        elif not self._events:
            self._selector.register(self._sock, events, self)
        else:
            self._selector.modify(self._sock, events, self)
        self._events = events

    def _read(self) -> None:
        data = self._sock.recv(BUFFER)
        if not data:
            raise WireError("the end of the stream")
        self._incoming += data
        if not self._open:
            self._read_head()
        if self._open:
            self._read_frames()

    def _read_head(self) -> None:
        head, end, rest = self._incoming.partition(b"\r\n\r\n")
        if not end:
            return
        if not head.startswith(b"HTTP/1.1 101 "):
            raise WireError(f"no upgrade: {head[:60]!r}")
        self._incoming = rest
        self._open = True
        self._opened()

    def _read_frames(self) -> None:
        """Take the frames that are complete."""
        data, pos = self._incoming, 0
        while self.alive and len(data) - pos >= 2:
            size, start = data[pos + 1], pos + 2
            if size > 125:
                start = pos + (4 if size == 126 else 10)
                size = int.from_bytes(data[pos + 2 : start], "big")
            if len(data) < start + size:
                break
            first, pos = data[pos], start + size
            self._frame_received(first, data[start:pos])
        self._incoming = data[pos:]

    def _frame_received(self, first: int, payload: bytes) -> None:
        if first == 0x80 | self._form.opcode:
            self._received(self._form.loads(payload))
        elif first == 0x80 | PING:
            self._write(frame(PONG, payload))
        elif first == 0x80 | CLOSE:
            raise WireError(f"Close {int.from_bytes(payload[:2], 'big')}")
        else:
            raise WireError(f"a frame that begins with {first:#x}")
