"""What one connection may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a connection may cost.

    Attributes:
        outbox_messages: Messages that may wait for a receiver that does not read.
        outbox_bytes: Bytes that may wait.
        close_timeout: Seconds from the start of the closing handshake until the TCP
            connection is dropped.
        ping_interval: Seconds between two pings; 0 for no pings.
        ping_timeout: Seconds after a ping until something must have come from the peer;
            at most `ping_interval`.
        poll_timeout: Seconds after which a long poll that has brought nothing is
            answered empty. Clients and proxies have timeouts of their own (12 s in
            autobahn.js); it must be shorter.
        poll_pause: Seconds that a client may leave between two long polls before it is
            gone.
    """

    outbox_messages: int = 10_000
    outbox_bytes: int = 16 * 2**20
    close_timeout: float = 5.0
    ping_interval: float = 20.0
    ping_timeout: float = 20.0
    poll_timeout: float = 10.0
    poll_pause: float = 30.0

    def __post_init__(self) -> None:
        for name in (
            "outbox_messages",
            "outbox_bytes",
            "close_timeout",
            "ping_timeout",
            "poll_timeout",
            "poll_pause",
        ):
            value = getattr(self, name)
            if value <= 0:
                raise ValueError(f"Limits.{name} must be positive, got {value!r}")
        if self.ping_interval and self.ping_interval < self.ping_timeout:
            raise ValueError(
                "Limits.ping_interval must be 0 or at least ping_timeout "
                f"({self.ping_timeout}), got {self.ping_interval!r}"
            )
