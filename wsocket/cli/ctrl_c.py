"""What Ctrl-C does: it ends the process at once, until there is something to leave.

Python's own handler raises KeyboardInterrupt wherever the main thread happens to be.
While modules are imported, that is a long traceback, and C extensions that are just
being initialized may crash. A command that has something to leave properly, such as a
call that is under way, asks for that exception when it has it.
"""

from __future__ import annotations

import os
from importlib import import_module

from wsocket.cli.exit_status import INTERRUPTED

# Python's `signal` makes enums of its names, for which every call would wait.
_signal = import_module("_signal")


def ends_at_once() -> None:
    """From now on Ctrl-C ends this process, unless somebody has it ignored."""
    if _signal.getsignal(_signal.SIGINT) in (_signal.default_int_handler, _interrupt):
        _signal.signal(_signal.SIGINT, _end)


def raises() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt in the main thread."""
    if _signal.getsignal(_signal.SIGINT) is _end:
        _signal.signal(_signal.SIGINT, _interrupt)


def was_pressed() -> bool:
    """Whether Ctrl-C has been pressed since it raises KeyboardInterrupt."""
    return _presses.come


class Postponed:
    """A block in which Ctrl-C raises nothing, but at its end; if it ends, that is.

    Python's locks and queues do not survive an exception anywhere in them. And what was
    raised before may be lost: C extensions call Python code, such as `__eq__` of the
    types in `typing`, and some of them throw away what it raises.
    """

    def __enter__(self) -> None:
        _presses.postponed = True

    def __exit__(self, *unused: object) -> None:
        _presses.postponed = False
        if _presses.come:
            raise KeyboardInterrupt


class _Presses:
    """What is known of Ctrl-C."""

    come = False
    postponed = False


_presses = _Presses()


def _interrupt(*unused: object) -> None:
    _presses.come = True
    if not _presses.postponed:
        raise KeyboardInterrupt


def _end(*unused: object) -> None:
    # Nothing of Python is cleaned up: it may be half initialized.
    os._exit(INTERRUPTED)
