"""What a message of 16 MiB costs in memory: the process's peak above what it was."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import websocket

from tests.patience import SECONDS
from tests.programs import Server, app_commands, running
from tests.wamp.raw_client import RESULT, YIELD, connected

SIZE = 16 * 2**20
ROUNDS = 3

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's /proc")


@pytest.fixture(params=["threads", "gevent"])
def server(
    processes: None, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Server]:
    """One for each test: a peak does not go away."""
    command = app_commands("tests.performance.apps.large")[request.param]
    with running(command, tmp_path / "log") as server:
        yield server


def memory(server: Server, name: str) -> int:
    """A figure of the process's memory, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


@pytest.mark.parametrize("serializer", ["json", "msgpack"])
def test_a_call_costs_three_times_its_size_at_most(server, serializer):
    """Forth and back, some of them one after the other."""
    with (
        connected(server.ws(), serializer) as callee,
        connected(server.ws(), serializer) as caller,
    ):
        callee.join().register("com.example.large")
        caller.join()
        payload = ["x" * SIZE]
        before = memory(server, "VmRSS")
        for _ in range(ROUNDS):
            request = caller.call("com.example.large", payload)
            invocation, *_, args = callee.invoked()
            callee.send(YIELD, invocation, {}, args)
            answer = caller.receive()
            assert answer[:2] == [RESULT, request]
            assert (answer[3] == payload) is True  # assert itself would print it
        assert memory(server, "VmHWM") - before < 3.0 * SIZE


def test_an_echo_costs_three_times_its_size_at_most(server):
    """The handler has the last message until it has the next."""
    message = b"x" * SIZE
    with closing(websocket.create_connection(server.ws("/echo"))) as client:
        client.settimeout(SECONDS)
        before = memory(server, "VmRSS")
        for _ in range(ROUNDS):
            client.send_binary(message)
            assert (client.recv() == message) is True
        assert memory(server, "VmHWM") - before < 3.0 * SIZE
