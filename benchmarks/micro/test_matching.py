"""What fits a URI, among few and many patterns."""

from __future__ import annotations

import pytest

from wsocket.wamp.protocol.patterns import PatternMap

TOPIC = "com.example.house.room.temperature"
FITTING = [("com.example.house.", "prefix"), ("com.example..room.", "wildcard")]


@pytest.fixture(params=[10, 1_000, 100_000], ids=lambda number: f"{number:,}")
def registry(request):
    """So many patterns that do not fit `TOPIC`, half prefixes, half wildcards."""
    found = PatternMap()
    for number in range(request.param // 2):
        for uri, match in (
            (f"com.example.house{number}.", "prefix"),
            (f"com.example..room{number}.", "wildcard"),
        ):
            found.add(uri, match, uri)
    return found


def test_no_pattern_fits(benchmark, registry):
    """The patterns cost only what is spent to find that none fits."""
    assert benchmark(registry.matching, TOPIC) == []


def test_two_patterns_fit(benchmark, registry):
    """A prefix and a wildcard among the others."""
    for uri, match in FITTING:
        registry.add(uri, match, uri)
    assert benchmark(registry.matching, TOPIC) == [uri for uri, _ in FITTING]
