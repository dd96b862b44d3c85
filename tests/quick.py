"""A plugin of pytest for `make quick`: no other processes, and nothing slow.

Left out are tests with the mark `processes` or `slow`, and those whose fixtures ask
for the fixture `processes`. So nothing here has a list of them. A test that starts a
process in spite of that fails, and is told what to do. A test that runs in every
serializer runs in JSON only, and one with many parameters with the first of them.
Hypothesis, which tries hundreds of examples, is for `make test`.
"""

from __future__ import annotations

import platform
import sys
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import is_hypothesis_test

FEW = 1  # set of parameters: with three of them it takes a minute

# What Python reports when a process is started (see `sys.addaudithook`).
STARTS = frozenset(
    ("subprocess.Popen", "os.system", "os.fork", "os.forkpty", "os.posix_spawn")
)

running: list[str] = []  # the test that runs, if any; pytest itself may start processes


def pytest_configure() -> None:
    platform.platform()  # error pages ask for it; the first time it runs `uname`
    sys.addaudithook(refuse)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what is not quick."""
    chosen = list(first_few(filter(is_quick, items)))
    left_out = set(items).difference(chosen)
    config.hook.pytest_deselected(items=[each for each in items if each in left_out])
    items[:] = chosen


def is_quick(item: pytest.Item) -> bool:
    """Whether a test needs no other process, is not slow, and repeats no other."""
    return not (
        repeats_in_another_serializer(item)
        or is_hypothesis_test(getattr(item, "obj", None))
        or takes_long(item)
    )


def takes_long(item: pytest.Item) -> bool:
    """Whether a test needs another process, or is slow."""
    return bool(
        "processes" in getattr(item, "fixturenames", ())
        or item.get_closest_marker("processes")
        or item.get_closest_marker("slow")
    )


def first_few(items: Iterable[pytest.Item]) -> Iterator[pytest.Item]:
    """Of each test at most `FEW` of its sets of parameters."""
    counts: Counter[str] = Counter()
    for item in items:
        name = item.nodeid.partition("[")[0]
        counts[name] += 1
        if counts[name] <= FEW:
            yield item


def repeats_in_another_serializer(item: pytest.Item) -> bool:
    """Whether the same test runs in JSON, too."""
    call = getattr(item, "callspec", None)
    return call is not None and call.params.get("serializer", "json") != "json"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    running.append(item.nodeid)
    try:
        return (yield)
    finally:
        running.clear()


def refuse(event: str, details: tuple[object, ...]) -> None:
    """Fail the test that starts a process."""
    if running and event in STARTS:
        raise AssertionError(
            f"{running[0]} starts a process ({event}): mark it with `processes`, or "
            "let its fixture ask for the fixture `processes`"
        )
