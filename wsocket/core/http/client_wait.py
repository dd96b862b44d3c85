"""How long a request has waited for its own client."""

from __future__ import annotations

from time import monotonic


class ClientWait:
    """The time for which one request has waited for its client.

    Whoever waits calls `begin` and `end`; `seconds` may be called from any thread.
    """

    __slots__ = ("_before", "_since")

    def __init__(self) -> None:
        self._before = 0.0  # in waits that are over
        self._since: float | None = None

    def reset(self) -> None:
        """Another request begins."""
        self._before = 0.0

    def begin(self) -> None:
        """Wait for the client."""
        self._since = monotonic()

    def end(self) -> None:
        """The client has done something."""
        since, self._since = self._since, None
        if since is not None:
            self._before += monotonic() - since

    def seconds(self, now: float) -> float:
        """How long it has waited in all, if it waits now; otherwise 0."""
        since = self._since
        return 0.0 if since is None else self._before + now - since
