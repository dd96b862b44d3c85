"""What a `FrameDecoder` makes of bytes: messages, control frames, violations."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from wsocket.core.net.held_back import HeldBack
from wsocket.errors import ProtocolError


class Ping(NamedTuple):
    """The peer asks for a Pong with the same payload (RFC 6455 section 5.5.2)."""

    payload: bytes


class Pong(NamedTuple):
    """The answer to a Ping, or an unsolicited heartbeat (RFC 6455 section 5.5.3)."""

    payload: bytes


class Close(NamedTuple):
    """The peer's Close frame; `code` is 1005 when it carries none (section 7.1.5)."""

    code: int
    reason: str


NoMessage: TypeAlias = Ping | Pong | Close | HeldBack | ProtocolError

# A text message is a str, a binary message is bytes.
WebSocketEvent: TypeAlias = str | bytes | NoMessage
