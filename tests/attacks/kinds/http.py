"""Attacks over HTTP."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable

from tests.attacks.attack import Target, attack
from tests.attacks.wire import post, upgrade

HEAD = b"GET / HTTP/1.1\r\nHost: example.com\r\n"


def drip(target: Target, socks: list[socket.socket], data: bytes) -> None:
    """Send a byte on every connection, now and then."""
    deadline = time.monotonic() + target.seconds
    while time.monotonic() < deadline:
        for sock in socks:
            with contextlib.suppress(OSError):  # the server has closed it
                sock.sendall(data)
        time.sleep(0.1)


def opened(target: Target, number: int, data: bytes) -> list[socket.socket]:
    """Connections on which *data* was sent."""
    socks = target.connections(number)
    for sock in socks:
        sock.sendall(data)
    return socks


@attack()
def idle_connections(target: Target) -> None:
    """Opens 4,000 connections, and sends nothing."""
    target.connections(4_000)
    target.wait()


@attack()
def half_open_requests(target: Target) -> None:
    """Opens 4,000 connections, and sends half of a request's head."""
    opened(target, 4_000, HEAD)
    target.wait()


@attack()
def slow_heads(target: Target) -> None:
    """Sends the heads of 1,000 requests a byte at a time."""
    drip(target, opened(target, 1_000, HEAD + b"X: "), b"x")


@attack()
def large_heads(target: Target) -> None:
    """Sends 30 kB of a head on 2,000 connections, and never its end."""
    opened(
        target,
        2_000,
        HEAD + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 900) for n in range(32)),
    )
    target.wait()


@attack()
def slow_bodies(target: Target) -> None:
    """Sends the bodies of 500 requests a byte at a time; the handler does not read."""
    drip(target, opened(target, 500, post("/", b"", size=1_000_000)), b"x")


@attack()
def slow_uploads(target: Target) -> None:
    """Sends the bodies of 500 requests a byte at a time; the handler reads."""
    drip(target, opened(target, 500, post("/upload", b"", size=1_000_000)), b"x")


@attack()
def half_uploads(target: Target) -> None:
    """Sends 1 MB of each of 200 uploads, and never the end."""
    opened(target, 200, post("/upload", b"x" * 1_000_000, size=1_000_001))
    target.wait()


@attack()
def small_chunks(target: Target) -> None:
    """Uploads in chunks of one byte, without end, on 10 connections."""
    head = HEAD.replace(b"GET /", b"POST /upload")
    head += b"Transfer-Encoding: chunked\r\n\r\n"
    target.flood(opened(target, 10, head), 10_000 * b"1\r\nx\r\n")


@attack()
def long_chunk_extensions(target: Target) -> None:
    """Sends a chunk's extension without end, on 100 connections."""
    head = HEAD.replace(b"GET /", b"POST /upload")
    head += b"Transfer-Encoding: chunked\r\n\r\n1;x="
    target.flood(opened(target, 100, head), b"x" * 100_000)


@attack()
def trailers_without_end(target: Target) -> None:
    """Sends trailer fields without end, on 100 connections."""
    head = HEAD.replace(b"GET /", b"POST /upload")
    head += b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    target.flood(opened(target, 100, head), 10_000 * b"a: b\r\n")


@attack()
def hostile_fields(target: Target) -> None:
    """Asks for websockets with long lists, quotes and backslashes in their fields."""
    extensions = (
        *('x; a="' + "\\\\" * 3_000, "x;" * 3_000, "permessage-deflate; a, " * 300),
        *("," * 6_000, 'x; a="' + ' "' * 3_000, "x" + " " * 6_000 + ";"),
    )
    subprotocols = ("wamp.2.nothing, " * 400, "," * 6_000, " " * 6_000 + "x")

    def once() -> None:
        for extension in extensions:
            target.connect().sendall(upgrade("/echo", "", extension))
        for subprotocol in subprotocols:
            target.connect().sendall(upgrade("/echo", subprotocol))

    again(target, once)


@attack()
def responses_that_nobody_reads(target: Target) -> None:
    """Asks for 5 MB on 200 connections, and does not read."""
    opened(target, 200, HEAD.replace(b" / ", b" /download ") + b"\r\n")
    target.wait()


@attack()
def pipelined_requests(target: Target) -> None:
    """Sends requests without waiting for answers, on 20 connections."""
    target.flood(target.connections(20), 500 * (HEAD + b"\r\n"))


@attack()
def unread_pipelined_requests(target: Target) -> None:
    """Sends requests without end on 20 connections, and reads no answer."""
    target.flood(target.connections(20), 500 * (HEAD + b"\r\n"), reading=False)


@attack()
def connections_without_end(target: Target) -> None:
    """Connects, asks and closes, without end."""
    again(target, lambda: target.get("/"))


@attack()
def refused_requests(target: Target) -> None:
    """Sends requests that are no HTTP, each on a new connection."""

    def once() -> None:
        with contextlib.closing(target.connect()) as sock:
            sock.sendall(b"\0\1\2\r\n\r\n")
            sock.recv(4096)

    again(target, once)


@attack()
def upgrades_that_are_reset(target: Target) -> None:
    """Asks for a websocket and resets the connection at once, without end."""

    def once() -> None:
        with contextlib.closing(target.connect()) as sock:
            sock.sendall(upgrade("/", "wamp.2.json"))
            sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )

    again(target, once)


def again(target: Target, once: Callable[[], object]) -> None:
    """Do something for a while."""
    deadline = time.monotonic() + target.seconds
    while time.monotonic() < deadline:
        once()
