"""Attacks on plain websockets, which have a thread or a greenlet each."""

from __future__ import annotations

from tests.attacks.attack import Target, attack
from tests.attacks.wire import (
    CLOSE,
    COMPRESSED,
    DEFLATE,
    FINAL,
    PING,
    TEXT,
    deflated,
    frame,
    head_of_frame,
)


@attack()
def plain_websockets(target: Target) -> None:
    """Opens 2,000 plain websockets that do nothing more."""
    target.websockets(2_000)


@attack()
def plain_websockets_that_come_and_go(target: Target) -> None:
    """Opens and closes 4,500 plain websockets, one after the other."""
    goodbye = frame(b"\x03\xe8", CLOSE)
    for _ in range(target.number(4_500)):
        sock = target.websocket("/echo")
        sock.sendall(goodbye)
        sock.close()


@attack()
def plain_half_messages(target: Target) -> None:
    """Sends a frame of 1 MB without its last byte, on 300 plain websockets."""
    large = frame(b"x" * 1_000_000, TEXT)[:-1]
    for sock in target.websockets(300):
        sock.sendall(large)
    target.wait()


@attack()
def plain_fragments(target: Target) -> None:
    """Sends messages in fragments without end, on 20 plain websockets."""
    socks = target.websockets(200)[:20]
    for sock in socks:
        sock.sendall(frame(b"x", TEXT, flags=0))
    target.flood(socks, 10_000 * frame(b"x", 0, flags=0))


@attack()
def unread_echoes(target: Target) -> None:
    """Sends messages of 1 MB on 50 plain websockets, and reads no echo."""
    target.flood(target.websockets(50), frame(b"x" * 1_000_000, TEXT), reading=False)


@attack()
def unread_feeds(target: Target) -> None:
    """Opens 100 plain websockets whose handlers send without end, and never reads."""
    target.websockets(100, "/feed")
    target.wait()


@attack()
def compressed_bombs(target: Target) -> None:
    """Sends 1 kB that become 1 MB again and again, on 20 plain websockets."""
    bomb = frame(deflated(b"x" * 1_000_000), TEXT, flags=FINAL | COMPRESSED)
    target.flood(target.websockets(20, extensions=DEFLATE), bomb)


@attack()
def compressed_bombs_that_are_too_large(target: Target) -> None:
    """Sends 100 kB that become 100 MB, on 100 plain websockets."""
    bomb = frame(deflated(b"x" * 100_000_000), TEXT, flags=FINAL | COMPRESSED)
    for sock in target.websockets(100, extensions=DEFLATE):
        sock.sendall(bomb)
    target.wait()


@attack()
def deflate_contexts(target: Target) -> None:
    """Opens 1,000 compressed websockets, each of which has sent and got a message."""
    message = frame(
        deflated(bytes(range(97, 123)) * 1000), TEXT, flags=FINAL | COMPRESSED
    )
    for sock in target.websockets(1_000, extensions=DEFLATE):
        sock.sendall(message)
    target.wait()


@attack()
def echoes_without_end(target: Target) -> None:
    """Has small messages echoed without end, on 20 plain websockets."""
    target.flood(target.websockets(20), 1000 * frame(b"hello", TEXT))


@attack()
def plain_pings(target: Target) -> None:
    """Sends pings without end on 20 plain websockets, and reads no pong."""
    target.flood(target.websockets(20), 1000 * frame(b"x" * 125, PING), reading=False)


@attack()
def frames_of_terabytes(target: Target) -> None:
    """Announces frames of 2 TB, on 500 plain websockets."""
    for sock in target.websockets(500):
        sock.sendall(head_of_frame(2**41, TEXT) + b"x" * 1000)
    target.wait()
