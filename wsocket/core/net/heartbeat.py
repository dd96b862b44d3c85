"""Pings: they find peers whose network is cut.

All connections of a loop share one timer. Each connection is pinged every `interval`
seconds. If nothing was heard from it `timeout` seconds later, it is dropped. So a dead
peer is removed within ``interval + timeout``. Connections are not pinged all at once:
the time of each ping depends on when the connection was opened."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

from wsocket.core.net.loop import Loop
from wsocket.log import logger


class Beating(Protocol):
    """A connection that can be asked for a sign of life."""

    heard: bool
    """Set by the connection when something is heard; cleared here."""

    @property
    def alive(self) -> bool:
        """Whether the connection exists."""

    def beat(self) -> None:
        """Ask the peer for a sign of life, without waiting."""

    def drop(self) -> None:
        """End the connection at once, without a word to the peer."""


class Heartbeat:
    """The pings of one loop's connections.

    Args:
        interval: Seconds between two pings of a connection.
        timeout: Seconds that a peer has for a sign of life; at most *interval*.
    """

    def __init__(self, loop: Loop, *, interval: float, timeout: float) -> None:
        self._loop = loop
        self._pause = interval - timeout
        self._timeout = timeout
        # Coarse enough to be cheap. What is due within a tick is done at its beginning.
        self._tick = min(1.0, interval / 4, timeout / 4)
        # Connection -> when it is due. Both are sorted by that without any effort, for
        # all delays are equal: a connection is judged `timeout` after its ping, and
        # pinged `_pause` after that.
        self._to_ping: OrderedDict[Beating, float] = OrderedDict()
        self._to_judge: OrderedDict[Beating, float] = OrderedDict()
        self._running = False

    def add(self, connection: Beating) -> None:
        """Ping *connection* from now on, until it ends."""
        self._to_judge[connection] = self._loop.now() + self._timeout
        if not self._running:
            self._running = True
            self._loop.call_later(self._tick, self._beat)

    def forget(self, connection: Beating) -> None:
        """Forget a connection that has ended."""
        self._to_ping.pop(connection, None)
        self._to_judge.pop(connection, None)

    def _beat(self) -> None:
        horizon = self._loop.now() + self._tick
        while self._to_judge and next(iter(self._to_judge.values())) <= horizon:
            connection, due = self._to_judge.popitem(last=False)
            if not connection.alive:
                continue
            if connection.heard:
                self._to_ping[connection] = due + self._pause
            else:
                logger.info("a peer has not answered a ping; its connection is dropped")
                connection.drop()
        while self._to_ping and next(iter(self._to_ping.values())) <= horizon:
            connection, due = self._to_ping.popitem(last=False)
            if not connection.alive:
                continue
            connection.heard = False
            connection.beat()
            self._to_judge[connection] = due + self._timeout
        self._running = bool(self._to_ping or self._to_judge)
        if self._running:
            self._loop.call_later(self._tick, self._beat)
