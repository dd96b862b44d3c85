"""Mistakes in the program of the user that this package has refused."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from wsocket.cli.usage import UsageError
from wsocket.errors import ImportUnderWay

# What constructors and decorators raise for wrong arguments.
_REFUSALS = (TypeError, ValueError, RuntimeError)

_PACKAGE = "wsocket"


@contextmanager
def in_one_line() -> Iterator[None]:
    """Make a usage error of what this package refuses in this block.

    The message says where in the program that is. What other code raises passes: its
    traceback helps.

    Raises:
        UsageError: An argument of ours was wrong.
    """
    try:
        yield
    except ImportUnderWay as error:
        raise UsageError(str(error)) from error
    except _REFUSALS as error:
        where = _place(error.__traceback__)
        if where is None:
            raise
        raise UsageError(f"{where}: {error} (--debug shows more)") from error


def _place(trace: TracebackType | None) -> str | None:
    """File and line that called this package; None if somebody else raised."""
    caller, is_ours = None, False
    for frame, line in traceback.walk_tb(trace):
        is_ours = _package(frame.f_globals.get("__name__")) == _PACKAGE
        if not is_ours:
            caller = f"{frame.f_code.co_filename}:{line}"
    return caller if is_ours else None


def _package(module: object) -> str:
    return str(module).partition(".")[0]
