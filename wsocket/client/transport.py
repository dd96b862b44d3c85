"""What the threads of a client need of a connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from wsocket.client.settings import ClientSettings


class Transport(Protocol):
    """A connection; one thread calls `receive`, any thread the others.

    Attributes:
        max_size: The largest message that the router takes, in bytes, if it says.
        code: The close code that the router sent, if it did.
        pings: Whether it must be pinged.
    """

    max_size: int | None
    code: int | None
    pings: bool

    def send(self, data: bytes) -> None:
        """Send a message; raises OSError if the connection is broken."""

    def ping(self) -> None:
        """Ask whether the router is there; raises as `send` does."""

    def settimeout(self, timeout: float | None) -> None:
        """How many seconds an operation may take; None for ever."""

    def receive(self) -> bytes | None:
        """The next message; b"" if there is a sign of life only; None at the end.

        Raises:
            OSError: The connection is broken; TimeoutError after the timeout.
            ProtocolError: The router broke the protocol.
        """

    def close(self) -> None:
        """Say that nothing more comes; raises OSError as `send` does."""

    def shutdown(self) -> None:
        """End the connection at once: `receive` returns, and `send` fails."""

    def release(self) -> None:
        """Give its descriptor back; nobody uses it any more."""


Opener = Callable[[ClientSettings, float], Transport]
"""Opens a connection before a time of `time.monotonic`, or raises `ConnectFailed`."""
