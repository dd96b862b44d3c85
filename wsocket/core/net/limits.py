"""What connections may cost."""

from __future__ import annotations

from dataclasses import dataclass

from wsocket.core.checks import check_number, check_rate, check_seconds
from wsocket.core.keywords import checks_fields

_COUNTS = {
    "outbox_messages": "messages",
    "outbox_bytes": "bytes",
    "session_bytes": "bytes",
    "memory": "bytes",
}
_SECONDS = {
    "close_timeout": 0.001,
    "ping_interval": 0.0,
    "ping_timeout": 0.001,
    "send_timeout": 0.001,
    "turn": 0.000_001,
}
_RATES = (
    "messages_per_second",
    "bytes_per_second",
    "joins_per_second",
    "failed_logins_per_minute",
)


@checks_fields
@dataclass(frozen=True)
class Limits:
    """What a connection may cost, and all of them together.

    None of these limits is in the WAMP specification, which leaves them to routers.
    docs/limits.md says what is charged to whom, and what happens beyond.

    Attributes:
        outbox_messages: Messages that may wait for a receiver that does not read;
            10,000 by default. Beyond that its oldest events are dropped; if that is
            not enough, its connection.
        outbox_bytes: Bytes of such messages; 16 MiB by default.
        session_bytes: Bytes that may be kept because of one WAMP session, besides its
            outbox: messages that wait, subscriptions, testaments, ...; 16 MiB by
            default.
        memory: Bytes that all connections together may make this process keep, with
            their outboxes; 96 MiB by default, and at least four of the largest
            messages.
        close_timeout: Seconds from the start of the closing handshake (RFC 6455 section
            7.1.1) until the TCP connection is dropped; 5.0 by default.
        ping_interval: Seconds between two pings (RFC 6455 section 5.5.2); 20.0 by
            default, 0 for no pings.
        ping_timeout: Seconds after a ping in which the peer must send something; 20.0
            by default, at most `ping_interval`.
        send_timeout: Seconds that a handler's `send` waits for a peer to take the next
            64 KiB; 30.0 by default. Then the websocket is closed.
        turn: Seconds for which the router handles what it has read from one connection,
            before others have their turn; 0.002 by default.
        messages_per_second: Messages, pings among them, that are handled of one
            connection. Beyond that its client waits. 0.0, the default, is no limit, as
            for all rates. As much as is for one second (minute) may come at once.
        bytes_per_second: Bytes that are read from one connection; at least
            `max_message_size` is sensible. Beyond that its client waits. 0.0, the
            default, is no limit.
        joins_per_second: HELLOs of clients with one address (an IPv6 network, /64, is
            one); beyond that they are refused with ABORT. 0.0, the default, is no
            limit.
        failed_logins_per_minute: Failed logins of clients with one address; beyond that
            their logins are refused, without a look at what they know. 0.0, the
            default, is no limit.

    Raises:
        TypeError: A limit is no number, or one with a fraction that must have none.
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
        for name, unit in _COUNTS.items():
            value = getattr(self, name)
            check_number(f"Limits.{name}", value, least=1, unit=unit)
        for name, least in _SECONDS.items():
            check_seconds(f"Limits.{name}", getattr(self, name), least=least)
        for name in _RATES:
            check_rate(f"Limits.{name}", getattr(self, name))
        if self.ping_interval and self.ping_interval < self.ping_timeout:
            raise ValueError(
                "Limits.ping_interval: expected 0, or at least ping_timeout "
                f"({self.ping_timeout}), got {self.ping_interval!r}"
            )
