"""Silence of a peer: when to ping it, and when to give it up."""

from __future__ import annotations

from enum import Enum


class NextStep(Enum):
    """What to do about a silent peer."""

    WAIT = "wait"
    PING = "ping"
    DROP = "drop"


class Silence:
    """For how long nothing has come from the peer of a blocking websocket.

    Args:
        patience: Seconds of silence after which the peer is pinged; 0 for never.
        ping_timeout: Seconds after the ping until the connection is dropped.
        now: The time, in seconds of a clock that never goes back, here and below.

    Attributes:
        pinged_at: When a ping was sent, if nothing was heard since; else None.
    """

    __slots__ = ("_heard_at", "_ping_timeout", "patience", "pinged_at")

    def __init__(self, *, patience: float, ping_timeout: float, now: float) -> None:
        self.patience = patience
        self._ping_timeout = ping_timeout
        self._heard_at = now
        self.pinged_at: float | None = None

    def end(self, now: float) -> None:
        """Something came from the peer."""
        self._heard_at = now
        self.pinged_at = None

    def judge(self, now: float) -> NextStep:
        """What to do now; after `PING` the peer has `ping_timeout` seconds."""
        if self.pinged_at is not None:
            late = now - self.pinged_at >= self._ping_timeout
            return NextStep.DROP if late else NextStep.WAIT
        if self.patience and now - self._heard_at >= self.patience:
            self.pinged_at = now
            return NextStep.PING
        return NextStep.WAIT
