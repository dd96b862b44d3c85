"""Prefixes: which of them fit a URI.

There is one look-up for each length that exists. Strings are cut into pieces, so that
the URI's start is not copied and hashed again for each of thousands of lengths
(decision 048)."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from typing import Final, Generic, TypeVar

_EntryT = TypeVar("_EntryT")

PIECE: Final = 256
"""Characters of a piece. Hardly any URI is longer, so most have one piece."""


class Prefixes(Generic[_EntryT]):
    """Prefixes are compared as strings: ``com.app`` fits ``com.apple``."""

    def __init__(self) -> None:
        self._entries: dict[str, _EntryT] = {}
        self._root = _Piece[_EntryT]()

    def __bool__(self) -> bool:
        return bool(self._entries)

    def entries(self) -> Iterable[_EntryT]:
        """All entries."""
        return self._entries.values()

    def get(self, uri: str) -> _EntryT | None:
        """The entry of exactly this prefix."""
        return self._entries.get(uri)

    def add(self, uri: str, entry: _EntryT) -> None:
        """Add an entry for a prefix that has none."""
        self._entries[uri] = entry
        piece = self._root
        for key in _whole_pieces(uri):
            following = piece.following.get(key)
            if following is None:
                following = piece.following[key] = _Piece()
            piece = following
        piece.add(_rest(uri), entry)

    def remove(self, uri: str) -> None:
        """Remove the entry of a prefix.

        Raises:
            KeyError: The prefix has no entry.
        """
        del self._entries[uri]
        keys = _whole_pieces(uri)
        path = [self._root]
        for key in keys:
            path.append(path[-1].following[key])
        path[-1].remove(_rest(uri))
        # Remove the pieces that no prefix uses any more.
        for key in reversed(keys):
            piece = path.pop()
            if piece.entries or piece.following:
                return
            del path[-1].following[key]

    def matching(self, uri: str) -> list[_EntryT]:
        """Entries that fit *uri*, the shortest first."""
        found: list[_EntryT] = []
        piece: _Piece[_EntryT] | None = self._root
        start = 0
        while piece is not None:
            text = uri[start : start + PIECE]
            piece.collect(text, found)
            piece = piece.following.get(text)
            start += PIECE
        return found


def _whole_pieces(uri: str) -> list[str]:
    """The pieces of a prefix, without a shorter one at the end."""
    return [uri[at : at + PIECE] for at in range(0, len(uri) - PIECE + 1, PIECE)]


def _rest(uri: str) -> str:
    """What comes after the whole pieces of a prefix."""
    return uri[len(uri) // PIECE * PIECE :]


class _Piece(Generic[_EntryT]):
    """Prefixes that begin with the same pieces.

    Attributes:
        entries: Those that end in this piece, by their part of it.
        following: The others, by the whole piece.
    """

    __slots__ = ("_count", "_lengths", "entries", "following")

    def __init__(self) -> None:
        self.entries: dict[str, _EntryT] = {}
        self.following: dict[str, _Piece[_EntryT]] = {}
        self._count: dict[int, int] = {}  # length -> how many prefixes have it
        self._lengths: list[int] = []  # of the prefixes that exist, ascending

    def add(self, rest: str, entry: _EntryT) -> None:
        self.entries[rest] = entry
        size = len(rest)
        if size not in self._count:
            insort(self._lengths, size)
        self._count[size] = self._count.get(size, 0) + 1

    def remove(self, rest: str) -> None:
        del self.entries[rest]
        size = len(rest)
        self._count[size] -= 1
        if not self._count[size]:
            del self._count[size]
            self._lengths.remove(size)

    def collect(self, text: str, found: list[_EntryT]) -> None:
        """Add the entries that fit *text*, this piece of a URI, to *found*."""
        longest = len(text)
        for size in self._lengths:
            if size > longest:
                return
            entry = self.entries.get(text[:size])
            if entry is not None:
                found.append(entry)
