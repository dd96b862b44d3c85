"""The answers of one call: progressive results, then the end."""

from __future__ import annotations

from collections import deque

from wsocket.errors import CallCanceled
from wsocket.wamp.protocol import errors
from wsocket.wamp.serializers.base import Payload

# What a result keeps besides its payload, and what may wait in one call.
_OVERHEAD = 256  # bytes
_MOST_UNREAD = 16 * 2**20


class CallAnswers:
    """What has come, and was not taken yet; the first end counts.

    A call ends in `CallCanceled` if its progressive results come much faster than they
    are taken.

    Attributes:
        ended: Whether the final result has come, or what came in place of it.
    """

    def __init__(self) -> None:
        self.ended = False
        self._parts: deque[Payload] = deque()
        self._unread = 0
        self._final: Payload | None = None
        self._error: Exception | None = None

    def progress(self, payload: Payload) -> None:
        """A progressive result has come."""
        if self.ended:
            return
        self._unread += payload.size + _OVERHEAD
        if self._unread > _MOST_UNREAD:
            problem = f"more than {_MOST_UNREAD} bytes of progressive results wait"
            self.fail(CallCanceled(errors.CANCELED, problem))
        else:
            self._parts.append(payload)

    def answer(self, payload: Payload) -> None:
        """The final result has come."""
        if not self.ended:
            self._final, self.ended = payload, True

    def fail(self, error: Exception) -> None:
        """An exception has come in place of a final result."""
        if not self.ended:
            self._error, self.ended = error, True

    @property
    def must_wait(self) -> bool:
        """Whether there is neither a progressive result nor an end."""
        return not self._parts and not self.ended

    def take_part(self) -> Payload | None:
        """The next progressive result; None after the last one."""
        if not self._parts:
            return None
        part = self._parts.popleft()
        self._unread -= part.size + _OVERHEAD
        return part

    def drop_parts(self) -> None:
        """Nobody will take the progressive results."""
        self._parts.clear()
        self._unread = 0

    def final(self) -> Payload:
        """The final result, after the end; raises what came in place of it."""
        if self._error is not None:
            # Without the traceback of an earlier time.
            raise self._error.with_traceback(None)
        assert self._final is not None
        return self._final
