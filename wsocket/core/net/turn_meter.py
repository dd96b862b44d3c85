"""How long the turns of the loop are: for so long everybody waits."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from wsocket.core.net.loop import Loop


class TurnMeter:
    """Measures each turn, from its first callback to the next wait for sockets.

    It costs about a microsecond a turn, so it is started when somebody first asks.
    """

    def __init__(self, loop: Loop) -> None:
        self._began = perf_counter()
        self._longest = 0.0
        self._watchers: list[Any] = loop.around_turns(self._begin, self._end)

    def take(self) -> float:
        """Seconds of the longest turn since this was asked last."""
        longest, self._longest = self._longest, 0.0
        return longest

    def _begin(self) -> None:
        self._began = perf_counter()

    def _end(self) -> None:
        self._longest = max(self._longest, perf_counter() - self._began)
