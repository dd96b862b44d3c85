"""Whatever the application's code raises, nobody but who asked for it notices."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from tests.programs import Server
from tests.steady.conftest import Start
from tests.steady.peers import HELLO, SECONDS, ask, joined, opened

FAILURES = ("error", "exit", "timeout", "cancelled")
ROUNDS = 3  # more than the application has workers
RUNTIME_ERROR = "wamp.error.runtime_error"


def call(server: Server, procedure: str, *args: Any) -> list[Any]:
    """The answer to a call in a session of its own."""
    with joined(server.ws("/")) as session:
        return ask(session, [48, 1, {}, procedure, list(args)])


def procedure(server: Server, failure: str) -> None:
    assert call(server, "com.open.procedure", failure)[4] == RUNTIME_ERROR
    assert call(server, "com.open.procedure", "well")[3] == ["well"]


def generator(server: Server, failure: str) -> None:
    assert call(server, "com.open.generator", failure)[4] == RUNTIME_ERROR
    assert call(server, "com.open.generator", "well")[3] == [["begun"]]


def subscriber(server: Server, failure: str) -> None:
    """The event behind the one that failed is handled."""
    with joined(server.ws("/")) as session:
        assert ask(session, [32, 1, {}, "com.open.heard"])[0] == 33
        for number, name in enumerate((failure, "well"), 2):
            session.send(json.dumps([16, number, {}, "com.open.subscriber", [name]]))
        assert json.loads(session.recv())[4] == ["well"]


def authorizer(server: Server, failure: str) -> None:
    failed = "wamp.error.authorization_failed"
    assert call(server, f"com.asked.{failure}")[4] == failed
    assert call(server, "com.asked.well")[4] == "wamp.error.no_such_procedure"


def log_in(server: Server, authid: str) -> list[Any]:
    details = {**HELLO[2], "authid": authid, "authmethods": ["failing"]}
    with opened(server.ws("/"), subprotocols=["wamp.2.json"]) as session:
        return ask(session, [1, "realm1", details])


def authenticator(server: Server, failure: str) -> None:
    assert log_in(server, failure)[2] == "wamp.error.authentication_failed"
    assert log_in(server, "well")[2]["authid"] == "well"


def http_handler(server: Server, failure: str) -> None:
    with pytest.raises((urllib.error.HTTPError, ConnectionError)) as raised:
        urllib.request.urlopen(server.http(f"/http/{failure}"), timeout=SECONDS)
    if isinstance(raised.value, urllib.error.HTTPError):
        assert raised.value.code == 500
        raised.value.close()
    url = server.http("/http/fine")
    with urllib.request.urlopen(url, timeout=SECONDS) as response:
        assert response.read() == b"well"


def websocket_handler(server: Server, failure: str) -> None:
    with opened(server.ws("/fail")) as sock:
        sock.send("well")
        sock.send(failure)
        opcode, data = sock.recv_data()
        assert (opcode, int.from_bytes(data[:2], "big")) == (8, 1011)


@pytest.mark.parametrize(
    "provoke",
    [
        procedure,
        generator,
        subscriber,
        authorizer,
        authenticator,
        http_handler,
        websocket_handler,
    ],
)
def test_exception_touches_nobody_else(
    start: Start, provoke: Callable[[Server, str], None]
) -> None:
    """Not the sessions and websockets that are there, nor those that come later."""
    server = start("failing")
    with (
        joined(server.ws("/")) as listener,
        joined(server.ws("/")) as publisher,
        opened(server.ws("/echo")) as echo,
    ):
        assert ask(listener, [32, 1, {}, "com.open.topic"])[0] == 33
        for number, failure in enumerate(FAILURES * ROUNDS, 1):
            provoke(server, failure)
            publish = [16, number, {"acknowledge": True}, "com.open.topic", [number]]
            assert ask(publisher, publish)[0] == 17
            assert json.loads(listener.recv())[4] == [number]
            echo.send(str(number))
            assert echo.recv() == str(number)


def test_stops_cleanly_while_procedures_hang(start: Start) -> None:
    """Code that does not return keeps nobody from being told, nor the process."""
    server = start("failing", graceful_timeout=0.2)
    with joined(server.ws("/")) as session:
        for request in range(1, 5):
            session.send(json.dumps([48, request, {}, "com.open.sleep"]))
        assert ask(session, [48, 5, {}, "com.open.none"])[2] == 5
        server.process.send_signal(signal.SIGTERM)
        opcode, data = session.recv_data()
        assert (opcode, int.from_bytes(data[:2], "big")) == (8, 1012)
    assert server.process.wait(SECONDS) == 0
