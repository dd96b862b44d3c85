"""Frames of a server, as the client reads them: in any portions."""

from __future__ import annotations

from collections.abc import Iterable

from tests.fuzz.byte_source import ByteSource, portions
from wsocket.client.websocket_messages import WebSocketMessages
from wsocket.core.websocket.opcodes import BINARY, TEXT
from wsocket.errors import ProtocolError


def run_one(data: bytes) -> object:
    """Feed a reader; the first bytes say how."""
    source = ByteSource(data)
    kind, sizes = source.pick((TEXT, BINARY)), source.take(3)
    limit = source.pick((100, 200, 70_000))
    wire = source.rest()
    outcome = read([wire], kind, limit)
    assert read(portions(wire, sizes), kind, limit) == outcome
    assert read(portions(wire, b"\x01"), kind, limit) == outcome
    return outcome


def read(parts: Iterable[bytes], kind: int, limit: int) -> list[object]:
    """What was read: messages, why that ended, the Pings, whether and how it closed."""
    pings: list[bytes] = []
    messages = WebSocketMessages(kind, limit=limit, pong=pings.append)
    found: list[object] = []
    for part in parts:
        messages.feed(part)
        try:
            while messages:
                message = messages.next()
                assert len(message) <= limit
                if kind == TEXT:
                    message.decode()
                found.append(message)
        except ProtocolError as error:
            assert not messages.closed or error.code in (1002, 1007)
            found.append((error.problem, error.code))
    assert all(len(each) <= 125 for each in pings)
    return [found, pings, messages.closed, messages.code]
