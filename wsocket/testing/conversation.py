"""Who said what, and when: what a failing test prints."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from typing import Final, TypeVar

from wsocket.core.concurrency.short_lock import short_lock

_ErrorT = TypeVar("_ErrorT", bound=BaseException)

_LINES: Final = 60  # the last ones
_WIDTH: Final = 160  # characters of each text


class ConversationFailure(AssertionError):
    """What a test expected of the application did not happen.

    The message ends with the conversation.
    """


class Conversation:
    """The messages between a client and the application, as lines of text.

    Methods may be called from any thread.

    Args:
        now: Seconds that the clock was moved.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = short_lock()
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._count = 0
        self._told = str(self)  # what the last exception has got of it

    def sent(self, who: str, text: str) -> None:
        """*who* has sent something to the application."""
        self._add(f"{who} -> app: {text}")

    def received(self, who: str, text: str) -> None:
        """*who* has got something from the application."""
        self._add(f"app -> {who}: {text}")

    def note(self, text: str) -> None:
        """Something else that has happened."""
        self._add(f"({text})")

    def failure(self, problem: str) -> ConversationFailure:
        """The exception to raise because of *problem*."""
        self._told = str(self)
        return ConversationFailure(f"{problem}\n\n{self._told}")

    def explained(self, error: _ErrorT) -> _ErrorT:
        """The same exception; if a test does not expect it, this is printed with it.

        Python has notes of exceptions from 3.11 on.
        """
        if sys.version_info >= (3, 11) and not self.is_told_by(error):
            self._told = str(self)
            error.add_note(f"\n{self._told}")
        return error

    def is_told_by(self, error: BaseException | None) -> bool:
        """Whether *error*, or one that it came from, has the conversation already."""
        while error is not None:
            texts = [str(error), *getattr(error, "__notes__", ())]
            if any(self._told in text for text in texts):
                return True
            error = error.__cause__ or error.__context__
        return False

    def end(self) -> None:
        """The client is closed, and its clock is gone: the time stands still."""
        now = self._now()
        self._now = lambda: now

    def __str__(self) -> str:
        with self._lock:
            lines, count = list(self._lines), self._count
        if not lines:
            return "The conversation: nothing was said."
        left_out = count - len(lines)
        title = "The conversation, with the seconds of the clock:"
        if left_out:
            title += f"\n  ... {left_out} earlier lines"
        return "\n".join([title, *lines])

    def _add(self, text: str) -> None:
        with self._lock:
            self._count += 1
            self._lines.append(f"  {self._now():9.3f}  {bounded(text)}")


def bounded(text: str) -> str:
    """A text that may be long, in at most one and a half lines."""
    if len(text) <= _WIDTH:
        return text
    return f"{text[:_WIDTH]}... ({len(text)} characters)"
