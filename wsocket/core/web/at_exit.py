"""Who is told when Python exits, whatever WSGI server has run."""

from __future__ import annotations

import atexit
from typing import Protocol
from weakref import WeakSet


class AtExit(Protocol):
    """Something that ends with the process, such as an application's connections."""

    def python_exits(self) -> None:
        """Do what is left to do."""


_told: WeakSet[AtExit] = WeakSet()


def tell(each: AtExit) -> None:
    """Tell *each*, if it is still there, when this process exits.

    Worker processes of gunicorn exit as Python does, and so does whoever is stopped by
    `sys.exit` or KeyboardInterrupt. A signal without a handler ends a process at once.
    """
    _told.add(each)


@atexit.register
def _tell_all() -> None:
    # By now Python starts no threads, but those of the loop and of handlers still run.
    for each in tuple(_told):
        each.python_exits()
