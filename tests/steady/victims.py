"""A process of many clients that are all in one state, until somebody kills it.

    python -m tests.steady.victims STATE TRANSPORT URL PORT COUNT

It prints "there" when they are. TRANSPORT is one of `transports.connected`, to which
PORT belongs, or "http".
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.patience import SECONDS
from tests.steady.transports import Transport, Websocket, connected

ROLES = {
    "caller": {"features": {"progressive_call_results": True, "call_canceling": True}},
    "callee": {"features": {"call_canceling": True}},
    "subscriber": {},
    "publisher": {},
}
HELLO = [1, "realm1", {"roles": ROLES}]
TOPIC = "com.example.topic"

# Of connections, before there is anything to say in WAMP


def raw(url: str, data: bytes) -> socket.socket:
    address = urlsplit(url)
    sock = socket.create_connection((address.hostname, address.port), SECONDS)
    sock.sendall(data)
    return sock


def connected_without_a_byte(url: str) -> Any:
    return raw(url, b"")


def in_a_request_head(url: str) -> Any:
    return raw(url, b"GET /wait HTTP/1.1\r\nHost: a\r\nX-A: ")


def in_an_upload(url: str) -> Any:
    head = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
    return raw(url, head + bytes(50_000))


def in_a_chunked_upload(url: str) -> Any:
    head = b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    return raw(url, head + b"1000\r\nabc")


def waiting_for_a_response(url: str) -> Any:
    return raw(url, b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")


def in_a_rawsocket_handshake(url: str) -> Any:
    return raw(url, b"\x7f")


def plain(url: str, path: str, data: bytes) -> Any:
    client = Websocket(url, "", path)
    client.sock.sendall(data)
    return client


def on_a_plain_websocket(url: str) -> Any:
    return plain(url, "/echo", b"")


def in_a_plain_frame(url: str) -> Any:
    return plain(url, "/echo", b"\x81\xfe\x10\0" + bytes(1000))


def in_a_plain_fragmented_message(url: str) -> Any:
    return plain(url, "/echo", b"\x01\x81\0\0\0\0a\0\x81\0\0\0\0b")


def fed_and_not_reading(url: str) -> Any:
    return plain(url, "/feed", b"")


# Of WAMP


def without_hello(transport: Transport, number: int) -> None:
    """Nothing more."""


def challenged(transport: Transport, number: int) -> None:
    details = {"roles": ROLES, "authid": "ada", "authmethods": ["ticket"]}
    transport.send([1, "realm1", details])
    assert transport.receive()[0] == 4


def joined(transport: Transport, number: int) -> None:
    transport.send(HELLO)
    assert transport.receive()[0] == 2
    transport.listen()


def with_a_backlog(transport: Transport, number: int) -> None:
    transport.send(HELLO)
    assert transport.receive()[0] == 2
    transport.send([32, 1, {}, TOPIC])
    assert transport.receive()[0] == 33


def callee(transport: Transport, number: int) -> None:
    transport.send(HELLO)
    assert transport.receive()[0] == 2
    transport.send([64, 1, {}, f"com.example.callee.{number}"])
    assert transport.receive()[0] == 65
    transport.listen()


def caller(transport: Transport, number: int) -> None:
    transport.send(HELLO)
    assert transport.receive()[0] == 2
    transport.send([48, 1, {}, "com.example.wait"])
    transport.listen()


def caller_of_a_generator(transport: Transport, number: int) -> None:
    transport.send(HELLO)
    assert transport.receive()[0] == 2
    transport.send([48, 1, {"receive_progress": True}, "com.example.forever"])
    transport.listen()


def in_a_message(transport: Transport, number: int) -> None:
    joined(transport, number)
    transport.send_part([48, 1, {}, "com.example.quick", ["x" * 1000]])


def in_a_fragmented_message(transport: Transport, number: int) -> None:
    joined(transport, number)
    assert isinstance(transport, Websocket)
    transport.sock.sendall(b"\x01\x81\0\0\0\0[\0\x81\0\0\0\x004")


def having_said_goodbye(transport: Transport, number: int) -> None:
    joined(transport, number)
    transport.send([6, {}, "wamp.close.close_realm"])


def named(*functions: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    return {each.__name__: each for each in functions}


HTTP = named(
    connected_without_a_byte,
    in_a_request_head,
    in_an_upload,
    in_a_chunked_upload,
    waiting_for_a_response,
    on_a_plain_websocket,
    in_a_plain_frame,
    in_a_plain_fragmented_message,
    fed_and_not_reading,
)
WAMP = named(
    without_hello,
    challenged,
    joined,
    with_a_backlog,
    callee,
    caller,
    caller_of_a_generator,
    in_a_message,
    having_said_goodbye,
)
STATES = [
    *((state, "http") for state in HTTP),
    *((state, "websocket") for state in [*WAMP, in_a_fragmented_message.__name__]),
    *((state, "rawsocket") for state in [*WAMP, in_a_rawsocket_handshake.__name__]),
    *((state, "longpoll") for state in WAMP),
]


def main(state: str, transport: str, url: str, port: str, count: str) -> None:
    clients: list[Any] = []  # their connections are closed when they are forgotten
    begin: Any = globals()[state]
    if begin is in_a_rawsocket_handshake:
        url = f"tcp://127.0.0.1:{port}"
    for number in range(int(count)):
        if transport == "http" or begin is in_a_rawsocket_handshake:
            clients.append(begin(url))
        else:
            clients.append(connected(transport, url, int(port)))
            begin(clients[-1], number)
    print("there", flush=True)  # noqa: T201 - for the test
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
