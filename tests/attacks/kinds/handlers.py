"""Attacks that have the handlers of plain websockets keep messages."""

from __future__ import annotations

from tests.attacks.attack import Target, attack
from tests.attacks.wire import (
    COMPRESSED,
    DEFLATE,
    FINAL,
    TEXT,
    deflated,
    frame,
)

LARGE = frame(b"x" * 1_000_000, TEXT)
# One character that needs four bytes, and so do all others of its text in Python.
WIDE = frame("\N{GRINNING FACE}".encode() + b"x" * 1_000_000, TEXT)
BOMB = frame(deflated(b"x" * 1_000_000), TEXT, flags=FINAL | COMPRESSED)


@attack()
def large_echoes(target: Target) -> None:
    """Has messages of 1 MB echoed again and again, on 160 plain websockets."""
    target.flood(target.websockets(160), LARGE)


@attack()
def unread_echoes_for_many(target: Target) -> None:
    """Sends messages of 60 kB on 1,000 plain websockets, and reads no echo."""
    message = frame(b"x" * 60_000, TEXT)
    target.flood(target.websockets(1_000), message, reading=False)


@attack()
def unread_small_echoes(target: Target) -> None:
    """Sends 8,000 messages of 2 bytes at once on 900 websockets, and reads no echo."""
    messages = 8_000 * frame(b"xx", TEXT)
    target.flood(target.websockets(900), messages, reading=False)


@attack()
def large_messages_for_slow_handlers(target: Target) -> None:
    """Sends messages of 1 MB on 500 plain websockets whose handlers are slow."""
    target.flood(target.websockets(500, "/slow"), LARGE)


@attack()
def small_messages_for_slow_handlers(target: Target) -> None:
    """Sends 8,000 messages of 2 bytes at once on 900 websockets with slow handlers."""
    target.flood(target.websockets(900, "/slow"), 8_000 * frame(b"xx", TEXT))


@attack()
def wide_texts_for_slow_handlers(target: Target) -> None:
    """Sends texts of 1 MB, which take 4 MB in Python, on 100 slow plain websockets."""
    target.flood(target.websockets(100, "/slow"), WIDE)


@attack()
def bombs_for_slow_handlers(target: Target) -> None:
    """Sends 1 kB that become 1 MB again and again, on 150 slow plain websockets."""
    target.flood(target.websockets(150, "/slow", extensions=DEFLATE), BOMB)


@attack()
def echoed_bombs(target: Target) -> None:
    """Has 1 kB that become 1 MB echoed again and again, on 150 plain websockets."""
    target.flood(target.websockets(150, extensions=DEFLATE), BOMB)


@attack()
def compressed_half_messages(target: Target) -> None:
    """Sends 1 kB that become 1 MB, but not the end, on 150 plain websockets."""
    half = frame(deflated(b"x" * 1_000_000), TEXT, flags=COMPRESSED)
    for sock in target.websockets(150, extensions=DEFLATE):
        sock.sendall(half)
    target.wait()


@attack()
def unread_feeds_for_many(target: Target) -> None:
    """Opens 900 plain websockets whose handlers send without end, and never reads."""
    target.websockets(900, "/feed")
    target.wait()
