"""What has been used once, and must not be used again for some time."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Literal


class Nonces:
    """The nonces of signed requests, each remembered for the same time.

    Only those with a right signature come here: a stranger cannot fill it.

    Args:
        lifetime: Seconds for which each is remembered.
        limit: How many are remembered at most, some 150 bytes each.
    """

    def __init__(self, *, lifetime: float, limit: int) -> None:
        self._lifetime = lifetime
        self._limit = limit
        self._known: set[bytes] = set()
        self._ends: deque[tuple[float, bytes]] = deque()  # the oldest first

    def use(
        self, key: str, nonce: str, now: float
    ) -> Literal["new", "used", "no room"]:
        """Remember that a nonce is used now, by the owner of *key*.

        Args:
            now: Seconds of a clock that nobody sets.
        """
        self._forget(now)
        digest = hashlib.sha256(f"{key}\n{nonce}".encode()).digest()[:16]
        if digest in self._known:
            return "used"
        if len(self._known) >= self._limit:
            return "no room"
        self._known.add(digest)
        self._ends.append((now + self._lifetime, digest))
        return "new"

    def _forget(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= now:
            self._known.discard(self._ends.popleft()[1])
