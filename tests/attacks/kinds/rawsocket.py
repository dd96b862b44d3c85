"""Attacks over RawSocket."""

from __future__ import annotations

import struct

from tests.attacks.attack import Target, attack, joined

PING = 1


@attack()
def rawsocket_connections_without_handshake(target: Target) -> None:
    """Opens 4,000 RawSocket connections, and sends half of a handshake."""
    for _ in range(target.number(4_000)):
        target.dial_rawsocket().sendall(b"\x7f\xf1")


@attack()
def rawsocket_half_messages(target: Target) -> None:
    """Sends 1 MB of a message on each of 500 RawSocket connections, but not its end."""
    payload = b'[16,1,{},"com.topic",["' + b"x" * 1_000_000
    for _ in range(target.number(500)):
        [session] = joined([target.attach_rawsocket()])
        session.sock.sendall(struct.pack(">L", len(payload) + 3) + payload)
    target.wait()


@attack()
def rawsocket_pings(target: Target) -> None:
    """Sends RawSocket's PING of 1 kB without end, and reads no PONG."""
    sessions = joined([target.attach_rawsocket() for _ in range(20)])
    ping = struct.pack(">L", PING << 24 | 1000) + b"x" * 1000
    target.flood(sessions, 100 * ping, reading=False)


@attack()
def rawsocket_large_pings(target: Target) -> None:
    """Sends PINGs of 1 MB on 100 RawSocket connections, and reads no PONG."""
    sessions = joined([target.attach_rawsocket() for _ in range(100)])
    ping = struct.pack(">L", PING << 24 | 1_000_000) + b"x" * 1_000_000
    target.flood(sessions, ping, reading=False)


@attack()
def rawsocket_publishes(target: Target) -> None:
    """Publishes without end over 20 RawSocket connections, and reads no event."""
    sessions = joined([target.attach_rawsocket() for _ in range(20)])
    for session in sessions:
        session.send([32, 1, {}, "com.topic"])
    event = sessions[0].encoded(
        [16, 1, {"exclude_me": False}, "com.topic", ["x" * 1000]]
    )
    target.flood(sessions, 100 * event, reading=False)
