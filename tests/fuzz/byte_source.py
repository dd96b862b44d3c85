"""Choices that are made by the bytes of a fuzzer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


class ByteSource:
    """Takes one choice after the other from *data*; zeros when there is no more."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pos = 0

    def __bool__(self) -> bool:
        """Whether bytes are left."""
        return self._pos < len(self._data)

    def byte(self) -> int:
        """A number below 256."""
        taken = self.take(1)
        return taken[0] if taken else 0

    def below(self, limit: int) -> int:
        """A number below *limit*, which is at most 256."""
        return self.byte() % limit

    def pick(self, choices: Sequence[T]) -> T:
        """One of *choices*."""
        return choices[self.below(len(choices))]

    def take(self, size: int) -> bytes:
        """The next *size* bytes, or as many as there are."""
        taken = self._data[self._pos : self._pos + size]
        self._pos += len(taken)
        return taken

    def rest(self) -> bytes:
        """All bytes that are left."""
        return self.take(len(self._data))


def portions(data: bytes, sizes: bytes) -> Iterator[bytes]:
    """*data* in portions of *sizes*, again and again; a size of 0 is the rest."""
    pos = turn = 0
    while pos < len(data):
        size = sizes[turn % len(sizes)] if sizes else 0
        end = pos + size if size else len(data)
        yield data[pos:end]
        pos, turn = end, turn + 1
