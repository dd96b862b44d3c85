"""The process in which a session was made.

A fork has neither the threads of the session nor its event loop, and shares its socket
with the parent: what it asked for would never be answered, and what it sent would
disturb the parent.
"""

from __future__ import annotations

import os

from wsocket.errors import ConnectionLost


class OwnProcess:
    """That in which this object was made."""

    def __init__(self) -> None:
        self._id = os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether this is that process."""
        return os.getpid() == self._id

    def check(self) -> None:
        """Refuse to go on elsewhere.

        Raises:
            ConnectionLost: This is a fork of that process.
        """
        if not self.is_here:
            raise ConnectionLost(
                f"this session was made in another process ({self._id}), of which this "
                "one is a fork: connect after the fork, in each process"
            )
