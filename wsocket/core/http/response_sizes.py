"""Which paths are answered with little: they need not wait while memory is scarce."""

from __future__ import annotations

# Bytes of a response that are nothing to wait for.
_LITTLE = 65536

# After a large response so many small ones of the same path must follow.
_DOUBT = 4

# Paths are what clients send. When there are so many, all are forgotten.
_MOST = 4096


class ResponseSizes:
    """What the responses of each path were like, lately.

    Methods may be called from any thread or greenlet.
    """

    def __init__(self) -> None:
        self._doubts: dict[int, int] = {}  # by the path's hash: a path may be long

    def note(self, target: str, size: int) -> None:
        """A request for *target* was answered with *size* bytes."""
        doubts, path = self._doubts, _path(target)
        before = doubts.get(path)
        if before is None and len(doubts) >= _MOST:
            doubts.clear()
        if size > _LITTLE:
            doubts[path] = _DOUBT
        elif before != 0:
            doubts[path] = (before or 1) - 1

    def little(self, target: str) -> bool:
        """Whether a response to *target* will probably be small."""
        return self._doubts.get(_path(target)) == 0


def _path(target: str) -> int:
    return hash(target.partition("?")[0])
