"""Where WAMP over HTTP requests is served, and how patient it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from wsocket.core.checks import check_seconds, refuse_type
from wsocket.core.keywords import checks_fields


@checks_fields
@dataclass(frozen=True)
class LongPolling:
    """WAMP over HTTP requests, for clients that cannot open a websocket (Advanced
    Profile, "HTTP Long Poll Transport").

    Attributes:
        path: The base path, such as ``"/longpoll"``. It has no default.
        poll_timeout: Seconds until a long poll without a message is answered empty;
            10.0 by default. It must be shorter than the timeouts of clients (12 s in
            autobahn.js) and proxies.
        poll_pause: Seconds that a client may leave between two long polls; 30.0 by
            default. After that its session ends.

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
                "LongPolling.path: longpoll must be a path that starts with '/' and "
                f"does not end with one, such as '/longpoll', got {self.path!r}"
            )
        check_seconds("LongPolling.poll_timeout", self.poll_timeout, least=0.001)
        check_seconds("LongPolling.poll_pause", self.poll_pause, least=0.001)
