"""The open connections of one loop, which are pinged, and closed together."""

from __future__ import annotations

from typing import Protocol

from wsocket.core.net.future import Future
from wsocket.core.net.guarded import guarded
from wsocket.core.net.heartbeat import Beating, Heartbeat
from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import Loop
from wsocket.core.net.memory import Memory
from wsocket.core.net.throttle import Throttle
from wsocket.core.net.turn_meter import TurnMeter


class Closable(Protocol):
    """A connection that is closed when the server ends."""

    def close(self, code: int, reason: str) -> None:
        """Begin to close the connection, without waiting; on the loop.

        *code* and *reason* are those of a websocket (RFC 6455 section 7.4). A protocol
        without such codes ignores them.
        """


class OpenConnection(Beating, Closable, Protocol):
    """A connection that can be pinged and closed."""


class OpenConnections:
    """Connections on *loop*; every method runs there.

    Attributes:
        loop: The loop.
        limits: What each connection may cost, and all of them.
        memory: What they keep.
    """

    def __init__(self, loop: Loop, *, limits: Limits) -> None:
        self.loop = loop
        self.limits = limits
        self.memory = Memory(loop, limits.memory)
        self._connections: set[Closable] = set()
        self._closing: set[Closable] = set()
        self._closers: list[Future[None]] = []
        self._turns: TurnMeter | None = None
        self._heartbeat: Heartbeat | None = None
        if limits.ping_interval:
            self._heartbeat = Heartbeat(
                loop, interval=limits.ping_interval, timeout=limits.ping_timeout
            )

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._connections)

    @property
    def turns(self) -> TurnMeter:
        """Measures the turns of the loop, from the first time that this is asked."""
        if self._turns is None:
            self._turns = TurnMeter(self.loop)
        return self._turns

    def new_throttle(self) -> Throttle | None:
        """How fast the peer of a new connection may send; None if it has no limit."""
        limits = self.limits
        if limits.messages_per_second or limits.bytes_per_second:
            return Throttle(limits, now=self.loop.now())
        return None

    def add(self, connection: Closable) -> None:
        """Close *connection* together with the others, until it is removed."""
        self._connections.add(connection)

    def watch(self, connection: Beating) -> None:
        """Ping *connection*, until it ends."""
        if self._heartbeat is not None:
            self._heartbeat.add(connection)

    def unwatch(self, connection: Beating) -> None:
        """Undo `watch`: *connection* has ended."""
        if self._heartbeat is not None:
            self._heartbeat.forget(connection)

    def remove(self, connection: Closable) -> None:
        """Undo `add`: *connection* is closed."""
        self._connections.discard(connection)
        self._closing.discard(connection)
        self._tell_closers()

    def forget(self, connection: OpenConnection) -> None:
        """Forget a connection that has ended: undo `add` and `watch`."""
        self.remove(connection)
        self.unwatch(connection)

    def close(
        self, code: int, reason: str, closed: Future[None], *, spread: float = 0.0
    ) -> None:
        """Begin to close every connection; *closed* is set when none is open.

        Args:
            spread: Seconds over which the beginnings are spread evenly, so that clients
                do not come back all at once.
        """
        self._closers.append(closed)
        connections = list(self._connections)
        for number, connection in enumerate(connections):
            delay = spread * number / len(connections)
            if delay:
                self.loop.call_later(delay, self._close_one, connection, code, reason)
            else:
                self._close_one(connection, code, reason)
        self._tell_closers()

    @property
    def untold(self) -> bool:
        """Whether there are connections that nobody has begun to close."""
        return len(self._closing) < len(self._connections)

    def _close_one(self, connection: Closable, code: int, reason: str) -> None:
        if connection in self._connections:
            self._closing.add(connection)
            guarded(connection.close, code, reason)

    def _tell_closers(self) -> None:
        if not self._connections:
            closers, self._closers = self._closers, []
            for closed in closers:
                closed.set(None)
