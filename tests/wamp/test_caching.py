"""Caches whose keys peers choose."""

from __future__ import annotations

from wsocket.wamp.protocol.caching import MAX_ENTRIES, keep
from wsocket.wamp.protocol.uris import UriRules


def test_full_cache_is_emptied_before_an_entry_is_added():
    """The newest entry is in the cache, whatever was in it before."""
    cache: dict[int, str] = {}
    for key in range(3):
        keep(cache, key, "kept", max_entries=2)
    assert cache == {2: "kept"}


def test_uris_stay_valid_when_the_cache_is_emptied():
    """A peer can send more URIs than are kept, and all get the same answer again."""
    rules = UriRules()
    uris = [f"com.example.x{number}" for number in range(MAX_ENTRIES + 2)]
    assert all(map(rules.valid, uris))
    assert all(map(rules.valid, uris))
    assert not rules.valid("com..x")
