"""Several processes that serve one application: a warning, for nothing else fails."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.programs import COMMAND_LINE, ROOT, START_LINE, STOP_SECONDS, environ
from tests.servers.clients import Poller, Wamp
from tests.servers.processes import APPS, Kind, gunicorn, running, uvicorn

pytestmark = pytest.mark.processes

WARNING = "several processes serve this application"
SESSIONS = 6


def log_of_sessions(kind: Kind) -> str:
    """What a server has logged when some sessions have come and gone."""
    with running(kind) as site:
        for _ in range(SESSIONS):
            Wamp(site).leave()
        site.terminate()
        return site.log()


def test_a_server_with_two_workers_is_warned_of_at_the_first_session():
    """Once by each process that has sessions; with what gets lost, and what to do."""
    log = log_of_sessions(Kind(gunicorn("-k", "gthread", "--workers", "2")))
    assert 1 <= log.count(WARNING) <= 2
    for words in ("wsgi.multiprocess", "events", "long polls fail", "gunicorn -w 1"):
        assert words in log


def test_a_session_that_polls_is_a_session_too():
    """Its first request opens it; the next ones may come to another process."""
    with running(Kind(gunicorn("-k", "gthread", "--workers", "2"))) as site:
        with contextlib.suppress(AssertionError):  # as the warning says
            Poller(site)
        site.terminate()
        assert WARNING in site.log()


@pytest.mark.parametrize(
    "arguments",
    [gunicorn("-k", "gthread"), uvicorn(f"{APPS}.with_asgi:asgi_app")],
    ids=["gunicorn", "uvicorn"],
)
def test_one_worker_is_not_warned_of(arguments):
    """It has nothing to lose, even if a2wsgi believes that there may be others."""
    assert WARNING not in log_of_sessions(Kind(arguments))


class Shared:
    """Where processes share a listening socket."""

    def __init__(self, listening: socket.socket) -> None:
        self._descriptor = listening.fileno()
        self.port = listening.getsockname()[1]

    def ws(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    @contextlib.contextmanager
    def process(self) -> Iterator[subprocess.Popen[str]]:
        """One of them, which has started."""
        arguments = ("run", f"{APPS}.own:app", "--fd", str(self._descriptor))
        with subprocess.Popen(
            [sys.executable, "-c", COMMAND_LINE, *arguments],
            cwd=ROOT,
            env=environ(),
            pass_fds=[self._descriptor],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            try:
                assert any(map(START_LINE.search, process.stdout))
                yield process
            finally:
                process.send_signal(signal.SIGCONT)
                process.terminate()


def end(process: subprocess.Popen[str]) -> str:
    """End a process; return what it has logged."""
    process.terminate()
    return process.communicate(timeout=STOP_SECONDS)[1]


def test_a_second_process_on_the_same_socket_is_noticed():
    """Its first session names the process that has sessions there."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        shared = Shared(listening)
        with shared.process() as first, contextlib.closing(Wamp(shared)):
            first.send_signal(signal.SIGSTOP)  # the next one comes to the second
            with shared.process() as second:
                Wamp(shared).leave()
                logged = end(second)
            first.send_signal(signal.SIGCONT)
        assert logged.count(WARNING) == 1
        assert f"process {first.pid} has sessions at {shared.ws('')[5:]}" in logged


def test_after_the_end_of_a_process_its_successor_is_alone():
    """The claim of an address ends with its process."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        shared = Shared(listening)
        for _ in range(2):
            with shared.process() as process:
                Wamp(shared).leave()
                assert WARNING not in end(process)
