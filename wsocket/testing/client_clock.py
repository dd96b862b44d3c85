"""The clock of a client: the test moves it."""

from __future__ import annotations

from wsocket.core.checks import check_seconds
from wsocket.testing.conversation import Conversation
from wsocket.testing.world import TestedWorld

# Real seconds for which code that works may say something before the clock moves.
_BEFORE = 0.2


class ClientClock:
    """The time of the application. It stands still until `advance`."""

    def __init__(
        self, world: TestedWorld, conversation: Conversation, timeout: float
    ) -> None:
        self._world = world
        self._conversation = conversation
        self._timeout = timeout

    @property
    def now(self) -> float:
        """Seconds that have passed since the first client was opened."""
        return self._world.clock.passed

    def advance(self, seconds: float) -> None:
        """Let time pass: what is due meanwhile happens, in its order.

        Raises:
            ValueError: *seconds* is negative, or no number.
            ConversationFailure: That takes too many real seconds.
        """
        check_seconds("seconds", seconds, least=0)
        self._world.settle(_BEFORE)  # so that what was said before is noted before
        self._conversation.note(f"{seconds:g} seconds pass")
        timeout = self._timeout + seconds / 100  # a heartbeat takes a part of one ms
        try:
            self._world.advance(seconds, timeout)
        except TimeoutError:
            raise self._conversation.failure(
                f"advance({seconds:g}) took more than {timeout:g} real seconds: now it "
                f"is {self.now:g}"
            ) from None
