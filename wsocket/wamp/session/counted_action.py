"""What an established session does with one type of message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.core.tally import Tally


class CountedAction:
    """Something to run, and how often messages asked for it.

    Attributes:
        run: Called with the session and the message.
        tally: Counts the messages of this type.
    """

    __slots__ = ("run", "tally")

    def __init__(self, run: Callable[[Any, Any], None], tally: Tally) -> None:
        self.run = run
        self.tally = tally
