"""Pings: a peer that is cut off without a word is found out.

All connections of a loop share one timer. Each is pinged every `interval` seconds, and
dropped when nothing at all was heard of it `timeout` seconds later; so a dead peer is
gone within ``interval + timeout``. The pings of many connections spread as their
arrivals did."""

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
        """Whether the connection is there."""

    def beat(self) -> None:
        """Ask the peer for a sign of life, without waiting."""

    def abort(self) -> None:
        """Drop the connection now."""


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
        # Coarse enough to be cheap; what falls into a tick is done at its beginning.
        self._tick = min(1.0, interval / 4, timeout / 4)
        # Connection -> when it is due; in that order, because each delay is constant: a
        # connection is judged `timeout` after its ping, pinged `_pause` after that.
        self._to_ping: OrderedDict[Beating, float] = OrderedDict()
        self._to_judge: OrderedDict[Beating, float] = OrderedDict()
        self._running = False

    def add(self, connection: Beating) -> None:
        """Ping *connection* from now on, until it ends."""
        self._to_judge[connection] = self._loop.now() + self._timeout
        if not self._running:
            self._running = True
            self._loop.call_later(self._tick, self._beat)

    def discard(self, connection: Beating) -> None:
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
                connection.abort()
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
