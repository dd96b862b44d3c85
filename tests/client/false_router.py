"""A router that says what a test wants it to say, over RawSocket with JSON."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

from tests.patience import SECONDS

REPLY = b"\x7f\xf1\0\0"
WELCOME = [2, 7, {"roles": {"broker": {}, "dealer": {}}}]


class Peer:
    """The router's end of a connection."""

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(SECONDS)
        self._socket = connected

    def exactly(self, size: int) -> bytes:
        """Read so many bytes; fewer if the client closes."""
        data = b""
        while len(data) < size and (more := self._socket.recv(size - len(data))):
            data += more
        return data

    def receive(self) -> Any:
        """The next message of the client; None at the end."""
        prefix = self.exactly(4)
        if len(prefix) < 4:
            return None
        return json.loads(self.exactly(struct.unpack("!L", prefix)[0]))

    def send(self, *message: Any) -> None:
        """Send a message."""
        self.send_bytes(json.dumps(message).encode())

    def send_bytes(self, data: bytes) -> None:
        """Send a frame of type 0."""
        self.send_raw(struct.pack("!L", len(data)) + data)

    def send_raw(self, data: bytes) -> None:
        """Send bytes."""
        self._socket.sendall(data)

    def greet(self) -> None:
        """Shake hands."""
        self.exactly(4)
        self.send_raw(REPLY)

    def welcome(self) -> Any:
        """Shake hands, and let the client in; returns its HELLO."""
        self.greet()
        hello = self.receive()
        self.send(*WELCOME)
        return hello

    def rest(self) -> list[Any]:
        """All messages of the client until it closes."""
        messages = []
        while (message := self.receive()) is not None:
            messages.append(message)
        return messages


@contextlib.contextmanager
def false_router(script: Callable[[Peer], Any]) -> Iterator[tuple[str, list[Any]]]:
    """Run *script* for one client; yields the address, and what the script returned.

    What it returned is there after the block; an exception in it fails the test.
    """
    outcome: list[Any] = []
    errors: list[BaseException] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)

        def serve() -> None:
            try:
                connected, _ = listener.accept()
                with connected:
                    outcome.append(script(Peer(connected)))
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{listener.getsockname()[1]}", outcome
        finally:
            thread.join(SECONDS)
    assert errors == []
