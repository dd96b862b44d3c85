"""How long a client waits before it connects again."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

SERVICE_RESTART = 1012
"""The close code of a server that restarts (IANA registry of RFC 6455)."""

# Larger powers of a factor are beyond floats, and beyond every `longest` long before.
_MOST_DOUBLINGS = 64


class Backoff(Struct, frozen=True, kw_only=True):
    """Waits that become longer with each failure; all times in seconds.

    Each wait is random between half of what it may be and all of it, so that the
    clients of a router do not come back at the same moment.

    Attributes:
        first: The longest wait after the first failure.
        factor: How much longer it may be after each further one.
        longest: What it never exceeds.
        restart: The shortest and the longest wait after close code 1012: all clients of
            the server have got it. The registry of close codes says 5 to 30 seconds.
        attempts: After how many failures in a row to give up; None for never.
    """

    first: float = 0.5
    factor: float = 2.0
    longest: float = 30.0
    restart: tuple[float, float] = (5.0, 30.0)
    attempts: int | None = None

    def __post_init__(self) -> None:
        low, high = self.restart
        if not 0 <= self.first <= self.longest:
            raise ValueError(
                f"Backoff: expected 0 <= first <= longest, got first={self.first!r} "
                f"and longest={self.longest!r}"
            )
        if self.factor < 1:
            raise ValueError(f"Backoff.factor: expected 1 or more, got {self.factor!r}")
        if not 0 <= low <= high:
            raise ValueError(
                f"Backoff.restart: expected (shortest, longest), got {self.restart!r}"
            )
        if self.attempts is not None and self.attempts < 1:
            raise ValueError(
                f"Backoff.attempts: expected 1 or more, or None, got {self.attempts!r}"
            )

    def delay(
        self, failures: int, random: Callable[[], float], *, code: int | None = None
    ) -> float | None:
        """Seconds to wait; None: give up.

        Args:
            failures: How many attempts in a row have failed; 0 after a session that
                had joined.
            random: Uniform in [0, 1).
            code: The close code of the last connection, if there was one.
        """
        if self.attempts is not None and failures >= self.attempts:
            return None
        if code == SERVICE_RESTART:
            low, high = self.restart
            return low + (high - low) * random()
        power = self.factor ** min(failures, _MOST_DOUBLINGS)
        most = min(self.longest, self.first * power)
        return most * (1 + random()) / 2
