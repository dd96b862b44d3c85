"""Clients that are stopped (SIGSTOP): their connections are there, but nobody reads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import websocket

from tests.programs import Server, started
from tests.steady.peers import ask, joined
from tests.steady.reader import PROCEDURE
from tests.steady.serving import StartServer
from tests.steady.victims import TOPIC
from tests.steady.visiting import census, eventually, get

PADDING = "x" * 200_000  # of an event: few of them fill the kernel's buffers
TRANSPORTS = ("websocket", "rawsocket", "longpoll")


class Reader:
    """A client in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def line(self) -> str:
        """What it prints next."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def reader(server: Server, role: str, transport: str) -> Iterator[Reader]:
    port = get(server, "/rawsocket")
    source = [sys.executable, "-m", "tests.steady.reader"]
    arguments = [role, transport, server.url, port]
    with started([*source, *arguments], stop=signal.SIGKILL) as process:
        found = Reader(process)
        assert found.line() == "there"
        yield found


@pytest.fixture
def app() -> str:
    return "tests.steady.visited"


class Topic:
    """A publisher, and a subscriber that reads."""

    def __init__(
        self, publisher: websocket.WebSocket, subscriber: websocket.WebSocket
    ) -> None:
        self._publisher = publisher
        self._subscriber = subscriber
        self.count = 0
        assert ask(subscriber, [32, 1, {}, TOPIC])[0] == 33

    def publish(self) -> None:
        """An event with the next number, which the subscriber gets."""
        self.count += 1
        options = {"acknowledge": True}
        publish = [16, self.count, options, TOPIC, [self.count, PADDING]]
        assert ask(self._publisher, publish)[0] == 17
        assert json.loads(self._subscriber.recv())[4][0] == self.count


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_stopped_subscriber_misses_what_was_dropped(
    serve: StartServer, transport: str
) -> None:
    """Nothing else, and gets the rest in its order; the others get everything."""
    server = serve("patient")
    with (
        joined(server.ws("/")) as publisher,
        joined(server.ws("/"), skip_utf8_validation=True) as other,
        reader(server, "subscriber", transport) as stopped,
    ):
        topic = Topic(publisher, other)
        topic.publish()
        assert stopped.line() == "1"
        stopped.stop()
        while (dropped := census(server)["dropped"]) < 10:
            topic.publish()
        stopped.go_on()
        numbers = [1]
        while numbers[-1] < topic.count:
            numbers.append(int(stopped.line()))
    assert numbers == sorted(set(numbers))
    assert topic.count - len(numbers) == dropped
    assert server.log.read_text() == ""


@pytest.mark.parametrize(
    ("mode", "transport"),
    [
        ("skip", "websocket"),
        ("killnowait", "rawsocket"),
        *(("kill", transport) for transport in TRANSPORTS),
    ],
)
def test_a_call_of_a_stopped_callee_can_be_canceled(
    serve: StartServer, mode: str, transport: str
) -> None:
    """At once, or with ``kill`` when the callee has answered the INTERRUPT."""
    server = serve("patient")
    with (
        joined(server.ws("/")) as caller,
        reader(server, "callee", transport) as callee,
    ):
        callee.stop()
        caller.send(json.dumps([48, 1, {}, PROCEDURE]))
        if mode == "kill":
            caller.send(json.dumps([49, 1, {"mode": mode}]))
            assert ask(caller, [48, 2, {}, "com.example.quick"])[0] == 50
            callee.go_on()
            answer = json.loads(caller.recv())
        else:
            answer = ask(caller, [49, 1, {"mode": mode}])
            callee.go_on()
        assert answer[:2] == [8, 48]
        assert answer[4] in ("wamp.error.canceled", "com.example.interrupted")
        assert callee.line() == "invoked"
        if mode != "skip":
            assert callee.line() == "interrupted"
        eventually(server, lambda found: found["calls"] == 0)
    assert server.log.read_text() == ""


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_client_that_stays_stopped_is_dropped(
    serve: StartServer, transport: str
) -> None:
    """By pings or for want of polls, and its callers are answered."""
    server = serve("pinging")
    with (
        reader(server, "callee", transport) as callee,
        joined(server.ws("/")) as caller,
    ):
        callee.stop()
        caller.send(json.dumps([48, 1, {}, PROCEDURE]))
        answer = ask(caller, [49, 1, {"mode": "kill"}])
        assert answer[:2] == [8, 48]
        assert census(server)["registrations"] == 3  # of the application
        callee.go_on()
        while (line := callee.line()) != "ended":
            assert line in ("invoked", "interrupted")
    assert server.log.read_text() == ""
