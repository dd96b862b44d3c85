"""A warning for programs that publish, and are not the process that serves.

A task, a shell or a cron job that imports the application has a router of its own: its
events reach no client, and nothing fails. Such a process is known by what it lacks: it
listens on no socket, and no server calls the application.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wsocket.core.net.loop import Loop
from wsocket.log import logger

# A program may publish before it starts its server. One that ends sooner is known then.
_INTERVAL: Final = 0.5  # seconds
_LOOKS: Final = 20


class UnheardEvents:
    """Warns once, at most.

    Args:
        may_be_serving: Whether this process serves, has served, or may do so; from any
            thread.
    """

    def __init__(self, may_be_serving: Callable[[], bool]) -> None:
        self._may_be_serving = may_be_serving
        self._loop: Loop | None = None  # a forked child has another one
        self._looks = 0  # that are left

    def published(self, loop: Loop) -> None:
        """An event was published; from any thread.

        Args:
            loop: That of this process.
        """
        if loop is not self._loop:
            self._loop = loop
            self._looks = _LOOKS
            loop.call_soon(self._look, loop)

    def python_exits(self) -> None:
        """Warn now, if nothing speaks against it."""
        if self._looks and not self._may_be_serving():
            self._warn()

    def _look(self, loop: Loop) -> None:
        if self._may_be_serving():
            self._looks = 0
        elif self._looks > 1:
            self._looks -= 1
            loop.call_later(_INTERVAL, self._look, loop)
        elif self._looks:
            self._warn()

    def _warn(self) -> None:
        self._looks = 0
        logger.warning(
            "events were published in a process that serves nobody: it listens on no "
            "socket, and no request has come. Only the process that serves the "
            "application has its clients. From a task, a shell or a script publish "
            "with wsocket.client.HttpPublisher, with the session of "
            "wsocket.client.connect, or with the command wsocket publish"
        )
