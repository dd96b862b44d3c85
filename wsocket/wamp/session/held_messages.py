"""Messages that wait while an authorizer is asked about an earlier one."""

from __future__ import annotations

from collections import deque

from wsocket.core.budget import Budget
from wsocket.wamp.protocol.client_messages import ClientMessage
from wsocket.wamp.session.waiting_size import waiting_size


class HeldMessages:
    """A queue whose messages are charged to the budget of their session.

    Attributes:
        questions: How many answers of the authorizer are awaited.
    """

    __slots__ = ("_budget", "_messages", "questions")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._messages: deque[tuple[ClientMessage, int]] = deque()
        self.questions = 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: ClientMessage, size: int) -> Budget | None:
        """Add a message, of *size* bytes on the wire.

        Returns:
            The budget that is exhausted, and the message is not added.
        """
        lacking = self._budget.take(waiting_size(message, size))
        if lacking is None:
            self._messages.append((message, size))
        return lacking

    def take(self) -> tuple[ClientMessage, int]:
        """Remove the oldest message, and return it with its size."""
        message, size = self._messages.popleft()
        self._budget.give_back(waiting_size(message, size))
        return message, size

    def clear(self) -> None:
        """Forget all messages."""
        while self._messages:
            self.take()
