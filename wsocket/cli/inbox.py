"""What a session brings to the main thread, which prints it.

A session calls handlers in threads of its own. Printing may block, and a closed pipe or
Ctrl-C must end the command: both are for the main thread.
"""

from __future__ import annotations

import queue
from typing import Generic, TypeVar

from wsocket.cli import ctrl_c

_ItemT = TypeVar("_ItemT")

# Items that wait to be printed. Then the session does not read any more, so the router
# knows that this client is slow.
_MOST = 1000

# Seconds between two looks, whether anybody still takes something, and for Ctrl-C.
_PERIOD = 0.2


class Inbox(Generic[_ItemT]):
    """A queue from the threads of a session to the main thread."""

    def __init__(self) -> None:
        self._items: queue.Queue[_ItemT] = queue.Queue(_MOST)
        self._closed = False

    def put(self, item: _ItemT) -> None:
        """Bring an item; waits for room, unless nothing is taken any more."""
        while not self._closed:
            try:
                return self._items.put(item, timeout=_PERIOD)
            except queue.Full:
                continue

    def take(self) -> _ItemT:
        """Wait for the next item.

        Raises:
            KeyboardInterrupt: Ctrl-C, at most `_PERIOD` late.
        """
        while True:
            with ctrl_c.Postponed():
                try:
                    return self._items.get(timeout=_PERIOD)
                except queue.Empty:
                    continue

    def close(self) -> None:
        """Take nothing any more."""
        self._closed = True
