"""The open connections of one loop, which are pinged, and closed together."""

from __future__ import annotations

from typing import Protocol

from wsocket.core.net.heartbeat import Beating, Heartbeat
from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import Loop


class Closable(Protocol):
    """A connection that is closed when the server ends."""

    def close(self, code: int, reason: str) -> None:
        """Begin to close it, with the close code of a websocket (RFC 6455 section 7.4).

        A protocol that has no close codes ignores *code* and *reason*.
        """


class OpenConnection(Beating, Closable, Protocol):
    """A connection that can be pinged and closed."""


class OpenConnections:
    """Connections on *loop*; every method runs there.

    Attributes:
        loop: The loop.
        limits: What each connection may cost.
    """

    def __init__(self, loop: Loop, *, limits: Limits) -> None:
        self.loop = loop
        self.limits = limits
        self._connections: set[Closable] = set()
        self._heartbeat: Heartbeat | None = None
        if limits.ping_interval:
            self._heartbeat = Heartbeat(
                loop, interval=limits.ping_interval, timeout=limits.ping_timeout
            )

    def add(self, connection: Closable) -> None:
        """Close *connection* with the others, unless it is forgotten before."""
        self._connections.add(connection)

    def watch(self, connection: Beating) -> None:
        """Ping *connection*, until it ends."""
        if self._heartbeat is not None:
            self._heartbeat.add(connection)

    def forget(self, connection: OpenConnection) -> None:
        """Forget a connection that has ended."""
        self._connections.discard(connection)
        if self._heartbeat is not None:
            self._heartbeat.forget(connection)

    def close(self, code: int, reason: str) -> None:
        """Begin to close every connection."""
        for connection in list(self._connections):
            connection.close(code, reason)

    @property
    def size(self) -> int:
        """How many connections are open."""
        return len(self._connections)
