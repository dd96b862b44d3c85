"""A plugin of pytest that runs each test with a few of its sets of parameters.

CI runs the compiled copy so: everything has run on the interpreted sources before, and
what compiling may break does not depend on the third of four serializers. Tests that
start processes, or are slow, run with one set.
"""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.quick import takes_long

FEW = 6  # spread evenly, with the first and the last


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out the other sets."""
    sets: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        sets[item.nodeid.partition("[")[0]].append(item)
    chosen = {item for each in sets.values() for item in spread(each)}
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = [item for item in items if item in chosen]


def spread(items: list[pytest.Item]) -> list[pytest.Item]:
    """At most `FEW` of them, one if they take long."""
    if any(map(takes_long, items)):
        return items[:1]
    last = len(items) - 1
    if last < FEW:
        return items
    return [items[place * last // (FEW - 1)] for place in range(FEW)]
