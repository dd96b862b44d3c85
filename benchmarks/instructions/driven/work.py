"""The pieces of work that are counted, one class each.

A class prepares in ``__init__`` what it needs, and does a number of operations in
``run``. WAMP messages come in batches of `BATCH`, so what is done for each message
counts, and what is done once a turn counts a little; everything else comes one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

from benchmarks.instructions.driven.lockstep import World
from benchmarks.instructions.driven.peers import Peer
from benchmarks.instructions.driven.wire import GET, text_frame, upgrade, wamp_frame

PUBLISH, SUBSCRIBE, SUBSCRIBED, EVENT = 16, 32, 33, 36
CALL, RESULT, REGISTER, REGISTERED, INVOCATION, YIELD = 48, 50, 64, 65, 68, 70

BATCH = 16
SUBSCRIBERS = 10
TEXT = "x" * 64
ROUTED, OWN, TOPIC = "com.example.routed", "com.example.own", "com.example.topic"


class Work(Protocol):
    """One row of the table."""

    name: ClassVar[str]
    operations: ClassVar[int]

    def __init__(self, world: World) -> None: ...

    def run(self, operations: int) -> None: ...


def batches(operations: int) -> Iterator[range]:
    """Request numbers, `BATCH` at a time."""
    for first in range(1, operations + 1, BATCH):
        yield range(first, min(first + BATCH, operations + 1))


def expect(messages: list[list[Any]], kind: int, count: int) -> None:
    """Check that there are *count* messages of a *kind*, and nothing else."""
    if [each[0] for each in messages] != [kind] * count:
        raise AssertionError(f"expected {count} messages {kind}, got {messages}")


class RoutedCalls(Work):
    """Caller, router, callee, router, caller."""

    name = "routed calls"
    operations = 2000

    def __init__(self, world: World) -> None:
        self._caller, self._callee = Peer(world), Peer(world)
        expect(self._callee.ask(wamp_frame(REGISTER, 1, {}, ROUTED)), REGISTERED, 1)
        self._last = 0

    def run(self, operations: int) -> None:
        for batch in batches(operations):
            self._call([self._last + each for each in batch])
        self._last += operations

    def _call(self, requests: list[int]) -> None:
        world = self._caller.world
        self._caller.write(
            b"".join(wamp_frame(CALL, each, {}, ROUTED, [TEXT]) for each in requests)
        )
        world.turn()
        invocations = self._callee.read()
        expect(invocations, INVOCATION, len(requests))
        self._callee.write(
            b"".join(wamp_frame(YIELD, each[1], {}, each[4]) for each in invocations)
        )
        world.turn()
        expect(self._caller.read(), RESULT, len(requests))


class Publications(Work):
    """One publisher, ten subscribers."""

    name = f"publications to {SUBSCRIBERS}"
    operations = 2000

    def __init__(self, world: World) -> None:
        self._publisher = Peer(world)
        self._subscribers = [Peer(world) for _ in range(SUBSCRIBERS)]
        for each in self._subscribers:
            expect(each.ask(wamp_frame(SUBSCRIBE, 1, {}, TOPIC)), SUBSCRIBED, 1)
        self._last = 0

    def run(self, operations: int) -> None:
        for batch in batches(operations):
            self._publish([self._last + each for each in batch])
        self._last += operations

    def _publish(self, requests: list[int]) -> None:
        self._publisher.write(
            b"".join(wamp_frame(PUBLISH, each, {}, TOPIC, [TEXT]) for each in requests)
        )
        self._publisher.world.turn()
        for each in self._subscribers:
            expect(each.read(), EVENT, len(requests))


class Echoes(Work):
    """A plain websocket whose handler sends back what it receives."""

    name = "echoes of 64 B"
    operations = 2000

    def __init__(self, world: World) -> None:
        self._wire = world.connect()
        self._wire.ask(upgrade("/echo"))

    def run(self, operations: int) -> None:
        message, echo = text_frame(TEXT), bytes([0x81, len(TEXT)]) + TEXT.encode()
        for _ in range(operations):
            answer = self._wire.ask(message)
            if answer != echo:
                raise AssertionError(f"not the echo: {answer!r}")


class HttpRequests(Work):
    """Requests on one connection that is kept alive."""

    name = "HTTP requests"
    operations = 500

    def __init__(self, world: World) -> None:
        self._wire = world.connect()

    def run(self, operations: int) -> None:
        for _ in range(operations):
            answer = self._wire.ask(GET)
            if not answer.startswith(b"HTTP/1.1 200 "):
                raise AssertionError(f"not the page: {answer!r}")


class Joins(Work):
    """Upgrade and HELLO; that the client leaves again is not counted."""

    name = "joins"
    operations = 500

    def __init__(self, world: World) -> None:
        self._world = world

    def run(self, operations: int) -> None:
        for _ in range(operations):
            Peer(self._world).close()


class OwnCalls(Work):
    """Calls of a procedure that the application has registered."""

    name = "calls of the application"
    operations = 2000

    def __init__(self, world: World) -> None:
        self._caller = Peer(world)
        self._last = 0

    def run(self, operations: int) -> None:
        for batch in batches(operations):
            requests = [self._last + each for each in batch]
            answers = self._caller.ask(
                b"".join(wamp_frame(CALL, each, {}, OWN, [TEXT]) for each in requests)
            )
            expect(answers, RESULT, len(requests))
        self._last += operations


ALL = (
    RoutedCalls,
    Publications,
    Echoes,
    HttpRequests,
    Joins,
    OwnCalls,
)
