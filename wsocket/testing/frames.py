"""The client's side of RFC 6455 framing: masked frames out, unmasked frames in."""

from __future__ import annotations

import os
from typing import Final, NamedTuple

from wsocket.core.websocket.fast_frames import apply_mask

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

_FIN: Final = 0x80
_MASKED: Final = 0x80


class AppFrame(NamedTuple):
    """A frame of the application, or a message that came in several of them."""

    opcode: int
    payload: bytes


def masked_frame(opcode: int, payload: bytes) -> bytes:
    """One frame with a whole message (RFC 6455 section 5.2)."""
    size, mask = len(payload), os.urandom(4)
    if size < 126:
        length = bytes((_MASKED | size,))
    elif size < 1 << 16:
        length = bytes((_MASKED | 126,)) + size.to_bytes(2, "big")
    else:
        length = bytes((_MASKED | 127,)) + size.to_bytes(8, "big")
    return bytes((_FIN | opcode,)) + length + mask + apply_mask(payload, mask)


class AppFrames:
    """Decodes what the application sends. Its frames are never masked."""

    def __init__(self) -> None:
        self._data = b""
        self._opcode = 0
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[AppFrame]:
        """The frames that *data* completes; a message in parts counts as one."""
        self._data += data
        frames = []
        while (taken := self._take()) is not None:
            first, payload = taken
            whole = self._whole(first & 0x0F, payload, final=bool(first & _FIN))
            if whole is not None:
                frames.append(whole)
        return frames

    def _whole(self, opcode: int, payload: bytes, *, final: bool) -> AppFrame | None:
        if opcode >= CLOSE:  # between the parts of a message
            return AppFrame(opcode, payload)
        if opcode != CONTINUATION:
            self._opcode = opcode
        self._parts.append(payload)
        if not final:
            return None
        parts, self._parts = self._parts, []
        return AppFrame(self._opcode, b"".join(parts))

    def _take(self) -> tuple[int, bytes] | None:
        """First byte and payload of the next frame; None if it is not complete."""
        data = self._data
        if len(data) < 2:
            return None
        size, start = data[1], 2
        if size > 125:
            start = 4 if size == 126 else 10
            if len(data) < start:
                return None
            size = int.from_bytes(data[2:start], "big")
        if len(data) < start + size:
            return None
        self._data = data[start + size :]
        return data[0], data[start : start + size]
