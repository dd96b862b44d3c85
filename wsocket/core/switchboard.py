"""The open channels of one loop: made, pinged, and closed together."""

from __future__ import annotations

import socket
from collections.abc import Callable

from wsocket.core.channel import Channel, Receiver
from wsocket.core.connection import Connection
from wsocket.core.heartbeat import Beating, Heartbeat
from wsocket.core.loop import Loop
from wsocket.core.stream import Limits


class Switchboard:
    """Channels on *loop*; every method runs there."""

    def __init__(self, loop: Loop, *, limits: Limits) -> None:
        self._loop = loop
        self._limits = limits
        self._channels: set[Channel] = set()
        self._heartbeat: Heartbeat | None = None
        if limits.ping_interval:
            self._heartbeat = Heartbeat(
                loop, interval=limits.ping_interval, timeout=limits.ping_timeout
            )

    def connect(
        self,
        sock: socket.socket,
        connection: Connection,
        *,
        greeting: bytes,
        receiver_of: Callable[[Channel], Receiver],
        read_ahead: bytes,
    ) -> None:
        """Open a channel, which begins with *greeting*."""
        channel = Channel(
            self._loop, sock, connection, limits=self._limits, on_end=self._ended
        )
        self._channels.add(channel)
        if self._heartbeat is not None:
            self._heartbeat.add(channel)
        channel.write(greeting)
        channel.open(receiver_of(channel), read_ahead)

    def watch(self, connection: Beating) -> None:
        """Ping a connection that somebody else drives, until it ends."""
        if self._heartbeat is not None:
            self._heartbeat.add(connection)

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake on every channel."""
        for channel in list(self._channels):
            channel.close(code, reason)

    @property
    def size(self) -> int:
        """How many channels are open."""
        return len(self._channels)

    def _ended(self, channel: Channel) -> None:
        self._channels.discard(channel)
        if self._heartbeat is not None:
            self._heartbeat.discard(channel)
