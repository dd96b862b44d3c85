"""How many connections a server has at once, in all and for each address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from wsocket.core.client_network import client_network
from wsocket.core.concurrency.short_lock import short_lock


@dataclass(frozen=True)
class PlaceLimits:
    """How many connections a server may have at once.

    Attributes:
        http: HTTP connections.
        at_once: Those whose requests are answered, in a thread or greenlet each.
        in_all: These and websockets; None for no limit.
        per_address: The same for each address; None for no limit.
    """

    http: int
    at_once: int = 10_000
    in_all: int | None = None
    per_address: int | None = None

    def __str__(self) -> str:
        in_all = "" if self.in_all is None else f", {self.in_all} with websockets"
        return f"{self.http} HTTP connections{in_all}"


class Places:
    """Counts the connections of a server.

    Args:
        left: Called when a place has become free.
    """

    def __init__(self, limits: PlaceLimits, *, left: Callable[[], object]) -> None:
        self.limits = limits
        self._left = left
        self._lock = short_lock()
        self._http = 0
        self._in_all = 0
        self._addresses: Counter[str] = Counter()

    def full(self) -> bool:
        """Whether another connection has to wait."""
        limits = self.limits
        return self._http >= limits.http or (
            limits.in_all is not None and self._in_all >= limits.in_all
        )

    def take(self, address: str) -> Place | None:
        """Count an accepted connection; None if its address has too many.

        Args:
            address: The client's; empty for a Unix socket, which has no addresses.
        """
        most = self.limits.per_address
        client = "" if most is None else client_network(address)
        with self._lock:
            if client and most is not None:
                if self._addresses[client] >= most:
                    return None
                self._addresses[client] += 1
            self._http += 1
            self._in_all += 1
        return Place(self, client)

    def leave_http(self) -> None:
        """A connection is no HTTP connection any more."""
        with self._lock:
            self._http -= 1
        self._left()

    def leave(self, client: str) -> None:
        """A connection is closed."""
        with self._lock:
            self._in_all -= 1
            if client:
                self._addresses[client] -= 1
                if not self._addresses[client]:
                    del self._addresses[client]
        self._left()


class Place:
    """The place of one connection.

    It is HTTP's until `leave_http`. If it was kept by then, for a websocket, it is free
    when that ends; otherwise at once.
    """

    __slots__ = ("_client", "_kept", "_left", "_places")

    def __init__(self, places: Places, client: str) -> None:
        self._places = places
        self._client = client
        self._kept = False
        self._left = False

    def keep(self) -> Callable[[], None]:
        """Keep the place; returns what gives it up, and may be called twice."""
        self._kept = True
        return self._leave

    def leave_http(self) -> None:
        """The HTTP connection has ended."""
        self._places.leave_http()
        if not self._kept:
            self._leave()

    def _leave(self) -> None:
        if not self._left:
            self._left = True
            self._places.leave(self._client)
