"""Clients that are killed (SIGKILL), whatever they are doing, leave nothing behind."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.programs import Server, running, started
from tests.steady.peers import ask, joined, opened
from tests.steady.serving import command
from tests.steady.victims import STATES, TOPIC
from tests.steady.visiting import Census, census, eventually, get

CROWD = 12  # clients of one process; more than the threads that wait to be used again
PADDING = "x" * 40_000  # of an event

# Requests of this moment have some of these, and threads wait to be used again.
# "dropped" only grows. All the rest must be as before.
LOOSE = ("threads", "descriptors", "dropped")


@pytest.fixture(scope="module", params=["threads", "gevent"])
def server(
    processes: None,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """All states are tried on the same one."""
    arguments = command(request.param, "tests.steady.visited")
    with running(arguments, tmp_path_factory.mktemp("visited") / "log") as server:
        with joined(server.ws("/")) as session:  # what is made once is made
            assert ask(session, [48, 1, {}, "com.example.quick"])[0] == 50
        yield server


@pytest.fixture(scope="module")
def rawsocket(server: Server) -> str:
    """The port of a RawSocket listener."""
    return get(server, "/rawsocket")


@pytest.fixture(scope="module")
def others(server: Server) -> Iterator[Others]:
    with ExitStack() as stack:
        yield Others(server, stack)


class Others:
    """Clients that behave well, and see what the victims leave."""

    def __init__(self, server: Server, stack: ExitStack) -> None:
        self._server = server
        self._session = stack.enter_context(joined(server.ws("/")))
        self._echo = stack.enter_context(opened(server.ws("/echo")))
        self._request = 0

    def send(self, code: int, *rest: object) -> None:
        self._request += 1
        self._session.send(json.dumps([code, self._request, {}, *rest]))

    def receive(self) -> list[object]:
        message: list[object] = json.loads(self._session.recv())
        return message

    def are_answered(self) -> None:
        self.send(48, "com.example.quick")
        assert self.receive()[0] == 50
        self._echo.send("hello")
        assert self._echo.recv() == "hello"

    def publish_more_than_is_read(self) -> None:
        """Until a backlog grows."""
        while census(self._server)["backlog"] < 2**20:
            for _ in range(5):
                self.send(16, TOPIC, [PADDING])
            self.are_answered()

    def call_the_callees(self) -> None:
        for number in range(CROWD):
            self.send(48, f"com.example.callee.{number}")
        eventually(self._server, lambda found: found["calls"] == CROWD)

    def are_told_that_callees_are_gone(self) -> None:
        for _ in range(CROWD):
            answer = self.receive()
            assert (answer[0], answer[4]) == (8, "wamp.error.canceled"), answer


@contextmanager
def victims(server: Server, state: str, transport: str, port: str) -> Iterator[None]:
    """A crowd of them, which is killed at the end of the block."""
    source = [sys.executable, "-m", "tests.steady.victims"]
    arguments = [state, transport, server.url, port, str(CROWD)]
    with started([*source, *arguments], stop=signal.SIGKILL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        yield


def while_they_live(server: Server, others: Others, state: str) -> None:
    """Do what belongs to the state, which the victims cannot do themselves."""
    if state == "with_a_backlog":
        others.publish_more_than_is_read()
    elif state == "callee":
        others.call_the_callees()
    elif state == "waiting_for_a_response":
        eventually(server, lambda found: found["waiting"] == CROWD)
    elif state == "caller":
        eventually(server, lambda found: found["waiting"] > 0)
    elif state == "caller_of_a_generator":
        eventually(server, lambda found: found["busy"] > 0)


@pytest.mark.parametrize(("state", "transport"), STATES)
def test_nothing_is_left_of_killed_clients(
    server: Server, rawsocket: str, others: Others, state: str, transport: str
) -> None:
    """Tables, memory and descriptors are as before; the others notice nothing."""
    others.are_answered()
    before = census(server)
    with victims(server, state, transport, rawsocket):
        while_they_live(server, others, state)
        others.are_answered()
    if state == "callee":
        others.are_told_that_callees_are_gone()
    eventually(server, lambda found: ended_as(before, found, server))
    others.are_answered()
    assert server.log.read_text() == ""


def ended_as(before: Census, found: Census, server: Server) -> bool:
    """Whether everything is as it was; what waits for the test is let go."""
    get(server, "/go")
    exact = set(before).difference(LOOSE)
    return (
        found["threads"] < before["threads"] + CROWD
        and found["descriptors"] <= before["descriptors"] + 1
        and all(found[name] == before[name] for name in exact)
    )
