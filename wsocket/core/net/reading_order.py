"""Who is read next, when there is no time to read all sockets that are ready."""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, Protocol, TypeVar

# Of so many that are read, one is a demanding one, however many others wait.
_ROUND: Final = 8


class ToBeRead(Protocol):
    """Who waits to be read.

    Attributes:
        demanding: Whether its last read took long.
    """

    demanding: bool


_ToBeRead = TypeVar("_ToBeRead", bound=ToBeRead)


class ReadingOrder(Generic[_ToBeRead]):
    """Those that wait: first those whose last read took little time.

    So a client that sends now and then is read before a thousand that send without an
    end. Otherwise it is first come, first served.
    """

    def __init__(self) -> None:
        self._all: set[_ToBeRead] = set()
        self._modest: deque[_ToBeRead] = deque()
        self._demanding: deque[_ToBeRead] = deque()
        self._number = 0

    def add(self, reader: _ToBeRead) -> bool:
        """*reader* waits; False if it did already."""
        if reader in self._all:
            return False
        self._all.add(reader)
        (self._demanding if reader.demanding else self._modest).append(reader)
        return True

    def next(self) -> _ToBeRead:
        """Who is read now; called as often as `add` said True."""
        self._number += 1
        first, second = self._modest, self._demanding
        if self._number % _ROUND == 0:
            first, second = second, first
        reader = (first or second).popleft()
        self._all.discard(reader)
        return reader
