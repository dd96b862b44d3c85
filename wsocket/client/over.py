"""How one connection of a client has ended, and what comes next."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from wsocket.client.backoff import Backoff
from wsocket.errors import ConnectionLost


class Over(Struct, frozen=True):
    """One connection is over.

    Attributes:
        error: Why; None if this client has left.
        final: Whether it is of no use to connect again.
        joined: Whether it had a session.
        code: The close code of the router, if it sent one.
    """

    error: Exception | None
    final: bool
    joined: bool
    code: int | None = None


class Attempts:
    """Whether to connect again, and when.

    Args:
        backoff: None: never.
        random: Uniform in [0, 1).

    Attributes:
        had_session: Whether there ever was a session: the first attempt is made once.
    """

    def __init__(self, backoff: Backoff | None, random: Callable[[], float]) -> None:
        self.had_session = False
        self._backoff = backoff
        self._random = random
        self._failures = 0

    def delay_after(self, over: Over) -> float | None:
        """Seconds until the next attempt; None: there is none."""
        self._failures = 0 if over.joined else self._failures + 1
        if over.final or self._backoff is None or not self.had_session:
            return None
        return self._backoff.delay(self._failures, self._random, code=over.code)


def closed_with(code: int | None) -> str:
    """What has happened when the router has closed the connection."""
    return "the router closed the connection" + (f" (code {code})" if code else "")


def own_failure(error: BaseException) -> ConnectionLost:
    """What a session is told when code on this side has failed, such as a login's."""
    what = type(error).__name__
    lost = ConnectionLost(f"the client itself has failed: {what}: {error}")
    lost.__cause__ = error
    return lost
