"""A new process takes the listening socket over, while the old one ends."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.programs import COMMAND_LINE, STOP_SECONDS, environ, signals_heard
from tests.steady.peers import SECONDS

APP = "tests.steady.draining:app"
REQUEST = b"GET /quick HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
CLIENTS = 4
ENOUGH = 50  # responses, for each phase of the load

# Becomes the command after the first two arguments, which are descriptors for it.
SYSTEMD = """
import fcntl, os, sys
copies = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 100) for each in sys.argv[1:3]]
for number, copy in enumerate(copies, start=3):
    os.dup2(copy, number)
    os.close(copy)
os.environ.update(LISTEN_FDS="2", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[3], sys.argv[3:])
"""


@contextlib.contextmanager
def serving(
    *arguments: str, descriptors: tuple[int, ...] = (), by_systemd: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """``wsocket run``, until the block ends, in which its start line has come.

    Args:
        descriptors: What it inherits.
        by_systemd: It is told of them as systemd does it.
    """
    command = [sys.executable, "-c", COMMAND_LINE, "run", APP, *arguments]
    if by_systemd:
        command = [sys.executable, "-c", SYSTEMD, *map(str, descriptors), *command]
    with signals_heard():
        process = subprocess.Popen(
            command,
            env=environ(),
            pass_fds=descriptors,
            stdout=subprocess.PIPE,
            text=True,
        )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("wsocket: serving on "), line
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_SECONDS)


def answer(connect: Callable[[], socket.socket]) -> bytes:
    """The body of a response."""
    with connect() as sock:
        sock.settimeout(SECONDS)
        sock.sendall(REQUEST)
        received = b""
        while data := sock.recv(4096):
            received += data
    return received.partition(b"\r\n\r\n")[2]


class Load:
    """Clients that ask as fast as they can, each on a new connection."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect
        self._count = threading.Semaphore(0)
        self._stopped = False
        self.failures: list[object] = []
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]

    def __enter__(self) -> Load:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._stopped = True
        for each in self._threads:
            each.join()

    def until_served(self) -> None:
        """Wait for some more responses."""
        for _ in range(ENOUGH):
            assert self._count.acquire(timeout=SECONDS), self.failures

    def _run(self) -> None:
        while not self._stopped:
            try:
                body = answer(self._connect)
                if body != b"quick":
                    self.failures.append(body)
            except OSError as error:
                self.failures.append(error)
            self._count.release()


def replaced_under(
    load: Load, old: subprocess.Popen[str], new: contextlib.AbstractContextManager
) -> None:
    """Start *new*, end *old*, and see that no request fails."""
    load.until_served()
    with new:
        load.until_served()
        old.send_signal(signal.SIGTERM)
        assert old.wait(SECONDS) == 0
        load.until_served()
        load.__exit__()
        assert load.failures == []


@pytest.mark.processes
def test_an_inherited_socket_serves_without_a_failed_request() -> None:
    """Two processes have it for a moment."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        number = listener.fileno()
        arguments = ("--fd", str(number))

        def connect() -> socket.socket:
            return socket.create_connection(listener.getsockname(), SECONDS)

        with (
            serving(*arguments, descriptors=(number,)) as old,
            Load(connect) as load,
        ):
            replaced_under(load, old, serving(*arguments, descriptors=(number,)))


@pytest.mark.processes
def test_a_unix_socket_is_taken_over_without_a_failed_request(tmp_path: Path) -> None:
    """The old process answers those who connected to it, and leaves the file alone."""
    path = str(tmp_path / "s")

    def connect() -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(SECONDS)
        sock.connect(path)
        return sock

    with serving("--unix", path) as old, Load(connect) as load:
        replaced_under(load, old, serving("--unix", path, "--take-over"))
    assert not Path(path).exists()


@pytest.mark.processes
def test_systemd_hands_its_sockets_over(tmp_path: Path) -> None:
    """All of them, by `LISTEN_FDS`, which children of the server do not see."""
    first = socket.create_server(("127.0.0.1", 0))
    second = socket.socket(socket.AF_UNIX)
    with first, second:
        second.bind(str(tmp_path / "s"))
        second.listen()
        numbers = (first.fileno(), second.fileno())
        with serving(descriptors=numbers, by_systemd=True):

            def connect() -> socket.socket:
                sock = socket.socket(socket.AF_UNIX)
                sock.connect(second.getsockname())
                return sock

            address = first.getsockname()
            assert answer(lambda: socket.create_connection(address)) == b"quick"
            assert answer(connect) == b"quick"


@pytest.mark.processes
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--fd", "99"), 1, "file descriptor 99 is no socket: Bad file descriptor"),
        (("--fd", "0"), 1, "file descriptor 0 is no socket"),
        (("--fd", "three"), 2, "expected a number from 0 on, got 'three'"),
        (("--fd", "3", "--port", "80"), 2, "only one of --host with --port, --unix"),
        (("--take-over",), 2, "--take-over needs --unix"),
        (("--unix", "/no/such/folder/s"), 1, "folder that does not exist"),
        (("--max-connections", "0"), 2, "expected a number from 1 on, got '0'"),
        (("--graceful-timeout", "-1"), 2, "expected seconds, such as 30, got '-1'"),
        (("--close-spread", "soon"), 2, "expected seconds, such as 30, got 'soon'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_served_on_is_said(
    arguments: tuple[str, ...], status: int, said: str
) -> None:
    """On stderr, without a traceback."""
    command = [sys.executable, "-c", COMMAND_LINE, "run", APP, *arguments]
    done = subprocess.run(
        command,
        env=environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == status
    assert said in re.sub(r"\s+", " ", done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.processes
def test_a_unix_socket_in_use_is_not_taken_over_by_accident(tmp_path: Path) -> None:
    """Somebody listens: that is an error, unless `--take-over` says otherwise."""
    path = str(tmp_path / "s")
    with serving("--unix", path):
        inode = os.stat(path).st_ino
        command = [sys.executable, "-c", COMMAND_LINE, "run", APP, "--unix", path]
        done = subprocess.run(
            command, env=environ(), capture_output=True, text=True, timeout=SECONDS
        )
        assert done.returncode == 1
        assert "is already in use" in done.stderr
        assert os.stat(path).st_ino == inode
