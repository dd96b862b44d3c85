"""The log of a client.

`logging` is imported when there is something to log: the command line would wait for
it at each call.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger


def logger() -> Logger:
    """The logger ``wsocket``."""
    ours: Logger = import_module("wsocket.log").logger
    return ours
