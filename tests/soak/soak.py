"""Soaks one server, round by round, and says what is wrong after each.

The first round warms the server up. After every other round its process must hold what
it held after the first one.
"""

from __future__ import annotations

import json
import resource
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.soak.crowd import Crowd
from tests.soak.history import Answered, Called, Published, Received, faults

SETTLE_SECONDS = 40.0  # until what clients held must be given up
LOOK_AGAIN = 0.25  # seconds
TABLES = ("sessions", "subscriptions", "registrations", "calls")
# What may be there in addition: memory that is in pieces, threads that end later.
TOLERANCE = {"descriptors": 0, "threads": 2, "memory": 12 * 2**20}
SPARE_DESCRIPTORS = 200

State = Mapping[str, int]


@dataclass
class Round:
    """One round: what was done, what was found wrong, and what the server held then."""

    seconds: float
    sessions: int
    clients: Counter[str]
    present: int
    events: int
    deliveries: int
    calls: int
    answers: int
    state: State
    faults: list[str] = field(default_factory=list)

    def row(self) -> str:
        """A row of the table."""
        return (
            f"{self.seconds:7.0f} {self.present:8,} {self.sessions:8,} "
            f"{self.clients['Victim']:7,} {self.clients['Sleeper']:7,} "
            f"{self.events:8,} {self.deliveries:10,} {self.calls:8,} "
            f"{self.state['memory'] / 2**20:8.1f} {self.state['descriptors']:5} "
            f"{self.state['threads']:7}  {'FAULTS' if self.faults else 'ok'}"
        )


HEADING = (
    "seconds  present sessions  killed stalled   events deliveries    calls"
    "  RSS MiB   fds threads"
)


def fitting(size: int) -> int:
    """How many clients the limit of open files allows, here and in the server."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(size, limit - SPARE_DESCRIPTORS)


def rounds(url: str, *, size: int, seconds: float, count: int) -> Iterator[Round]:
    """Run *count* rounds and a first one, which take *seconds* together."""
    baseline: State | None = None
    each = seconds / (count + 1)
    empty = state_of(url)
    for seed in range(count + 1):
        done = one_round(url, size=size, seconds=each, seed=seed)
        done.state = settled(url, empty, baseline)
        done.faults += leftovers(done.state, empty, baseline)
        baseline = baseline or done.state
        yield done


def one_round(url: str, *, size: int, seconds: float, seed: int) -> Round:
    """Let the clients come and go, and judge their history."""
    parts = urlsplit(url)
    address = (str(parts.hostname), parts.port or 80)
    crowd = Crowd(address, size=size, seconds=seconds, seed=seed)
    begun, found = time.monotonic(), []
    try:
        crowd.run()
    except TimeoutError as error:
        found.append(str(error))
    kinds = crowd.records
    return Round(
        time.monotonic() - begun,
        sessions=crowd.joined,
        clients=crowd.counted,
        present=crowd.present,
        events=kinds[Published],
        deliveries=kinds[Received],
        calls=kinds[Called],
        answers=kinds[Answered],
        state={},
        faults=found + faults(crowd.history),
    )


def state_of(url: str) -> State:
    """What the server's process holds now."""
    with urllib.request.urlopen(f"{url}state", timeout=SETTLE_SECONDS) as response:
        state: State = json.load(response)
    return state


def settled(url: str, empty: State, baseline: State | None) -> State:
    """What the server holds when it has given up what it can, or after some time."""
    end = time.monotonic() + SETTLE_SECONDS
    state = state_of(url)
    while leftovers(state, empty, baseline) and time.monotonic() < end:
        time.sleep(LOOK_AGAIN)
        state = state_of(url)
    return state


def leftovers(state: State, empty: State, baseline: State | None) -> list[str]:
    """What is still held: tables are as before the first client, the rest after it."""
    found = [
        f"{state[name]} {name}, expected {empty[name]}"
        for name in TABLES
        if state[name] != empty[name]
    ]
    for name, more in TOLERANCE.items():
        if baseline and state[name] > baseline[name] + more:
            found.append(
                f"{state[name]} {name}, expected at most {baseline[name]}+{more}"
            )
    return found
