"""How often something may happen: token buckets."""

from __future__ import annotations


class TokenBucket:
    """A rate, and how much may come at once.

    Args:
        rate: How much a second.
        burst: How much at once.
        now: Seconds of a clock that never goes back.
    """

    __slots__ = ("_rate", "_size", "_tokens", "_updated")

    def __init__(self, rate: float, *, burst: float, now: float) -> None:
        self._rate = rate
        self._size = self._tokens = burst
        self._updated = now

    def take(self, amount: float, now: float) -> float:
        """Take *amount*, also what is not there yet.

        Returns:
            Seconds until it is there; 0.0 if it is.
        """
        self._refill(now)
        self._tokens -= amount
        return max(0.0, -self._tokens / self._rate)

    def has_one(self, now: float) -> bool:
        """Whether one could be taken without waiting."""
        self._refill(now)
        return self._tokens >= 1.0

    def _refill(self, now: float) -> None:
        earned = (now - self._updated) * self._rate
        self._tokens = min(self._size, self._tokens + earned)
        self._updated = now
