"""What an event loop needs of a connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from wsocket.client.settings import ClientSettings


class AsyncTransport(Protocol):
    """A connection.

    Attributes:
        max_size: The largest message that the router takes, in bytes, if it says.
        code: The close code that the router sent, if it did.
        pings: Whether it must be pinged.
    """

    max_size: int | None
    code: int | None
    pings: bool

    async def send(self, data: bytes) -> None:
        """Send a message; raises OSError if the connection is broken."""

    async def answers(self, timeout: float) -> bool:
        """Whether the router answers a ping within *timeout* seconds.

        Raises:
            OSError: The connection is broken.
        """

    async def receive(self) -> str | bytes | None:
        """The next message; b"" if there is a sign of life only; None at the end.

        Raises:
            OSError: The connection is broken.
            ProtocolError: The router broke the protocol.
        """

    async def close(self) -> None:
        """End the connection politely; raises OSError if it is broken."""

    def shutdown(self) -> None:
        """End the connection at once: `receive` returns, and `send` fails."""


AsyncOpener = Callable[[ClientSettings], Awaitable[AsyncTransport]]
"""Opens a connection, or raises `ConnectFailed`."""
