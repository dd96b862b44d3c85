"""Who is sent to at the end of a turn, and who in a later one."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Final, Protocol

from wsocket.log import logger

# A send takes 5 us, or as many milliseconds as it has megabytes. So many connections
# are sent to between two looks at the clock.
_UNTIMED: Final = 4

# Seconds of one turn for sending, and as much for what waits since earlier turns.
_FLUSHING: Final = 0.001

# Connections that a peer may write to with one message before it has to wait for them,
# and before everybody else's messages wait for the next turn.
_MANY: Final = 64


class Flushable:
    """What gathers what is written to it until the loop says: send.

    This is not a `Protocol`: a compiled call of a base class's method is much cheaper.
    """

    __slots__ = ()

    def flush(self) -> None:
        """Send what was written in this turn."""
        raise NotImplementedError


class Flusher(Flushable):
    """For a class that is not compiled: that cannot inherit from one that is.

    Args:
        send: Sends what was written in this turn.
    """

    __slots__ = ("_send",)

    def __init__(self, send: Callable[[], object]) -> None:
        self._send = send

    def flush(self) -> None:
        """See `Flushable`."""
        self._send()


class Pausable(Protocol):
    """A peer that may have to wait, as its messages are written to many others."""

    def pause(self) -> None:
        """Handle nothing more of what comes from it."""

    def go_on(self) -> None:
        """Go on soon."""


class SendQueue:
    """The connections that were written to and not sent to.

    Args:
        soon: Runs a callback in the next turn.
        clock: Gives the time in seconds.

    Attributes:
        writes: How often something was written to a connection.
    """

    __slots__ = (
        "_clock",
        "_late",
        "_senders",
        "_soon",
        "_waiting",
        "_written",
        "writes",
    )

    def __init__(
        self,
        soon: Callable[[Callable[[], object]], object],
        *,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._soon = soon
        self._clock = clock
        self._written: list[Flushable] = []  # in this turn
        self._late: list[Flushable] = []  # in earlier ones; there was no time
        self._senders: dict[Pausable, None] = {}  # of those that were written to
        self._waiting: list[Pausable] = []
        self.writes = 0

    def __len__(self) -> int:
        """To how many was written in this turn."""
        return len(self._written)

    @property
    def crowded(self) -> bool:
        """Whether somebody has written to many: others would be sent to after that."""
        return len(self._written) > _MANY

    def add(self, stream: Flushable) -> None:
        """*stream* has something to send; once until it was flushed."""
        self._written.append(stream)

    def note(self, sender: Pausable, before: int) -> None:
        """*sender* has sent a message; *before* is what `writes` was.

        If there is no time to send what it has caused, it has to wait for that. Else
        everything that others cause would be sent late.
        """
        if self.writes - before > _MANY:
            self._senders[sender] = None

    def flush(self) -> None:
        """Send what was written in this turn, or as much as there is time for."""
        written, self._written = self._written, []
        rest = self._flush_for_a_while(written)
        if rest:
            if not self._late:
                self._soon(self._flush_late)
            self._late += rest
        senders, self._senders = self._senders, {}
        if self._late:
            for sender in senders:
                sender.pause()
                self._waiting.append(sender)

    def _flush_late(self) -> None:
        """Go on. What is written in this turn need not wait for that."""
        self._late = self._flush_for_a_while(self._late)
        if self._late:
            self._soon(self._flush_late)
            return
        waiting, self._waiting = self._waiting, []
        for sender in waiting:
            sender.go_on()

    def _flush_for_a_while(self, streams: list[Flushable]) -> list[Flushable]:
        """Flush *streams*; those for which there was no time are returned."""
        ends = self._clock() + _FLUSHING if len(streams) > _UNTIMED else 0.0
        for number, stream in enumerate(streams):
            if number % _UNTIMED == 0 and number and self._clock() > ends:
                return streams[number:]
            try:
                stream.flush()
            except Exception:
                logger.exception("sending to a connection failed: %r", stream)
        return []
