"""Frames that wait for a receiver that is slower than those who send to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TypeAlias

# What is written as one piece: a frame, or the parts of a large one. To join the parts
# would be to copy them.
Frame: TypeAlias = bytes | tuple[bytes | memoryview, ...]


class Droppable(bytes):
    """A frame that may be dropped when its receiver is too slow to take it."""

    __slots__ = ()


class Outbox:
    """Frames that wait, the oldest first.

    Args:
        messages: How many frames may wait.
        size: How many bytes may wait.
    """

    __slots__ = ("_frames", "_messages", "_size", "_waiting")

    def __init__(self, *, messages: int, size: int) -> None:
        self._messages = messages
        self._size = size
        self._frames: deque[bytes | memoryview] = deque()
        self._waiting = 0  # bytes

    def __len__(self) -> int:
        return len(self._frames)

    def __str__(self) -> str:
        return (
            f"{len(self._frames)} messages, {self._waiting} bytes wait "
            f"(limits: {self._messages} messages, {self._size} bytes)"
        )

    @property
    def size(self) -> int:
        """How many bytes wait."""
        return self._waiting

    @property
    def fits(self) -> bool:
        """Whether both limits are kept."""
        return len(self._frames) <= self._messages and self._waiting <= self._size

    def extend(self, frames: Sequence[bytes | memoryview]) -> None:
        """Add *frames* at the end."""
        self._frames.extend(frames)
        self._waiting += sum(map(len, frames))

    def take(self, size: int) -> list[bytes | memoryview]:
        """Take the oldest frame, and more as long as all have at most *size* bytes."""
        frames = self._frames
        taken = [frames.popleft()]
        total = len(taken[0])
        while frames and total + len(frames[0]) <= size:
            total += len(frames[0])
            taken.append(frames.popleft())
        self._waiting -= total
        return taken

    def put_back(self, frames: Sequence[bytes | memoryview], sent: int) -> None:
        """Return to the head what is left of *frames* after *sent* bytes."""
        rest: list[bytes | memoryview] = []
        for frame in frames:
            size = len(frame)
            if sent >= size:
                sent -= size
                continue
            # The rest of a frame must not be dropped: a memoryview is no Droppable.
            rest.append(memoryview(frame)[sent:] if sent else frame)
            self._waiting += size - sent
            sent = 0
        self._frames.extendleft(reversed(rest))

    def drop_oldest(self) -> int:
        """Drop the oldest droppable frames until the rest `fits`, or none is left.

        Returns:
            How many were dropped.
        """
        return self._drop(len(self._frames) - self._messages, self._size)

    def shrink(self, size: int) -> int:
        """Drop the oldest droppable frames while more than *size* bytes wait.

        Returns:
            How many were dropped.
        """
        return self._drop(0, size)

    def _drop(self, excess: int, size: int) -> int:
        """Drop the oldest droppable frames: *excess* of them, and until *size* fits."""
        frames = self._frames
        dropped = 0
        kept: list[bytes | memoryview] = []
        while frames and (dropped < excess or self._waiting > size):
            frame = frames.popleft()
            if type(frame) is Droppable:
                dropped += 1
                self._waiting -= len(frame)
            else:
                kept.append(frame)
        frames.extendleft(reversed(kept))
        return dropped
