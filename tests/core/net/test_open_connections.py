"""The connections of a loop, closed together; and values of one process's loop."""

from __future__ import annotations

import time

import gevent
import pytest

from tests.core.worlds import LOOP_WORLDS, SECONDS, LoopWorld
from wsocket import Limits
from wsocket.core.net import per_process
from wsocket.core.net.future import Future
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.per_process import PerProcess


@pytest.fixture(scope="module", params=LOOP_WORLDS.values(), ids=list(LOOP_WORLDS))
def on(request) -> LoopWorld:
    return LoopWorld(current_hub=request.param)


class Connection:
    """Remembers how it was closed."""

    def __init__(self, connections: OpenConnections) -> None:
        self.connections = connections
        self.closed: list[tuple[int, str]] = []

    def close(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))


class Broken(Connection):
    """Fails when it is to be closed."""

    def close(self, code: int, reason: str) -> None:
        raise ZeroDivisionError


def opened(on: LoopWorld, *kinds: type[Connection]) -> tuple[OpenConnections, list]:
    connections = OpenConnections(on.loop, limits=Limits(ping_interval=0))
    made = [kind(connections) for kind in kinds]
    for each in made:
        on.run(connections.add, each)
    return connections, made


def closing(on: LoopWorld, connections: OpenConnections) -> Future[None]:
    closed: Future[None] = Future(on.loop)
    on.run(connections.close, 1012, "restart", closed)
    return closed


def test_closer_waits_for_the_last_connection(on):
    """Every connection is asked to close; the wait ends when the last is removed."""
    connections, (first, last) = opened(on, Connection, Connection)
    closed = closing(on, connections)
    assert first.closed == last.closed == [(1012, "restart")]
    on.run(connections.remove, first)
    with pytest.raises(TimeoutError):
        closed.wait(0)
    on.loop.call_soon(connections.remove, last)
    assert closing(on, connections).wait(SECONDS) is None


def test_closer_without_connections_does_not_wait(on):
    """Nothing is open, so everything is closed."""
    connections, (gone,) = opened(on, Connection)
    on.run(connections.remove, gone)
    assert closing(on, connections).wait(SECONDS) is None
    assert gone.closed == []


def test_connection_that_fails_to_close_does_not_stop_the_others(on, caplog):
    """The failure is logged, and every other connection is closed."""
    connections, made = opened(on, Connection, Broken, Connection)
    closing(on, connections)
    assert [each.closed for each in made] == [[(1012, "restart")], [], made[0].closed]
    assert "ZeroDivisionError" in caplog.text


def test_connections_can_be_closed_one_after_the_other(on):
    """Evenly within the given seconds; what has ended by itself is left alone."""
    connections, (first, second, gone, last) = opened(on, *[Connection] * 4)
    closed: Future[None] = Future(on.loop)
    on.run(lambda: connections.close(1012, "", closed, spread=0.2))
    begun = [each for each in (first, second, gone, last) if each.closed]
    assert len(begun) == 1
    others = [each for each in (first, second, gone, last) if each not in begun]
    on.run(connections.remove, others[0])
    on.run(connections.remove, begun[0])
    assert connections.untold
    deadline = time.monotonic() + SECONDS
    while connections.untold and time.monotonic() < deadline:
        gevent.sleep(0.01)
    assert [each.closed for each in others] == [[], [(1012, "")], [(1012, "")]]
    for each in others[1:]:
        on.loop.call_soon(connections.remove, each)
    assert closed.wait(SECONDS) is None


def test_each_process_makes_its_own_value(on, monkeypatch):
    """After a fork there is another loop, and the parent's value is not used."""
    parent, child = on.loop, LoopWorld(current_hub=False).loop
    lists = PerProcess(lambda loop: [loop])
    monkeypatch.setattr(per_process, "get_loop", lambda: parent)
    assert lists.existing() is None
    value = lists.get()
    assert value == [parent]
    assert lists.get() is lists.existing() is value
    monkeypatch.setattr(per_process, "get_loop", lambda: child)
    assert lists.existing() is None
    assert lists.get() == [child]
