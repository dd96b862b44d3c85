"""The baseline: what one writes first, on gevent, without a thought about speed.

A greenlet for each connection, json of the standard library, the payload decoded and
encoded again for every receiver, and a send for every message. It knows one procedure
and one topic, and checks nothing.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import signal
import struct
import sys
from typing import Any

from gevent.server import StreamServer

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3

callees: list[Client] = []
subscribers: list[Client] = []
calls: dict[int, tuple[Client, int]] = {}
numbers = itertools.count(1)


class Client:
    """One connection."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self.file = sock.makefile("rb")

    def serve(self) -> None:
        self.shake_hands()
        while (data := self.receive()) is not None:
            code, *rest = json.loads(data)
            ANSWERS[code](self, *rest)

    def shake_hands(self) -> None:
        headers = {}
        while line := self.file.readline().strip():
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        digest = hashlib.sha1(headers[b"sec-websocket-key"] + GUID).digest()
        self.sock.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Protocol: wamp.2.json\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )

    def receive(self) -> bytes | None:
        """One masked text frame of up to 64 KiB; None at the end."""
        head = self.file.read(2)
        if len(head) < 2:
            return None
        length = head[1] & 127
        if length == 126:
            [length] = struct.unpack("!H", self.file.read(2))
        mask = self.file.read(4)
        masked = self.file.read(length)
        return bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))

    def send(self, *message: Any) -> None:
        data = json.dumps(message).encode()
        size = len(data)
        head = (
            struct.pack("!BB", 129, size)
            if size < 126
            else b"\x81\x7e" + (struct.pack("!H", size))
        )
        self.sock.sendall(head + data)


def on_hello(client: Client, realm: str, details: Any) -> None:
    client.send(2, next(numbers), {"roles": {"broker": {}, "dealer": {}}})


def on_register(client: Client, request: int, options: Any, uri: str) -> None:
    callees.append(client)
    client.send(65, request, 1)


def on_subscribe(client: Client, request: int, options: Any, uri: str) -> None:
    subscribers.append(client)
    client.send(33, request, 1)


def on_call(client: Client, request: int, options: Any, uri: str, args: Any) -> None:
    invocation = next(numbers)
    calls[invocation] = client, request
    callees[0].send(68, invocation, 1, {}, args)


def on_yield(client: Client, invocation: int, options: Any, args: Any) -> None:
    caller, request = calls.pop(invocation)
    caller.send(50, request, {}, args)


def on_publish(client: Client, request: int, options: Any, uri: str, args: Any) -> None:
    publication = next(numbers)
    for subscriber in subscribers:
        subscriber.send(36, 1, publication, {}, args)


ANSWERS = {
    1: on_hello,
    16: on_publish,
    32: on_subscribe,
    48: on_call,
    64: on_register,
    70: on_yield,
}


def serve(sock: Any, address: Any) -> None:
    client = Client(sock)
    try:
        client.serve()
    finally:
        for clients in (callees, subscribers):
            if client in clients:
                clients.remove(client)


# End at once: KeyboardInterrupt in one of the greenlets could be lost there.
signal.signal(signal.SIGINT, signal.SIG_DFL)
server = StreamServer(("127.0.0.1", 0), serve)
server.start()
sys.stdout.write(f"http://127.0.0.1:{server.server_port}/\n")
sys.stdout.flush()
server.serve_forever()
