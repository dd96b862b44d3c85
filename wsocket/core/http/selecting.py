"""Many sockets of which one thread or greenlet wants to know when they are readable."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from selectors import EVENT_READ
from typing import Any, Final, Generic, TypeVar

from gevent import monkey

_Owner = TypeVar("_Owner")

# Sockets that are looked at before others have their turn.
_BATCH: Final = 64

# gevent takes away what the system has best, where it has patched.
_new_selector: Callable[[], Any] = monkey.get_original("selectors", "DefaultSelector")


class Selecting(Generic[_Owner]):
    """Sockets, each with what it belongs to.

    `add` may be called from any thread or greenlet, also while another one waits for
    `fileno`.
    """

    def __init__(self) -> None:
        self._selector = _new_selector()
        self._ready: deque[_Owner] = deque()

    def fileno(self) -> int:
        """A descriptor that is readable when one of the sockets is."""
        descriptor: int = self._selector.fileno()
        return descriptor

    def add(self, sock: Any, owner: _Owner) -> None:
        """Look at *sock*, too."""
        self._selector.register(sock, EVENT_READ, owner)

    def remove(self, sock: Any) -> None:
        """Look at *sock* no more; its owner may be among those that are ready, still.

        Raises:
            KeyError: It was not looked at.
        """
        self._selector.unregister(sock)

    def ready(self) -> Iterator[_Owner]:
        """The owners of some that are ready: those that have waited longest."""
        if not self._ready:
            self._ready.extend(key.data for key, _ in self._selector.select(0))
        for _ in range(min(_BATCH, len(self._ready))):
            yield self._ready.popleft()

    def close(self) -> None:
        """Look at nothing any more."""
        self._selector.close()
