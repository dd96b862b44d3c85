"""Several processes that serve one application: a warning, for nothing else fails."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.patience import SECONDS
from tests.programs import COMMAND_LINE, ROOT, START_LINE, STOP_SECONDS, environ
from tests.servers.clients import Poller, Wamp
from tests.servers.processes import (
    APPS,
    MOMENT,
    Kind,
    Site,
    gunicorn,
    running,
    uvicorn,
    uwsgi,
)
from tests.wamp.bridge.http import listening, publish

pytestmark = pytest.mark.processes

WARNING = "several processes serve this application"
OTHERS_SESSIONS = re.compile(r"process \d+ has sessions at (\S+),")
MANY = 100  # sessions until each of two processes has had one, whatever the kernel does
ASGI_APP = f"{APPS}.with_asgi:asgi_app"
HYPERCORN = ("-m", "hypercorn", "--bind", "127.0.0.1:0")


def open_session(site: Site) -> None:
    Wamp(site).leave()


def open_poll(site: Site) -> None:
    """Its first request opens it; the next ones may come to another process."""
    with contextlib.suppress(AssertionError):  # as the warning says
        Poller(site)


def publish_by_bridge(site: Site) -> None:
    publish(site.url, "com.example.news")


def listen_by_bridge(site: Site) -> None:
    with listening(site.url, "topic=com.example.news"):
        pass


@pytest.mark.parametrize(
    "come", [open_session, open_poll, publish_by_bridge, listen_by_bridge]
)
def test_a_server_with_two_workers_is_warned_of_by_whoever_comes_first(come):
    """With what gets lost, and what to do."""
    with running(Kind(gunicorn("-k", "gthread", "--workers", "2"))) as site:
        come(site)
        site.terminate()
        log = site.log()
    assert 1 <= log.count(WARNING) <= 2  # once in each process that somebody comes to
    for words in ("wsgi.multiprocess", "events", "long polls fail", "gunicorn -w 1"):
        assert words in log


def until_warned(
    open_one: Callable[[], Wamp], read_log: Callable[[], str], *, most: int = MANY
) -> str:
    """Open sessions until there is a warning; return the log."""
    with contextlib.ExitStack() as stack:
        for _ in range(most):
            stack.enter_context(contextlib.closing(open_one()))
            if WARNING in read_log():
                break
    return read_log()


@pytest.mark.parametrize(
    ("arguments", "evidence"),
    [
        (uvicorn("--workers", "2", ASGI_APP), "has sessions at tcp://127.0.0.1:"),
        ((*HYPERCORN, "--workers", "2", ASGI_APP), "has sessions at tcp://127.0.0.1:"),
        (uwsgi("--master", "--threads", "4", "--processes", "2"), "wsgi.multiprocess"),
    ],
    ids=["uvicorn", "hypercorn", "uwsgi"],
)
def test_two_workers_of_other_servers_are_noticed(arguments, evidence):
    """Also where the server does not say that there are others."""
    with running(Kind(arguments, listens_later=True)) as site:
        log = until_warned(lambda: Wamp(site), site.log)
    assert WARNING in log
    assert evidence in log


@pytest.mark.parametrize(
    "arguments",
    [gunicorn("-k", "gthread"), uvicorn(ASGI_APP), uwsgi("--threads", "4")],
    ids=["gunicorn", "uvicorn", "uwsgi"],
)
def test_one_worker_is_not_warned_of(arguments):
    """It has nothing to lose, even if a2wsgi believes that there may be others."""
    with running(Kind(arguments)) as site:
        for _ in range(6):
            open_session(site)
        site.terminate()
        assert WARNING not in site.log()


class UnixSite:
    """A server on a Unix socket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def ws(self, path: str) -> str:
        return f"ws://localhost{path}"

    def session(self) -> Wamp:
        return Wamp(self, sock=self.connect())

    def connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(SECONDS)
        try:
            sock.connect(str(self._path))
        except OSError:
            sock.close()
            raise
        return sock

    def wait(self) -> None:
        """Connect, again and again; the socket is there before it listens."""
        deadline = time.monotonic() + SECONDS
        while True:
            with contextlib.suppress(OSError):
                self.connect().close()
                return
            assert time.monotonic() < deadline
            time.sleep(MOMENT)


