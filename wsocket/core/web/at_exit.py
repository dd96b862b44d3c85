"""Closing connections when Python exits, whatever WSGI server has run."""

from __future__ import annotations

import atexit
from typing import Protocol
from weakref import WeakSet


class Closing(Protocol):
    """An application with connections."""

    def close_at_exit(self) -> None:
        """Close every connection that is open."""


_applications: WeakSet[Closing] = WeakSet()


def close(application: Closing) -> None:
    """Close the connections of *application* when this process exits.

    Worker processes of gunicorn exit as Python does, and so does whoever is stopped by
    `sys.exit` or KeyboardInterrupt. A signal without a handler ends a process at once.
    """
    _applications.add(application)


@atexit.register
def _close_all() -> None:
    # By now Python starts no threads, but those of the loop and of handlers still run.
    for application in tuple(_applications):
        application.close_at_exit()
