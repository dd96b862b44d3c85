"""SIGTERM and Ctrl-C: everybody is told to come back, and the process exits with 0."""

from __future__ import annotations

import signal

import pytest
import websocket

from tests.steady.conftest import Start
from tests.steady.peers import SECONDS, join


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_every_websocket_is_closed_with_1012(start: Start, number: int) -> None:
    """WAMP transports too, without a GOODBYE, which would stop reconnecting."""
    server = start("patient")
    plain = websocket.create_connection(server.ws("/echo"), timeout=SECONDS)
    plain.send("hello")
    assert plain.recv() == "hello"
    session = join(server.ws("/"))
    server.process.send_signal(number)
    for each in (plain, session):
        opcode, payload = each.recv_data()
        assert opcode == 8
        assert int.from_bytes(payload[:2], "big") == 1012
        each.shutdown()
    assert server.process.wait(SECONDS) == 0
    assert "Traceback" not in server.log.read_text()
