"""What a websocket of a test gets: whole messages."""

from __future__ import annotations

from wsocket.core.websocket.frames import CLOSE, CONTINUATION
from wsocket.core.websocket.server_frames import ServerFrame, ServerFrames


class WholeFrames:
    """Decodes what the application sends; a message in several frames becomes one."""

    def __init__(self) -> None:
        self._frames = ServerFrames()
        self._opcode = 0
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[ServerFrame]:
        """The frames that *data* completes; a message in parts counts as one."""
        frames = map(self._whole, self._frames.feed(data))
        return [each for each in frames if each is not None]

    def _whole(self, frame: ServerFrame) -> ServerFrame | None:
        if frame.opcode >= CLOSE:  # between the parts of a message
            return frame
        if frame.opcode != CONTINUATION:
            self._opcode = frame.opcode
        self._parts.append(frame.payload)
        if not frame.final:
            return None
        parts, self._parts = self._parts, []
        return ServerFrame(self._opcode, b"".join(parts))
