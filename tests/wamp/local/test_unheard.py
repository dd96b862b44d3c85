"""Events that a task, a shell or a script publishes in its own process: a warning."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from tests.programs import app_commands, ended, running, started
from wsocket.core.net.claims import may_be_listening
from wsocket.wamp.local.unheard import UnheardEvents

WARNING = "events were published in a process that serves nobody"

PUBLISHING = """
from wsocket import WSocketApp
app = WSocketApp(protocol="WAMP")
for number in range(3):
    app.publish("com.example.news", number)
"""
LASTING = f"""{PUBLISHING}
import threading
print('published')
threading.Event().wait()
"""


class Turns:
    """A loop whose timers run when the test says so."""

    def __init__(self) -> None:
        self._due: list[Callable[[], object]] = []

    def call_soon(self, callback: Callable[..., object], *args: Any) -> None:
        self._due.append(lambda: callback(*args))

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> None:
        assert seconds < 1
        self.call_soon(callback, *args)

    def run(self, most: int = 1000) -> int:
        """How many callbacks have run, one after the other."""
        for turn in range(most):
            if not self._due:
                return turn
            self._due.pop(0)()
        return most


@pytest.fixture
def warnings(caplog):
    """How many there are."""
    caplog.set_level("WARNING", "wsocket")
    return lambda: sum(WARNING in each for each in caplog.messages)


@pytest.mark.processes
def test_script_that_publishes_in_its_own_process_is_told():
    """Once, at its end, and what to do instead."""
    done = ended([sys.executable, "-c", PUBLISHING])
    assert done.returncode == 0
    assert done.stderr.count(WARNING) == 1
    for way in ("HttpPublisher", "wsocket.client.connect", "wsocket publish"):
        assert way in done.stderr


@pytest.mark.processes
def test_shell_or_worker_that_lasts_is_told_while_it_runs(tmp_path):
    """A Celery worker may run for weeks."""
    log = tmp_path / "log"
    command = [sys.executable, "-c", LASTING]
    with log.open("w+") as stderr, started(command, stderr=stderr) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "published\n"
        while WARNING not in log.read_text():
            assert process.poll() is None, log.read_text()


@pytest.mark.processes
@pytest.mark.parametrize("server", ["threads", "gevent"])
def test_server_that_nobody_has_visited_is_told_nothing(server, tmp_path):
    """It publishes before it listens, as a module with a ticker does."""
    (tmp_path / "ticking.py").write_text(PUBLISHING)
    command = app_commands("ticking")[server]
    log = tmp_path / "log"
    with running(command, log, cwd=tmp_path) as program:
        assert program.stop() in (0, 130)
    assert WARNING not in log.read_text()


def test_process_may_take_seconds_until_it_listens(warnings):
    """Imports are slow; and one that has published nothing is not looked at."""
    loop, events = Turns(), UnheardEvents(lambda: False)
    events.python_exits()
    events.published(loop)
    assert loop.run(10) == 10
    assert not warnings()
    assert loop.run() < 100
    assert warnings() == 1
    events.published(loop)
    events.python_exits()
    assert not loop.run()
    assert warnings() == 1


def test_process_whose_server_ends_is_told_nothing(warnings):
    """Its sockets are closed by then."""
    over: list[bool] = []
    loop, events = Turns(), UnheardEvents(lambda: bool(over))
    events.published(loop)
    loop.run(3)
    over.append(True)
    loop.run()
    events.python_exits()
    assert not warnings()


def test_process_that_listens_is_told_nothing(warnings):
    """Whatever the socket is for."""
    loop, events = Turns(), UnheardEvents(may_be_listening)
    with ExitStack() as stack:
        stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        events.published(loop)
        assert loop.run() == 1
    events.python_exits()
    assert not warnings()


def test_forked_child_is_looked_at_anew(warnings):
    """A parent that has served says nothing of its children."""
    serving = [True]
    parent, events = Turns(), UnheardEvents(lambda: bool(serving))
    events.published(parent)
    parent.run()
    serving.clear()
    child = Turns()
    events.published(child)
    child.run()
    assert warnings() == 1


CALLED = f"""{PUBLISHING}
from wsgiref.util import setup_testing_defaults
environ = {{}}
setup_testing_defaults(environ)
app(environ, lambda *response: None)
"""


@pytest.mark.processes
def test_application_that_a_server_calls_is_told_nothing():
    """The server's sockets may be in another process."""
    done = ended([sys.executable, "-c", CALLED])
    assert (done.returncode, done.stderr) == (0, "")
