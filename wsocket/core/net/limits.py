"""What connections may cost."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

_POSITIVE = (
    "outbox_messages",
    "outbox_bytes",
    "session_bytes",
    "memory",
    "close_timeout",
    "ping_timeout",
    "send_timeout",
    "turn",
)
_RATES = (
    "messages_per_second",
    "bytes_per_second",
    "joins_per_second",
    "failed_logins_per_minute",
)


@dataclass(frozen=True)
class Limits:
    """What a connection may cost, and all of them together.

    docs/limits.md says what is charged to whom, and what happens beyond.

    Attributes:
        outbox_messages: Messages that may wait for a receiver that does not read.
        outbox_bytes: Bytes of such messages.
        session_bytes: Bytes that may be kept because of one WAMP session, besides its
            outbox: messages that wait, subscriptions, testaments, ...
        memory: Bytes that all connections together may make this process keep, with
            their outboxes; at least four of the largest messages.
        close_timeout: Seconds from the start of the closing handshake until the TCP
            connection is dropped.
        ping_interval: Seconds between two pings; 0 for no pings.
        ping_timeout: Seconds after a ping in which the peer must send something; at
            most `ping_interval`.
        send_timeout: Seconds that a handler's `send` waits for a peer to take the next
            64 KiB. Then the websocket is closed.
        turn: Seconds for which the router handles what it has read from one connection,
            before others have their turn.
        messages_per_second: Messages, pings among them, that are handled of one
            connection. Beyond that its client waits. 0 is no limit, as for all rates.
        bytes_per_second: Bytes that are read from one connection; at least
            `max_message_size` is sensible. Beyond that its client waits.
        joins_per_second: HELLOs of clients with one address; beyond that they are
            refused with ABORT.
        failed_logins_per_minute: Failed logins of clients with one address; beyond that
            their logins are refused, without a look at what they know.

    As much as is for one second (minute) may come at once.

    Raises:
        ValueError: A limit is not positive, or `ping_interval` is too short.
    """

    outbox_messages: int = 10_000
    outbox_bytes: int = 16 * 2**20
    session_bytes: int = 16 * 2**20
    memory: int = 96 * 2**20
    close_timeout: float = 5.0
    ping_interval: float = 20.0
    ping_timeout: float = 20.0
    send_timeout: float = 30.0
    turn: float = 0.002
    messages_per_second: float = 0.0
    bytes_per_second: float = 0.0
    joins_per_second: float = 0.0
    failed_logins_per_minute: float = 0.0

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            value = getattr(self, name)
            if value <= 0:
                raise ValueError(f"Limits.{name} must be positive, got {value!r}")
        for name in _RATES:
            value = getattr(self, name)
            if not 0 <= value < inf:
                raise ValueError(f"Limits.{name} must be 0 or positive, got {value!r}")
        if self.ping_interval and self.ping_interval < self.ping_timeout:
            raise ValueError(
                "Limits.ping_interval must be 0 or at least ping_timeout "
                f"({self.ping_timeout}), got {self.ping_interval!r}"
            )
