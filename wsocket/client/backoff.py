"""How long a client waits before it connects again."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from wsocket.core.checks import check_integer, check_list, check_rate, check_seconds

SERVICE_RESTART = 1012
"""The close code of a server that restarts (IANA registry of RFC 6455)."""

# Larger powers of a factor are beyond floats, and beyond every `longest` long before.
_MOST_DOUBLINGS = 64
_LARGEST_FACTOR = 1000

# With shorter waits, in seconds, a client keeps a processor busy.
_LEAST = 0.01

_MOST_ATTEMPTS = 1_000_000


class Backoff(Struct, frozen=True, kw_only=True):
    """Waits that become longer with each failure; all times in seconds.

    Each wait is random between half of what it may be and all of it, so that the
    clients of a router do not come back at the same moment.

    Attributes:
        first: The longest wait after the first failure; 0.01 at least.
        factor: How much longer it may be after each further one.
        longest: What it never exceeds.
        restart: The shortest and the longest wait after close code 1012: all clients of
            the server have got it. The registry of close codes says 5 to 30 seconds.
        attempts: After how many failures in a row to give up; None for never.

    Raises:
        TypeError, ValueError: One of them is invalid.
    """

    first: float = 0.5
    factor: float = 2.0
    longest: float = 30.0
    restart: tuple[float, float] = (5.0, 30.0)
    attempts: int | None = None

    def __post_init__(self) -> None:
        check_seconds("Backoff.first", self.first, least=_LEAST)
        longest = "Backoff.longest, no shorter than first"
        check_seconds(longest, self.longest, least=self.first)
        check_rate("Backoff.factor", self.factor)
        if not 1 <= self.factor <= _LARGEST_FACTOR:
            raise ValueError(
                f"Backoff.factor: expected 1 to {_LARGEST_FACTOR}, got {self.factor!r}"
            )
        check_list("Backoff.restart", self.restart)
        if len(self.restart) != 2:
            raise ValueError(
                f"Backoff.restart: expected (shortest, longest), got {self.restart!r}"
            )
        low, high = self.restart
        check_seconds("Backoff.restart, the shortest", low, least=0)
        check_seconds("Backoff.restart, the longest", high, least=max(low, _LEAST))
        if self.attempts is not None:
            check_integer("Backoff.attempts", self.attempts, low=1, high=_MOST_ATTEMPTS)

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
