"""Which patterns fit a URI: the look-up table of broker and dealer.

Exact URIs are in a dict; `prefixes` and `wildcards` have the others. Whatever the
entries are, a look-up ends after a few milliseconds (decision 048)."""

from __future__ import annotations

from collections.abc import Iterator
from sys import getsizeof
from typing import Generic, TypeVar

from wsocket.wamp.protocol.prefixes import PIECE, Prefixes
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.protocol.wildcards import Wildcards

_EntryT = TypeVar("_EntryT")


def pattern_size(uri: str, match: Match) -> int:
    """Bytes of memory that a pattern costs in a `PatternMap`, with its URI.

    An estimate that is hardly ever too low, whatever the other patterns are.
    """
    size = getsizeof(uri)
    if match == "exact":
        return size + 100
    if match == "prefix":
        return 2 * size + 200 + 500 * (len(uri) // PIECE)
    return size + 350 + 30 * (1 + uri.count("."))


class PatternMap(Generic[_EntryT]):
    """Entries by URI and matching policy.

    The exact URI ``a.b`` and the prefix ``a.b`` are two entries.
    """

    def __init__(self) -> None:
        self._exact: dict[str, _EntryT] = {}
        self._prefixes = Prefixes[_EntryT]()
        self._wildcards = Wildcards[_EntryT]()

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
        """Every entry that fits *uri*: exact, then prefixes, then wildcards.

        Prefixes come in the order of their lengths, wildcards in no order.
        """
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
            fitting = self._prefixes.matching(uri)
            entry = fitting[-1] if fitting else None
        if entry is None and self._wildcards:
            entry = self._wildcards.best(uri)
        return entry

    def entries(self, match: Match) -> Iterator[_EntryT]:
        """All entries of one matching policy."""
        if match == "exact":
            return iter(self._exact.values())
        return iter(self._patterns(match).entries())

    def _patterns(self, match: Match) -> Prefixes[_EntryT] | Wildcards[_EntryT]:
        return self._prefixes if match == "prefix" else self._wildcards
