"""How long a request has waited for its own client."""

from __future__ import annotations


class ClientWait:
    """The time for which one request has waited for its client.

    Whoever waits sets `since`, and adds to `before` afterwards.

    Attributes:
        since: The beginning of a wait that goes on, by `time.monotonic`.
        before: Seconds of the waits that are over.
    """

    __slots__ = ("before", "since")

    def __init__(self) -> None:
        self.before = 0.0
        self.since: float | None = None

    def seconds(self, now: float) -> float:
        """How long it has waited in all, if it waits now, or else 0; from any thread.

        Args:
            now: By `time.monotonic`.
        """
        since = self.since
        return 0.0 if since is None else self.before + now - since
