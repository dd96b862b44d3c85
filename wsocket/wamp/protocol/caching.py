"""Caches whose keys are chosen by peers: their size has a limit."""

from __future__ import annotations

from typing import Final, TypeVar

_KeyT = TypeVar("_KeyT")
_ValueT = TypeVar("_ValueT")

MAX_ENTRIES: Final = 10_000

MAX_URI: Final = 256
"""Characters; results for longer URIs should not be kept."""


def keep(
    cache: dict[_KeyT, _ValueT],
    key: _KeyT,
    value: _ValueT,
    *,
    max_entries: int = MAX_ENTRIES,
) -> None:
    """Add an entry; a cache that is full is emptied first.

    Emptying needs no bookkeeping at each hit. What is still in use comes back soon.
    """
    if len(cache) >= max_entries:
        cache.clear()
    cache[key] = value