def test_two_workers_on_a_unix_socket_are_noticed(tmp_path):
    """uvicorn does not tell its applications where it listens."""
    site, log = UnixSite(tmp_path / "http.sock"), tmp_path / "log"
    command = (*uvicorn("--workers", "2"), "--uds", str(tmp_path / "http.sock"))
    with log.open("w") as output, run_program([*command, ASGI_APP], output):
        site.wait()
        logged = until_warned(site.session, log.read_text)
    found = OTHERS_SESSIONS.search(logged)
    assert found is not None
    assert found[1] == f"unix://{tmp_path}/http.sock"


@contextlib.contextmanager
def run_program(
    arguments: list[str], output: IO[str] | int, *, descriptors: tuple[int, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """A process of Python until the block ends; *output* gets what it prints."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environ(),
        pass_fds=descriptors,
        stdout=output,
        stderr=subprocess.PIPE if output == subprocess.PIPE else output,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()


class Shared:
    """Where processes share a listening socket."""

    def __init__(self, listening: socket.socket) -> None:
        self._descriptor = listening.fileno()
        self.port = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.rawsocket_port = 0

    def ws(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    @contextlib.contextmanager
    def process(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        """One of them, which has started."""
        arguments = ("run", f"{APPS}.own:app", "--fd", str(self._descriptor))
        with run_program(
            ["-c", COMMAND_LINE, *arguments, *options],
            subprocess.PIPE,
            descriptors=(self._descriptor,),
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if found := re.search(r"RawSocket on tcp://127.0.0.1:(\d+)", line):
                    self.rawsocket_port = int(found[1])
                elif START_LINE.search(line):
                    break
            else:
                pytest.fail("it has not started")
            yield process


def end(process: subprocess.Popen[str]) -> str:
    """End a process; return what it has logged."""
    process.terminate()
    return process.communicate(timeout=STOP_SECONDS)[1]


def open_rawsocket(shared: Shared) -> None:
    """A session without a request, on a socket that the other process does not have."""
    with socket.create_connection(("127.0.0.1", shared.rawsocket_port)) as sock:
        sock.settimeout(SECONDS)
        sock.sendall(b"\x7f\xf1\0\0")
        assert sock.recv(4)[:1] == b"\x7f"


@pytest.mark.parametrize(
    "come",
    [open_session, open_poll, publish_by_bridge, listen_by_bridge, open_rawsocket],
)
def test_a_second_process_on_the_same_socket_is_noticed(come):
    """Whoever comes to it first, the process is named that has sessions there."""
    with socket.create_server(("127.0.0.1", 0)) as listening_socket:
        shared = Shared(listening_socket)
        with shared.process() as first, contextlib.closing(Wamp(shared)):
            first.send_signal(signal.SIGSTOP)  # the next one comes to the second
            with shared.process("--rawsocket", "tcp://127.0.0.1:0") as second:
                come(shared)
                logged = end(second)
            first.send_signal(signal.SIGCONT)
    assert logged.count(WARNING) == 1
    assert (
        f"process {first.pid} has sessions at tcp://127.0.0.1:{shared.port}" in logged
    )


def test_after_the_end_of_a_process_its_successor_is_alone():
    """The claim of a socket ends with its process."""
    with socket.create_server(("127.0.0.1", 0)) as listening_socket:
        shared = Shared(listening_socket)
        for _ in range(2):
            with shared.process() as process:
                Wamp(shared).leave()
                assert WARNING not in end(process)


def test_processes_that_listen_elsewhere_are_no_others():
    """Two applications of one user are none of each other's business."""
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            listening_socket = socket.create_server(("127.0.0.1", 0))
            shared = Shared(stack.enter_context(listening_socket))
            process = stack.enter_context(shared.process())
            stack.enter_context(contextlib.closing(Wamp(shared)))
        assert WARNING not in end(process)
