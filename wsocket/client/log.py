"""The log of a client.

`logging` is imported when there is something to log: the command line would wait for
it at each call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger

_preparations: list[Callable[[Logger], object]] = []


def logger() -> Logger:
    """The logger ``wsocket``."""
    ours: Logger = import_module("wsocket.log").logger
    for prepare in _preparations:
        prepare(ours)
    return ours


@contextmanager
def prepared_by(prepare: Callable[[Logger], object]) -> Iterator[None]:
    """While the block runs, *prepare* gets the logger each time before it is used.

    So a handler can be added without importing `logging`.
    """
    _preparations.append(prepare)
    try:
        yield
    finally:
        _preparations.remove(prepare)
