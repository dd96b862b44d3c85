"""A caller that costs little itself: it knows the bytes, and does not parse."""

from __future__ import annotations

import json
import socket

_HEAD = (
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n"
)
_NO_MASK = bytes(4)  # legal, and masking with it costs nothing
_RESULT = b"[50,"
_ROLES = {"roles": {"caller": {}}}


def _frame(*message: object) -> bytes:
    payload = json.dumps(message, separators=(",", ":")).encode()
    size = len(payload)
    length = bytes((0x80 | size,))
    if size > 125:
        length = b"\xfe" + size.to_bytes(2, "big")
    return b"\x81" + length + _NO_MASK + payload


class Caller:
    """A session that calls one procedure."""

    def __init__(self, port: int, procedure: str) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._procedure = procedure
        self._last = 0
        self._sock.sendall(_HEAD.encode())
        self._until(b"\r\n\r\n")
        self._sock.sendall(_frame(1, "realm1", _ROLES))
        self._until(b'"static"}]')

    def run(self, count: int, *, in_flight: int) -> None:
        """Call *count* times, with so many calls at once."""
        frames = [
            _frame(48, self._last + number, {}, self._procedure, ["x" * 64])
            for number in range(1, count + 1)
        ]
        self._last += count
        sent = min(in_flight, count)
        self._sock.sendall(b"".join(frames[:sent]))
        answered, rest = 0, b""
        while answered < count:
            data = self._sock.recv(65536)
            if not data:
                raise ConnectionError("the server has closed the connection")
            came = (rest + data).count(_RESULT)
            rest = data[-len(_RESULT) + 1 :]
            answered += came
            self._sock.sendall(b"".join(frames[sent : sent + came]))
            sent += came

    def close(self) -> None:
        self._sock.close()

    def _until(self, end: bytes) -> None:
        data = b""
        while end not in data:
            more = self._sock.recv(65536)
            if not more:
                raise ConnectionError(f"the server has closed, after {data!r}")
            data += more
