"""What was said in the test that runs, for whoever reports that it has failed."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wsocket.testing.conversation import Conversation

_KEPT: Final = 5  # a test with generated examples has a client for each of them


class RecentConversations:
    """The conversations of the clients that are open, and of those just closed."""

    def __init__(self) -> None:
        self._open: list[Conversation] = []
        self._closed: deque[Conversation] = deque(maxlen=_KEPT)

    def begun(self, conversation: Conversation) -> None:
        """A client was opened."""
        self._open.append(conversation)

    def ended(self, conversation: Conversation) -> None:
        """It is closed."""
        self._open.remove(conversation)
        self._closed.append(conversation)

    def forget(self) -> None:
        """Another test begins: forget the clients that are closed."""
        self._closed.clear()

    def untold(self, error: BaseException | None) -> list[str]:
        """The conversations that *error* does not print anyway."""
        recent = [*self._closed, *self._open]
        return [str(each) for each in recent if not each.is_told_by(error)]


recent_conversations = RecentConversations()
