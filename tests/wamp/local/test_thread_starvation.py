"""The system has no threads left for a while: nothing is lost, and all goes on."""

from __future__ import annotations

import sys

import pytest

from tests.programs import app_commands, running
from tests.wamp.call_kit import Peer

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="Linux's limits"),
]


@pytest.fixture
def caller(tmp_path):
    log = tmp_path / "log"
    with running(app_commands("tests.wamp.apps.scarce")["threads"], log) as server:
        client = Peer(server.ws())
        yield client.join()
        client.close()
    assert "Traceback" not in log.read_text(), log.read_text()
    assert log.read_text().count("no worker can be started") <= 2


def test_without_any_thread_callers_are_told(caller):
    """Each call gets an ERROR at once, and the first one afterwards a result."""
    caller.succeeded(caller.call("com.example.limit"))
    for number in range(100):
        request = caller.call("com.example.quick", [number])
        message = caller.receive()
        assert message[2] == request
        assert message[4] == "wamp.error.unavailable"
        assert "no thread left" in message[5][0]
    caller.succeeded(caller.call("com.example.release"))
    for number in range(100):
        assert caller.succeeded(caller.call("com.example.quick", [number])) == [
            [number]
        ]


def test_the_threads_that_there_are_do_all_the_work(caller):
    """What waits for a thread gets one as soon as there is one again."""
    caller.succeeded(caller.call("com.example.quick", [1]))
    caller.succeeded(caller.call("com.example.limit"))
    slow = {caller.call("com.example.slow") for _ in range(10)}
    quick = {caller.call("com.example.quick", [2]) for _ in range(10)}
    caller.succeeded(caller.call("com.example.release"))
    assert {caller.receive()[1] for _ in quick} == quick
    caller.succeeded(caller.call("com.example.open_gate"))
    assert {caller.receive()[1] for _ in slow} == slow
