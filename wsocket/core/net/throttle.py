"""How fast one connection may send (`Limits.messages_per_second` and the like)."""

from __future__ import annotations

from wsocket.core.net.limits import Limits
from wsocket.core.token_bucket import TokenBucket


class Throttle:
    """Says how long to wait before more is read from a connection.

    Args:
        now: Seconds of a clock that never goes back.
    """

    __slots__ = ("_bytes", "_messages")

    def __init__(self, limits: Limits, *, now: float) -> None:
        self._messages = _bucket(limits.messages_per_second, now)
        self._bytes = _bucket(limits.bytes_per_second, now)

    def messages(self, number: int, now: float) -> float:
        """So many more messages have come: seconds to wait before the next one."""
        return 0.0 if self._messages is None else self._messages.take(number, now)

    def read(self, size: int, now: float) -> float:
        """*size* bytes were read: seconds to wait before they are handled."""
        return 0.0 if self._bytes is None else self._bytes.take(size, now)


def _bucket(rate: float, now: float) -> TokenBucket | None:
    return TokenBucket(rate, burst=max(1.0, rate), now=now) if rate else None
