"""Which patterns fit a URI: the look-up table of broker and dealer.

The cost depends on the length of the URI, not on the number of entries. Exact URIs are
in a dict. Prefixes are in a dict with one look-up for each length that exists.
Wildcards are in a tree of components."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

from wsocket.wamp.protocol.uris import Match

_EntryT = TypeVar("_EntryT")


# What an entry costs beside the characters of its URI, and for each component.
_ENTRY: Final = 700  # bytes
_COMPONENT: Final = 100  # bytes


def pattern_size(uri: str) -> int:
    """The memory that an entry for *uri* takes, in bytes; an estimate."""
    return _ENTRY + len(uri) + _COMPONENT * uri.count(".")


class PatternMap(Generic[_EntryT]):
    """Entries by URI and matching policy.

    The exact URI ``a.b`` and the prefix ``a.b`` are two entries.
    """

    def __init__(self) -> None:
        self._exact: dict[str, _EntryT] = {}
        self._prefixes = _Prefixes[_EntryT]()
        self._wildcards = _Wildcards[_EntryT]()

    def get(self, uri: str, match: Match) -> _EntryT | None:
        """The entry for exactly this pattern."""
        if match == "exact":
            return self._exact.get(uri)
        return self._patterns(match).get(uri)

    def add(self, uri: str, match: Match, entry: _EntryT) -> None:
        """Add an entry for a pattern that has none."""
        if match == "exact":
            self._exact[uri] = entry
        else:
            self._patterns(match).add(uri, entry)

    def remove(self, uri: str, match: Match) -> None:
        """Remove the entry of a pattern.

        Raises:
            KeyError: The pattern has no entry.
        """
        if match == "exact":
            del self._exact[uri]
        else:
            self._patterns(match).remove(uri)

    def matching(self, uri: str) -> list[_EntryT]:
        """Every entry that fits *uri*: exact, then prefixes, then wildcards."""
        entry = self._exact.get(uri)
        found = [] if entry is None else [entry]
        if self._prefixes:
            found.extend(self._prefixes.matching(uri))
        if self._wildcards:
            found.extend(self._wildcards.matching(uri))
        return found

    def best(self, uri: str) -> _EntryT | None:
        """The best entry for *uri* (Advanced Profile, "Pattern-based Registrations").

        An exact entry is best, then the longest prefix, then the wildcard whose first
        components are the most specific.
        """
        entry = self._exact.get(uri)
        if entry is None and self._prefixes:
            entry = next(self._prefixes.matching(uri), None)
        if entry is None and self._wildcards:
            entry = next(self._wildcards.matching(uri), None)
        return entry

    def entries(self, match: Match) -> Iterator[_EntryT]:
        """All entries of one matching policy."""
        if match == "exact":
            return iter(self._exact.values())
        return iter(self._patterns(match))

    def _patterns(self, match: Match) -> _Prefixes[_EntryT] | _Wildcards[_EntryT]:
        return self._prefixes if match == "prefix" else self._wildcards


class _Prefixes(Generic[_EntryT]):
    """Prefixes are compared as strings: ``com.app`` fits ``com.apple``."""

    def __init__(self) -> None:
        self._entries: dict[str, _EntryT] = {}
        self._count: dict[int, int] = {}  # length -> how many prefixes have it
        self._lengths: list[int] = []  # of the prefixes that exist, ascending

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __iter__(self) -> Iterator[_EntryT]:
        return iter(self._entries.values())

    def get(self, uri: str) -> _EntryT | None:
        return self._entries.get(uri)

    def add(self, uri: str, entry: _EntryT) -> None:
        self._entries[uri] = entry
        size = len(uri)
        if size not in self._count:
            insort(self._lengths, size)
        self._count[size] = self._count.get(size, 0) + 1

    def remove(self, uri: str) -> None:
        del self._entries[uri]
        size = len(uri)
        self._count[size] -= 1
        if not self._count[size]:
            del self._count[size]
            self._lengths.remove(size)

    def matching(self, uri: str) -> Iterator[_EntryT]:
        """Entries that fit *uri*, the longest first."""
        entries, longest = self._entries, len(uri)
        for size in reversed(self._lengths):
            if size <= longest:
                entry = entries.get(uri[:size])
                if entry is not None:
                    yield entry


class _Node(Generic[_EntryT]):
    """A component of wildcard patterns; the child "" fits any component."""

    __slots__ = ("children", "entry")

    def __init__(self) -> None:
        self.children: dict[str, _Node[_EntryT]] = {}
        self.entry: _EntryT | None = None


class _Wildcards(Generic[_EntryT]):
    """Patterns with empty components, each of which fits any one component."""

    def __init__(self) -> None:
        self._root = _Node[_EntryT]()
        self._entries: dict[str, _EntryT] = {}

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __iter__(self) -> Iterator[_EntryT]:
        return iter(self._entries.values())

    def get(self, uri: str) -> _EntryT | None:
        return self._entries.get(uri)

    def add(self, uri: str, entry: _EntryT) -> None:
        self._entries[uri] = entry
        node = self._root
        for component in uri.split("."):
            child = node.children.get(component)
            if child is None:
                child = node.children[component] = _Node()
            node = child
        node.entry = entry

    def remove(self, uri: str) -> None:
        del self._entries[uri]
        components = uri.split(".")
        path = [self._root]
        for component in components:
            path.append(path[-1].children[component])
        path[-1].entry = None
        # Remove the branches that no pattern uses any more.
        for component in reversed(components):
            node = path.pop()
            if node.children or node.entry is not None:
                return
            del path[-1].children[component]

    def matching(self, uri: str) -> Iterator[_EntryT]:
        """Entries that fit *uri*: literal components are tried before empty ones."""
        components = uri.split(".")
        depth = len(components)
        pending = [(self._root, 0)]
        while pending:
            node, index = pending.pop()
            if index == depth:
                if node.entry is not None:
                    yield node.entry
                continue
            component = components[index]
            wild = node.children.get("")
            if wild is not None:
                pending.append((wild, index + 1))
            if component:
                literal = node.children.get(component)
                if literal is not None:
                    pending.append((literal, index + 1))
