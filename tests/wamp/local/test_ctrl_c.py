"""Ctrl-C ends the process, a KeyboardInterrupt of a procedure does not."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.programs import start_line, started
from tests.wamp.call_kit import Peer

pytestmark = pytest.mark.processes


def test_ctrl_c_while_a_procedure_is_at_work(tmp_path):
    """Under a gevent server that has no handler for it."""
    log = tmp_path / "log"
    command = [sys.executable, "-m", "tests.wamp.apps.ctrl_c"]
    with log.open("w") as stderr, started(command, stderr=stderr) as process:
        url = start_line(process, log).replace("http", "ws")
        caller = Peer(url).join()
        for _ in range(3):
            request = caller.call("com.example.raise")
            assert caller.failed(request) == "wamp.error.runtime_error"
        caller.call("com.example.spin")
        assert process.stdout is not None
        assert process.stdout.readline() == "spinning\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "ended by Ctrl-C\n"
        caller.close()
