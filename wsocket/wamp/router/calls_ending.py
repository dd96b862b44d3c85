"""Waiting until the calls that are under way have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wsocket.wamp.rpc.routed_call import RoutedCall

# Seconds between two looks. To be told of the end of a call would cost every call.
LOOK = 0.05


class CallsEnding:
    """Waits for the calls that are under way now, but not for later ones.

    A client that calls all the time would otherwise never let the router end.

    Args:
        calls: Returns the calls that are under way.
        call_later: ``call_later(seconds, callback)`` of the loop.
        timeout: Seconds to wait at most.
        ended: Called when all have ended.
    """

    def __init__(
        self,
        calls: Callable[[], Iterator[RoutedCall]],
        *,
        call_later: Callable[[float, Callable[[], None]], object],
        timeout: float,
        ended: Callable[[], None],
    ) -> None:
        self._calls = calls
        self._call_later = call_later
        self._looks = timeout / LOOK
        self._ended = ended
        self._left = set(calls())
        self._look()

    def _look(self) -> None:
        self._left.intersection_update(self._calls())
        self._looks -= 1
        if not self._left:
            self._ended()
        elif self._looks > 0:
            self._call_later(LOOK, self._look)
