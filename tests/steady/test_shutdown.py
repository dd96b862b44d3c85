"""SIGTERM and Ctrl-C: everybody is told to come back, and the process exits with 0."""

from __future__ import annotations

import signal

import pytest

from tests.steady.conftest import Start
from tests.steady.peers import SECONDS, joined, opened


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_every_websocket_is_closed_with_1012(start: Start, number: int) -> None:
    """WAMP transports too, without a GOODBYE, which would stop reconnecting."""
    server = start("patient")
    with opened(server.ws("/echo")) as plain, joined(server.ws("/")) as session:
        plain.send("hello")
        assert plain.recv() == "hello"
        server.process.send_signal(number)
        for each in (plain, session):
            opcode, payload = each.recv_data()
            assert opcode == 8
            assert int.from_bytes(payload[:2], "big") == 1012
    assert server.process.wait(SECONDS) == 0
    assert "Traceback" not in server.log.read_text()
