"""Messages that wait while an authorizer is asked about an earlier one."""

from __future__ import annotations

from collections import deque

from wsocket.wamp.protocol.client_messages import ClientMessage

_LIMIT_MESSAGES = 10_000
_LIMIT_BYTES = 16 * 2**20

TOO_MANY_HELD = (
    f"more than {_LIMIT_MESSAGES} messages or {_LIMIT_BYTES} bytes wait for an "
    "authorizer"
)


class HeldMessages:
    """A queue with limits for messages and bytes; its owner must look at `fits`.

    Attributes:
        questions: How many answers of the authorizer are awaited.
    """

    __slots__ = ("_bytes", "_messages", "questions")

    def __init__(self) -> None:
        self._messages: deque[tuple[ClientMessage, int]] = deque()
        self._bytes = 0
        self.questions = 0

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def fits(self) -> bool:
        """Whether the queue is within both limits."""
        return len(self._messages) <= _LIMIT_MESSAGES and self._bytes <= _LIMIT_BYTES

    def put(self, message: ClientMessage, size: int) -> None:
        """Add a message, of *size* bytes on the wire."""
        self._messages.append((message, size))
        self._bytes += size

    def take(self) -> ClientMessage:
        """Remove the oldest message and return it."""
        message, size = self._messages.popleft()
        self._bytes -= size
        return message

    def extend(self, later: HeldMessages) -> None:
        """Move all messages of *later* to the end of this queue."""
        self._messages.extend(later._messages)
        self._bytes += later._bytes
        later._messages.clear()
        later._bytes = 0
