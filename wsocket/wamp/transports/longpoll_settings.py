"""Where WAMP over HTTP requests is served, and how patient it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from wsocket.core.checks import check_seconds, refuse_type


@dataclass(frozen=True)
class LongPolling:
    """WAMP over HTTP requests, for clients that cannot open a websocket.

    Attributes:
        path: The base path, such as ``"/longpoll"``.
        poll_timeout: Seconds until a long poll without a message is answered empty. It
            must be shorter than the timeouts of clients (12 s in autobahn.js) and
            proxies.
        poll_pause: Seconds that a client may leave between two long polls. After that
            its session ends.

    Raises:
        TypeError, ValueError: A setting is not what it must be.
    """

    path: str
    poll_timeout: float = field(default=10.0, kw_only=True)
    poll_pause: float = field(default=30.0, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.path, str):
            refuse_type("LongPolling.path", "a string", self.path)
        if not self.path.startswith("/") or self.path.endswith(("/", "*")):
            raise ValueError(
                "longpoll must be a path that starts with '/' and does not end with "
                f"one, such as '/longpoll', got {self.path!r}"
            )
        check_seconds("LongPolling.poll_timeout", self.poll_timeout, least=0.001)
        check_seconds("LongPolling.poll_pause", self.poll_pause, least=0.001)
