"""Items that the loop brings, one by one, to a thread or greenlet that waits."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

from wsocket.core.loop import Loop
from wsocket.core.waiter import Waiter

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """A queue from the loop to one consumer."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._items: deque[Item] = deque()
        self._waiter: Waiter[None] | None = None
        # Held for a few instructions only, and never while a greenlet switches.
        self._lock = threading.Lock()

    def put(self, item: Item) -> None:
        """Bring an item; on the loop."""
        with self._lock:
            self._items.append(item)
            waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.set(None)

    def get(self, timeout: float | None = None) -> Item:
        """Take the next item; TimeoutError if none comes within *timeout* seconds."""
        with self._lock:
            if self._items:
                return self._items.popleft()
            waiter = self._waiter = Waiter[None](self._loop)
        waiter.wait(timeout)
        with self._lock:
            return self._items.popleft()
