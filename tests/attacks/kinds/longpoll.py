"""Attacks over long polling."""

from __future__ import annotations

import contextlib
import json
import socket
from itertools import repeat

from tests.attacks import wire
from tests.attacks.attack import ROLES, Target, attack
from tests.attacks.wire import post

PROTOCOLS = json.dumps({"protocols": ["wamp.2.json"]}).encode()
HELLO = json.dumps([1, "realm1", {"roles": ROLES}]).encode()


def ask(target: Target, sock: socket.socket, path: str, body: bytes = b"") -> bytes:
    """The body of the answer to a POST; the connection stays open."""
    sock.sendall(post(path, body))
    head = wire.read_head(sock)
    size = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            size = int(value)
    return wire.exactly(sock, size)


def open_transport(target: Target, sock: socket.socket) -> str:
    """The path of a new transport."""
    answer = json.loads(ask(target, sock, "/longpoll/open", PROTOCOLS))
    return f"/longpoll/{answer['transport']}"


def join(target: Target, sock: socket.socket) -> str:
    """The path of a transport with a session."""
    path = open_transport(target, sock)
    ask(target, sock, f"{path}/send", HELLO)
    ask(target, sock, f"{path}/receive")
    return path


@attack()
def polls_of_clients_that_are_gone(target: Target) -> None:
    """Polls with 1,000 clients, which then close their connections."""
    with contextlib.closing(target.connect()) as sock:
        paths = [join(target, sock) for _ in range(target.number(1_000))]
    for path in paths:
        with contextlib.closing(target.connect()) as sock:
            sock.sendall(post(f"{path}/receive", b""))
    target.wait()


@attack()
def polls_that_wait(target: Target) -> None:
    """Polls with 1,000 clients at once."""
    sock = target.connect()
    for _ in range(target.number(1_000)):
        path = join(target, sock)
        target.connect().sendall(post(f"{path}/receive", b""))
    target.wait()


@attack()
def transports_that_are_abandoned(target: Target) -> None:
    """Opens 5,000 long-poll transports, and does not use them."""
    sock = target.connect()
    for _ in range(target.number(5_000)):
        open_transport(target, sock)


@attack()
def half_posts(target: Target) -> None:
    """Sends 1 MB of a message on 200 connections, and never its end."""
    sock = target.connect()
    path = join(target, sock)
    for _ in range(target.number(200)):
        body = b" " * 1_000_000
        target.connect().sendall(post(f"{path}/send", body, size=1_000_100 - 60_000))
    target.wait()


@attack()
def events_that_are_not_polled(target: Target) -> None:
    """Publishes 100 kB again and again to 100 long-poll sessions that do not poll."""
    sock = target.connect()
    subscribe = json.dumps([32, 1, {}, "com.topic"]).encode()
    for _ in range(target.number(100)):
        path = join(target, sock)
        ask(target, sock, f"{path}/send", subscribe)
    publisher = target.join()
    target.flood(
        [publisher], publisher.encoded([16, 1, {}, "com.topic", ["x" * 100_000]])
    )


@attack()
def posts_without_end(target: Target) -> None:
    """Publishes over long polling without end, on 10 connections."""
    socks = [target.connect() for _ in range(10)]
    path = join(target, socks[0])
    publish = post(f"{path}/send", json.dumps([16, 1, {}, "com.topic"]).encode())
    wire.flood({each: repeat(100 * publish) for each in socks}, seconds=target.seconds)
