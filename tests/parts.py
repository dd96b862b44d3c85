"""A plugin of pytest that runs one of two parts: what is measured, or the others.

Measured (`make coverage`), a test takes longer. So those are left to the other part
that drive other processes, where nothing is measured, or say how long something takes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MEASURED_FOLDERS = ("core", "fuzz", "wamp")
OTHER_FILES = ("*autobahn*", "test_conversion_time.py", "test_fuzz_tool.py")
OTHER_NAMES = ("gevent", "_cheap", "delays_nobody", "removed_at_once")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", choices=("measured", "others"), required=True)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out the other part."""
    wanted = config.getoption("--part") == "measured"
    left_out = [each for each in items if is_measured(each) != wanted]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [each for each in items if is_measured(each) == wanted]


def is_measured(item: pytest.Item) -> bool:
    """Whether `make coverage` runs a test."""
    path = item.path.relative_to(TESTS)
    return (
        path.parts[0] in MEASURED_FOLDERS
        and not any(path.match(each) for each in OTHER_FILES)
        and not any(each in item.nodeid for each in OTHER_NAMES)
    )
