"""Runs the clients of a soak: one loop for all of them."""

from __future__ import annotations

import heapq
import itertools
import random
import selectors
import time
from collections import Counter
from collections.abc import Callable

from tests.soak.clients import (
    Callee,
    Client,
    Flooder,
    Publisher,
    Resident,
    Sleeper,
    Victim,
    Visitor,
)
from tests.soak.history import Answered, Received, Record

# How many of a hundred clients do what; all others visit.
SHARES: dict[type[Client], float] = {
    Publisher: 1,
    Resident: 20,
    Callee: 2,
    Sleeper: 5,
    Victim: 10,
}
FLOODERS = 2
AT_ONCE = 64  # connections that are opened in one turn
TOPICS = 16
PATIENCE = 60.0  # seconds until everybody has left at the end


class Crowd:
    """The clients of one round.

    Args:
        address: Where the server listens.
        size: How many clients are there at once.
        seconds: How long it lasts at least; also until there were *size* sessions,
            events and answers.

    Attributes:
        closing: Whether it is time to leave.
        history: What they did and saw.
        joined: Sessions that were welcomed.
        counted: Clients by kind.
        records: Records of the history by kind.
        present: The most that were there at once.
    """

    def __init__(
        self, address: tuple[str, int], *, size: int, seconds: float, seed: int
    ) -> None:
        self.address = address
        self.selector = selectors.DefaultSelector()
        self.history: list[Record] = []
        self.closing = False
        self.joined = self.present = 0
        self.counted: Counter[str] = Counter()
        self.records: Counter[type[Record]] = Counter()
        self._size = size
        self.now = time.monotonic
        self._seconds = seconds
        self._chance = random.Random(seed)
        self._numbers = itertools.count(1)
        self._clients: set[Client] = set()
        self._missing: list[type[Client]] = roles(size)
        self._chance.shuffle(self._missing)
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._publishers = 0

    @property
    def publishers_done(self) -> bool:
        """Whether every event has been published and acknowledged."""
        return self._publishers == 0

    def topic(self, number: int) -> str:
        """One of the topics."""
        return f"com.soak.topic.{number % TOPICS}"

    def note(self, record: Record) -> None:
        """Append to the history."""
        self.history.append(record)
        self.records[type(record)] += 1

    def later(self, seconds: float, callback: Callable[[], object]) -> None:
        """Call back after some seconds."""
        due = self.now() + seconds
        heapq.heappush(self._timers, (due, next(self._order), callback))

    def ended(self, client: Client) -> None:
        """A client has gone; another one of its kind comes, if there is time."""
        self._clients.discard(client)
        self._publishers -= isinstance(client, Publisher)
        if not self.closing:
            self._missing.append(type(client))

    def run(self) -> None:
        """Let them come, stay and go.

        Raises:
            TimeoutError: Too little has happened, or somebody could not leave.
        """
        try:
            end = self.now() + self._seconds
            while self.now() < end or not self._enough():
                self._in_time(end, "too little has happened")
                self._admit()
                self._turn()
            self.closing = True
            end = self.now()
            while self._clients:
                self._in_time(end, "not everybody could leave")
                self._turn()
        finally:
            for each in self._clients:
                each.connection.kill()
            self.selector.close()

    def _enough(self) -> bool:
        happened = (self.joined, self.records[Received], self.records[Answered])
        return min(happened) >= self._size

    def _in_time(self, end: float, problem: str) -> None:
        if self.now() > end + PATIENCE:
            kinds = Counter(type(each).__name__ for each in self._clients)
            raise TimeoutError(
                f"{problem}: {PATIENCE:g} seconds later there were {self.joined} "
                f"sessions, {dict(self.records)}, and still {dict(kinds)}"
            )

    def _admit(self) -> None:
        for _ in range(min(AT_ONCE, len(self._missing))):
            kind = self._missing.pop()
            chance = random.Random(self._chance.random())
            self._publishers += issubclass(kind, Publisher)
            self._clients.add(kind(self, next(self._numbers), chance))
            self.counted[kind.__name__] += 1
        self.present = max(self.present, len(self._clients))

    def _turn(self) -> None:
        """Handle what is ready, and what is due."""
        due = self._timers[0][0] - self.now() if self._timers else 0.1
        wait = 0.0 if self._missing and not self.closing else min(max(due, 0.0), 0.1)
        for key, events in self.selector.select(wait):
            key.data.ready(events)
        while self._timers and self._timers[0][0] <= self.now():
            heapq.heappop(self._timers)[2]()


def roles(size: int) -> list[type[Client]]:
    """What *size* clients do."""
    found: list[type[Client]] = [Flooder] * FLOODERS
    for kind, share in SHARES.items():
        found += [kind] * max(1, round(size * share / 100))
    return found + [Visitor] * max(1, size - len(found))
