"""What a session tells of its connections, as a test waits for it."""

from __future__ import annotations

import queue

from tests.patience import SECONDS
from wsocket.client import Backoff
from wsocket.client.states import StateChange

QUICK = Backoff(first=0.01, longest=0.05, restart=(0.02, 0.03))


class States:
    """What a session tells: ``connect(on_state=...)``."""

    def __init__(self) -> None:
        self._changes: queue.Queue[StateChange] = queue.Queue()

    def __call__(self, change: StateChange) -> None:
        self._changes.put(change)

    def until(self, state: str) -> StateChange:
        """Wait for a change to *state*, and return it."""
        while True:
            change = self._changes.get(timeout=SECONDS)
            if change.state == state:
                return change

    def next(self) -> StateChange:
        """Wait for the next change."""
        return self._changes.get(timeout=SECONDS)
